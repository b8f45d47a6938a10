"""A model that returns a dictionary of losses, weighted and added up."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights
from torch import nn


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.box = Plain(4, 3), nn.Linear(4, 2)

    def forward(self, x, targets=None):
        scores, boxes = self.body(x), self.box(x)
        if targets is None:
            return scores
        return {"loss_class": F.cross_entropy(scores, targets), "loss_box": F.smooth_l1_loss(boxes, x[:, :2])}


def run():
    model = Detector()
    fill(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    weight = {"loss_class": 1.0, "loss_box": 0.5}
    history = []
    for x, y in batches(12):
        loss_dict = model(x, y)
        losses = sum(weight[k] * loss_dict[k] for k in loss_dict if k in weight)
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        history += [losses.item()] + [v.item() for v in loss_dict.values()]
    return history, weights(model)
