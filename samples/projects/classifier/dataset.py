"""Images of bars in one of four directions, drawn the same way on every run."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class BarsDataset(Dataset):
    def __init__(self, split, size=160, transform=None):
        rng = np.random.RandomState({"train": 0, "val": 1}[split])
        self.labels = rng.randint(0, 4, size)
        self.images = rng.rand(size, 16, 16).astype(np.float32) * 0.5
        for image, label in zip(self.images, self.labels):
            at = rng.randint(2, 13)
            if label == 0:
                image[at, 2:14] += 1.0
            elif label == 1:
                image[2:14, at] += 1.0
            elif label == 2:
                image[np.arange(2, 14), np.arange(2, 14)] += 1.0
            else:
                image[np.arange(2, 14), 15 - np.arange(2, 14)] += 1.0
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index]).unsqueeze(0)
        if self.transform is not None:
            image = self.transform(image)
        return image, int(self.labels[index])


def normalize(image):
    return (image - 0.25) / 0.3


def get_loaders(batch_size, num_workers=0):
    train_set = BarsDataset("train", transform=normalize)
    val_set = BarsDataset("val", size=80, transform=normalize)
    train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True, num_workers=num_workers, drop_last=True)
    val_loader = DataLoader(val_set, batch_size=batch_size, shuffle=False, num_workers=num_workers)
    return train_loader, val_loader
