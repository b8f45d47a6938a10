"""A step schedule inside the batch loop, an epoch that begins late, and a model that nobody puts into training mode."""

import torch
from common import Plain, batches, fill, weights


def run():
    net = Plain()
    fill(net)
    data = [(x, y.float().unsqueeze(1)) for x, y in batches(8)]
    loss_fn = torch.nn.MSELoss()
    opt = torch.optim.Adam(net.parameters(), lr=0.02)
    warmup = torch.optim.lr_scheduler.LinearLR(opt, start_factor=0.1, total_iters=6)
    rates = []
    total = 0.0
    start_epoch, epochs = 1, 4
    for epoch in range(start_epoch, epochs):
        for inputs, targets in data:
            predictions = net(inputs)
            loss = loss_fn(predictions, targets)
            opt.zero_grad()
            loss.backward()
            opt.step()
            warmup.step()
            total += loss.item()
            rates.append(opt.param_groups[0]["lr"])
    return [*rates, total], weights(net)
