"""Parameters of no module: learned weights of two tasks, in the optimizer beside the model's."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    model = Plain(4, 4)
    fill(model)
    log_vars = torch.nn.Parameter(torch.zeros(2))
    temperature = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.Adam(list(model.parameters()) + [log_vars, temperature], lr=0.02)
    losses = []
    for x, y in batches(12):
        out = model(x)
        tasks = torch.stack([F.cross_entropy(out[:, :3] / temperature, y), F.mse_loss(out[:, 3], x[:, 0])])
        loss = (torch.exp(-log_vars) * tasks + log_vars).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses += [loss.item(), log_vars[0].item(), temperature.item()]
    return losses, weights(model) + [log_vars.detach().numpy()]
