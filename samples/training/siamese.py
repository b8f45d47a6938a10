"""A Siamese network: pairs of images through shared weights, judged by a contrastive loss."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Pairs of noisy copies of a few patterns; the label says whether the patterns are the same."""

    def __init__(self, length=64):
        generator = torch.Generator().manual_seed(5)
        self.patterns = torch.rand(4, 1, 12, 12, generator=generator)
        self.noise = 0.1 * torch.randn(length, 2, 1, 12, 12, generator=generator)
        self.length = length

    def __getitem__(self, index):
        first = index % 4
        second = first if index % 2 == 0 else (first + 1 + index // 8) % 4
        x1 = self.patterns[first] + self.noise[index, 0]
        x2 = self.patterns[second] + self.noise[index, 1]
        return x1, x2, torch.tensor(float(first == second))

    def __len__(self):
        return self.length


class SiameseNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 8, kernel_size=3),
            nn.ReLU(inplace=True),
        )
        self.fc = nn.Sequential(nn.Linear(8 * 4 * 4, 16), nn.ReLU(inplace=True), nn.Linear(16, 5))

    def forward_once(self, x):
        output = self.features(x)
        output = output.view(output.size()[0], -1)
        return self.fc(output)

    def forward(self, input1, input2):
        return self.forward_once(input1), self.forward_once(input2)


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, output1, output2, same):
        distance = F.pairwise_distance(output1, output2)
        return torch.mean(same * torch.pow(distance, 2) + (1 - same) * torch.pow(torch.clamp(self.margin - distance, min=0.0), 2))


def main():
    torch.manual_seed(0)
    loader = DataLoader(PairDataset(), shuffle=True, batch_size=8)
    net = SiameseNetwork()
    criterion = ContrastiveLoss()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, alpha=0.99, weight_decay=0.0005)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for epoch in range(3):
        for i, (img0, img1, label) in enumerate(loader):
            optimizer.zero_grad()
            output1, output2 = net(img0, img1)
            loss = criterion(output1, output2, label)
            loss.backward()
            optimizer.step()
        scheduler.step()
        print("Epoch {} lr {:.5f} loss {:.4f}".format(epoch, scheduler.get_last_lr()[0], loss.item()))


if __name__ == "__main__":
    main()
