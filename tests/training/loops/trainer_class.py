"""A trainer whose methods share model, optimizer and schedule."""

import torch
from common import Net, batches, fill, weights
from torch import nn


class Trainer:
    """Trains a model."""

    def __init__(self, model, lr):
        self.model = model
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=lr)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 0.95**step)
        self.steps = 0
        self.history = []

    def compute_loss(self, batch):
        x, y = batch
        logits = self.model(x)
        loss = self.criterion(logits, y)
        return loss, {"accuracy": (logits.argmax(1) == y).float().mean().item()}

    def train_step(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        loss, metrics = self.compute_loss(batch)
        self.steps += 1
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss.item(), metrics

    def fit(self, data):
        for batch in data:
            loss, metrics = self.train_step(batch)
            self.history += [loss, metrics["accuracy"]]


def run():
    model = Net()
    fill(model)
    trainer = Trainer(model, 0.02)
    trainer.fit(batches(20))
    return trainer.history + [trainer.steps, trainer.scheduler.get_last_lr()[0]], weights(trainer.model)
