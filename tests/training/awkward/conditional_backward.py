"""Another loss in each round, differentiated only where it is large enough; the step only where something was."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 3)
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    losses, steps = [], 0
    for index, (x, y) in enumerate(batches(14)):
        optimizer.zero_grad()
        output = model(x)
        if index % 3 == 0:
            loss = F.cross_entropy(output, y)
        elif index % 3 == 1:
            loss = F.mse_loss(output, F.one_hot(y, 3).float())
        else:
            loss = F.multi_margin_loss(output, y)
        if loss.item() > 0.15:
            loss.backward()
            optimizer.step()
            steps += 1
        losses.append(loss.item())
    return losses + [steps], weights(model)
