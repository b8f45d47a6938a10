"""Loaders of every kind: structures, order, collation, samplers, workers."""

import random
from collections import namedtuple

import numpy as np
import torch
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, Dataset, IterableDataset, Subset, get_worker_info

Point = namedtuple("Point", ["x", "label"])


class Records(Dataset):
    def __init__(self, n, transform=None):
        self.x = torch.arange(n * 3, dtype=torch.float32).view(n, 3)
        self.transform = transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x = self.x[i]
        if self.transform is not None:
            x = self.transform(x)
        return {"x": x, "n": i, "name": f"r{i}", "pair": (np.float32(i) / 2, [i, i + 1]), "array": np.full((2,), i, np.int32)}


class Points(Dataset):
    def __getitem__(self, i):
        if i >= 5:
            raise IndexError
        return Point(torch.ones(2) * i, i % 2 == 0)

    def __len__(self):
        return 5


class Sentences(Dataset):
    data = ["a b", "c", "d e f", "g h"]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return torch.tensor([ord(c) for c in self.data[i]]), float(len(self.data[i]))


def pad(batch):
    sequences, lengths = zip(*batch)
    longest = max(s.size(0) for s in sequences)
    padded = torch.stack([torch.cat([s, s.new_zeros(longest - s.size(0))]) for s in sequences])
    return padded, torch.tensor(lengths)


class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        info = get_worker_info()
        step, first = (1, 0) if info is None else (info.num_workers, info.id)
        for i in range(self.start + first, self.end, step):
            yield torch.tensor([i, i * i]), i


def shift(worker_id):
    info = get_worker_info()
    info.dataset.start += 10 * worker_id


collected = []
loader = DataLoader(Records(7), batch_size=3, shuffle=False)
for batch in loader:
    x = batch["x"].view(batch["x"].size(0), -1)
    collected.append((x.sum(dim=1), batch["n"], batch["name"], batch["pair"], batch["array"]))
shuffled = DataLoader(Records(7, transform=lambda t: t * 2), batch_size=2, shuffle=True, drop_last=True, generator=torch.Generator().manual_seed(11))
orders = [[batch["n"].tolist() for batch in shuffled] for _ in range(3)]


class Seeds(IterableDataset):
    def __iter__(self):
        yield torch.tensor([get_worker_info().seed % 1000, torch.initial_seed() % 1000])


seeds = list(DataLoader(Seeds(), num_workers=2, generator=torch.Generator().manual_seed(9)))
points = [(p.x, p.label, isinstance(p, Point)) for p in DataLoader(Points(), batch_size=2)]
padded = [(text.shape, text.float().mean(), lengths) for text, lengths in DataLoader(Sentences(), batch_size=2, collate_fn=pad)]
batches = DataLoader(Records(6), batch_sampler=BatchSampler([5, 3, 1, 0], 3, drop_last=False))
by_sampler = [b["n"] for b in batches], [b["n"] for b in DataLoader(Records(6), sampler=[4, 4, 2], batch_size=2)]
streamed = [(x.sum(0), i) for x, i in DataLoader(Stream(0, 7), batch_size=3)]
workers = [(x, i) for x, i in DataLoader(Stream(0, 9), batch_size=2, num_workers=2)]
moved = [i for x, i in DataLoader(Stream(0, 30), batch_size=4, num_workers=2, worker_init_fn=shift, drop_last=True)]
mapped = [b["n"] for b in DataLoader(Records(5), batch_size=2, num_workers=2, prefetch_factor=2)]
single = [b["pair"] for b in DataLoader(Records(2), batch_size=None)]
iterator = iter(DataLoader(ConcatDataset([Records(2), Subset(Records(4), [3, 0])]), batch_size=3))
first, second = next(iterator), next(iterator)
try:
    next(iterator)
except StopIteration:
    stopped = True
options = {"batch_size": 4, "pin_memory": True, "num_workers": 0}
named = DataLoader(Records(6), **options)
facts = len(named), named.batch_size, named.drop_last, len(named.dataset), len(shuffled), len(batches)
random.seed(3)
np.random.seed(3)
torch.manual_seed(3)
global_order = [b["n"].tolist() for b in DataLoader(Records(6), batch_size=6, shuffle=True)]
y = (collected, seeds, orders, points, padded, by_sampler, streamed, workers, moved, mapped, single, first["name"], second["n"], stopped, facts, global_order)
