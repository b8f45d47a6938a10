"""An epoch loop that only counts: schedule and checkpoint after each, the loss printed now and then, accuracy at the end."""

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


def run():
    model = Net()
    fill(model)
    loader, val_loader = batches(10), batches(4, seed=7)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    seen = []
    for epoch in range(1, 2 + 1):
        model.train()
        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            # forward and backward
            output = model(x)
            loss = F.cross_entropy(output, y, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            if step % 5 == 0:
                print(epoch, loss.item())
        scheduler.step()
        model.eval()
        correct = 0
        with torch.no_grad():
            for x, y in val_loader:
                output = model(x)
                pred = output.argmax(dim=1, keepdim=True)
                correct += pred.eq(y.view_as(pred)).sum().item()
        seen += [epoch, correct, scheduler.get_last_lr()[0]]
    return seen, weights(model)
