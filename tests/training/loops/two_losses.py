"""Two losses on a shared encoder, each with its own backward pass."""

import torch
import torch.nn.functional as F
from common import Net, Plain, batches, fill, weights


def run():
    encoder, head, other = Net(4, 4), Plain(4, 3), Plain(4, 1)
    fill(encoder, 1)
    fill(head, 2)
    fill(other, 3)
    optimizer = torch.optim.SGD(
        [
            {"params": encoder.parameters()},
            {"params": list(head.parameters()) + list(other.parameters()), "lr": 0.01},
        ],
        lr=0.1,
    )
    losses = []
    for x, y in batches(20):
        optimizer.zero_grad()
        features = encoder(x)
        classification = F.cross_entropy(head(features), y)
        classification.backward(retain_graph=True)
        regression = F.mse_loss(other(features), x[:, :1])
        (0.5 * regression).backward()
        optimizer.step()
        losses += [classification.item(), regression.item()]
    return losses, weights(encoder, head, other)
