"""Two models that share an encoder, trained in turns by optimizers of their own."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights
from torch import nn


class WithHead(nn.Module):
    def __init__(self, encoder, outputs):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(4, outputs)

    def forward(self, x):
        return self.head(torch.relu(self.encoder(x)))


def run():
    encoder = Plain(4, 4)
    classifier, regressor = WithHead(encoder, 3), WithHead(encoder, 1)
    fill(classifier, 1)
    fill(regressor.head, 2)
    opt_c = torch.optim.SGD(classifier.parameters(), lr=0.1)
    opt_r = torch.optim.Adam(regressor.parameters(), lr=0.01)
    losses = []
    for i, (x, y) in enumerate(batches(12)):
        if i % 2 == 0:
            opt_c.zero_grad()
            loss = F.cross_entropy(classifier(x), y)
            loss.backward()
            opt_c.step()
        else:
            opt_r.zero_grad()
            loss = F.mse_loss(regressor(x).squeeze(-1), x[:, 0])
            loss.backward()
            opt_r.step()
        losses.append(loss.item())
    return losses, weights(classifier, regressor.head)
