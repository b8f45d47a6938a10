"""Graphs that one function computes and another differentiates: saved log probabilities, attributes, handed losses, kept graphs."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights
from torch import nn


class Agent:
    """Saves what its policy computes until an episode ends."""

    def __init__(self):
        self.policy = Plain(4, 2)
        fill(self.policy, 1)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=0.02)
        self.saved = []

    def act(self, x):
        self.saved.append(F.log_softmax(self.policy(x), dim=1)[:, 0])

    def learn(self):
        loss = 0
        for number, value in enumerate(self.saved):
            loss = loss - (value * (number + 1)).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.saved = []
        return loss.item()


class Translator:
    """A generator whose output a critic judges, in methods of their own."""

    def __init__(self):
        self.generator, self.critic = Plain(4, 4), Plain(4, 1)
        fill(self.generator, 2)
        fill(self.critic, 3)
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=0.01)
        self.optimizer_d = torch.optim.SGD(self.critic.parameters(), lr=0.05)
        self.criterion = nn.BCEWithLogitsLoss()

    def forward(self, x):
        self.real = x
        self.fake = self.generator(x)

    def backward_d(self):
        fake, real = self.critic(self.fake.detach()), self.critic(self.real)
        self.loss_d = self.criterion(fake, torch.zeros_like(fake)) + self.criterion(real, torch.ones_like(real))
        self.loss_d.backward()

    def backward_g(self):
        judged = self.critic(self.fake)
        self.loss_g = self.criterion(judged, torch.ones_like(judged)) + F.l1_loss(self.fake, self.real)
        self.loss_g.backward()

    def step(self, x):
        self.forward(x)
        self.optimizer_d.zero_grad()
        self.backward_d()
        self.optimizer_d.step()
        self.optimizer_g.zero_grad()
        self.backward_g()
        self.optimizer_g.step()
        return [self.loss_d.item(), self.loss_g.item()]


def update(loss, optimizer):
    """A step on a loss from elsewhere."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def run():
    agent, translator, net, kept = Agent(), Translator(), Plain(4, 3), Plain(4, 1)
    fill(net, 4)
    fill(kept, 5)
    optimizer, other = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9), torch.optim.Adam(kept.parameters(), lr=0.01)
    losses = []
    for number, (x, y) in enumerate(batches(20)):
        agent.act(x)
        if number % 2 == 1:
            losses.append(agent.learn())
        losses += translator.step(x)
        loss = F.cross_entropy(net(x), y)
        update(loss, optimizer)
        losses.append(loss.item())
        features = kept(x)
        other.zero_grad()
        for weight in (1.0, 2.0):
            part = (features * weight).pow(2).mean()
            part.backward(retain_graph=True)
        other.step()
        losses.append(part.item())
    with torch.no_grad():
        losses.append(net(x).sum().item())
    return losses, weights(agent.policy, translator.generator, translator.critic, net, kept)
