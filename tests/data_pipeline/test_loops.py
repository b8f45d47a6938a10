"""What loops over loaders and data sets bind: methods of tensors are converted there, and nothing else is."""

from __future__ import annotations

import pytest

from transpiler.mapping.registry import Registry, load_registry
from transpiler.report.codes import Kind
from transpiler.rewrite.pipeline import single_file_context, transpile_source

HEAD = """import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, random_split
from torchvision import transforms
from tqdm import tqdm
import itertools
import numpy as np


class Pictures(Dataset):
    def __getitem__(self, i):
        return {"image": np.zeros((3, 4)), "label": i, "name": str(i)}


class Stream(IterableDataset):
    def __iter__(self):
        for i in range(3):
            yield torch.ones(2) * i, str(i)


def collate(batch):
    xs, names = zip(*batch)
    return torch.stack(xs).view(len(xs), -1), list(names)


"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


def ported(registry: Registry, body: str) -> tuple[str, list[str]]:
    source = (HEAD + body).encode()
    result = transpile_source(source, path="example.py", context=single_file_context(source, "example.py", "mindspore", registry))
    left = [d.code.value for d in result.diagnostics if d.kind in (Kind.UNCONVERT, Kind.REVIEW)]
    return result.output.decode().partition("collate(batch)")[2], left


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def f(train_loader):\n    for i, (x, y) in enumerate(train_loader):\n        x.view(-1), y.size(0)\n", "x.reshape(-1), y.shape[0]"),
        ("def f(loader: DataLoader):\n    for x in tqdm(loader, desc='a'):\n        x = x.cuda(non_blocking=True)\n        x.size()\n        print(x.size(1))\n", "x.shape[1]"),
        ("def f(loader: DataLoader[int]):\n    x, y = next(iter(loader))\n    return x.view(2, -1)\n", "x.reshape(2, -1)"),
        ("for batch in DataLoader(Pictures(), 2):\n    print(batch['image'].size(0))\n", "batch['image'].shape[0]"),
        ("for x, names in DataLoader(Stream(), 2):\n    print(x.size(0), names[0].format(1))\n", "x.shape[0], names[0].format(1)"),
        ("for x, names in DataLoader(Stream(), 2, collate_fn=collate):\n    print(x.size(0), names.index('a'))\n", "x.shape[0], names.index('a')"),
        ("class Own(Stream):\n    def join(self, batch):\n        return torch.stack([x for x, _ in batch]), len(batch)\n\n\nown = Own()\nfor x, n in DataLoader(own, collate_fn=own.join):\n    print(x.size(0))\n", "x.shape[0]"),
        ("for x, name in Stream():\n    print(x.size(0))\n", "x.shape[0]"),
        ("data = TensorDataset(torch.ones(4, 2), torch.ones(4))\na, b = random_split(data, [3, 1])\nfor x, y in DataLoader(Subset(a, [0])):\n    print(x.size(0))\n", "x.shape[0]"),
        ("loaders = {p: DataLoader(Pictures(), 2) for p in 'ab'}\nfor b in loaders['a']:\n    print(b['label'].size(0))\n", "b['label'].shape[0]"),
        ("def f(loader: DataLoader):\n    for batch in loader:\n        batch = {k: v.to('cuda') for k, v in batch.items()}\n        print(batch['x'].size(0))\n", "{k: v for k, v in batch.items()}"),
        ("def f(loader: DataLoader):\n    for batch in itertools.islice(loader, 3):\n        a, b = [t.cuda() for t in batch]\n        print(a.size(0))\n", "a.shape[0]"),
        ("def f(loader: DataLoader):\n    with tqdm(loader) as bar:\n        for x, y in bar:\n            bar.set_postfix(size=x.size(0))\n", "size=x.shape[0]"),
        ("prepare = transforms.Compose([transforms.Resize(8), transforms.ToTensor()])\ndef f(img):\n    return prepare(img).unsqueeze(0).view(1, -1)\n", "unsqueeze(0).reshape(1, -1)"),
        ("class Trainer:\n    def __init__(self, loader):\n        self.loader = loader\n    def run(self):\n        for x, y in self.loader:\n            print(x.size(0))\n", "x.shape[0]"),
    ],
)  # fmt: skip
def test_tensors_in_loops(registry: Registry, body: str, expected: str) -> None:
    text, left = ported(registry, body)
    assert expected in text
    assert left == []


def test_what_another_library_returns_of_a_tensor_is_unknown(registry: Registry) -> None:
    body = "import other\ndef f(loader: DataLoader):\n    for x, y in loader:\n        z = other.arranged(x)\n        z.view(3)\n"
    text, left = ported(registry, body)
    assert "ms_support.view_of(z, 3)" in text
    assert left == []


def test_arrays_stay_arrays(registry: Registry) -> None:
    body = "def f(loader: DataLoader):\n    for x, y in loader:\n        a = np.asarray(x)\n        print(a.view(np.int32), a.reshape(-1).cpu)\n"
    text, left = ported(registry, body)
    assert "a.view(np.int32), a.reshape(-1).cpu" in text
    assert left == []
