"""Layers in a ModuleDict that share a weight with another layer, or get a weight of another size."""

import torch
import torch.nn.functional as F
from common import batches, fill
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict(dict(wte=nn.Embedding(3, 4), wpe=nn.Embedding(6, 4), ln=nn.LayerNorm(4)))
        self.head = nn.Linear(4, 3, bias=False)
        self.parts.wte.weight = self.head.weight

    def crop(self, size):
        self.parts.wpe.weight = nn.Parameter(self.parts.wpe.weight[:size])
        self.parts["ln"].bias = nn.Parameter(torch.full((4,), 0.25))

    def forward(self, tokens):
        place = torch.arange(tokens.shape[0])
        return self.head(self.parts.ln(self.parts.wte(tokens) + self.parts.wpe(place)))


def run():
    model = Model()
    fill(model)
    model.crop(4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _, y in batches(8):
        optimizer.zero_grad()
        tokens = y[:4]
        loss = F.cross_entropy(model(tokens), (tokens + 1) % 3)
        loss.backward()
        losses += [loss.item(), model.head.weight.grad.abs().sum().item()]
        optimizer.step()
    counts = [float(len(list(model.parameters()))), float(len(model.state_dict())), float(model.parts.wte.weight is model.head.weight)]
    return losses + counts, [model.head.weight.detach(), model.parts.wpe.weight.detach(), model.parts["ln"].bias.detach()]
