"""A plateau schedule by epoch, rates set by hand, state saved and taken up, a group added on the way."""

import torch
from common import Net, Plain, batches, fill, weights
from torch import nn


def run():
    model, extra = Net(), Plain(3, 3)
    fill(model, 1)
    fill(extra, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=0)
    loss_fn = nn.NLLLoss()
    losses = []
    for epoch in range(5):
        if epoch == 2:
            optimizer.add_param_group({"params": extra.parameters(), "lr": 0.01})
        epoch_loss = 0.0
        for x, y in batches(4, epoch):
            output = model(x)
            if epoch >= 2:
                output = extra(output)
            loss = loss_fn(torch.log_softmax(output, dim=1), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item() * x.size(0)
        scheduler.step(epoch_loss)
        losses.append(epoch_loss)
        for group in optimizer.param_groups:
            group["lr"] *= 0.99
            losses.append(group["lr"])
        state = optimizer.state_dict()
        optimizer.load_state_dict(state)
    return losses, weights(model, extra)
