"""What a script saves, it reads back: state dicts, whole checkpoints with metrics, files and file objects."""

import argparse
import io
import os
import tempfile

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.norm = nn.BatchNorm1d(width)
        self.last = nn.Linear(width, 2, bias=False)
        self.register_buffer("scale", torch.tensor([2.0, 3.0]))

    def forward(self, x):
        return self.last(torch.relu(self.norm(self.first(x)))) * self.scale


parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cpu")
parser.add_argument("--width", type=int, default=3)
args = parser.parse_args([])
device = torch.device("cuda" if torch.cuda.is_available() and args.device == "cuda" else args.device)
folder = tempfile.mkdtemp()
net = Net(args.width).to(device)
with torch.no_grad():
    for number, parameter in enumerate(net.parameters()):
        parameter.copy_(torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape) * (number + 1))
    net.scale.fill_(1.5)
net.eval()
x = torch.linspace(-2, 2, 12).reshape(3, 4).to(device)
path = os.path.join(folder, "last.pth")
checkpoint = {
    "epoch": 7,
    "model": net.state_dict(),
    "best": {"accuracy": 0.75, "loss": float("inf"), "where": [1, (2, "three"), None, True]},
    "args": vars(args),
    "counts": np.arange(4),
    "mean": np.float64(0.25),
    "empty": torch.zeros(0, 3),
    5: torch.arange(3),
}
torch.save(checkpoint, path)
torch.save(checkpoint, path)
loaded = torch.load(path, map_location=device, weights_only=False)
other = Net(loaded["args"]["width"])
missing = other.load_state_dict(loaded["model"])
other.eval()
weights = os.path.join(folder, "weights.pt")
torch.save(net.state_dict(), weights)
third = Net(3).eval()
third.load_state_dict(torch.load(weights, map_location=lambda storage, location: storage, weights_only=True))
stripped = {("module." + k): v for k, v in torch.load(weights).items()}
buffer = io.BytesIO()
torch.save([x, {"list": [torch.ones(2, dtype=torch.int64), False]}], buffer)
buffer.seek(0)
y = (
    net(x) - other(x), third(x), loaded["epoch"], loaded["best"], loaded["counts"].tolist(), float(loaded["mean"]), loaded["empty"], loaded[5],
    sorted(k for k in stripped if "norm" not in k), torch.load(buffer), list(loaded), os.path.exists(path), loaded["args"], len(missing[0]),
)  # fmt: skip
