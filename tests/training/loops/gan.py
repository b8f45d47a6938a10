"""Two nets, two optimizers, three backward passes in one round, the last through both nets."""

import numpy as np
import torch
from common import Plain, batches, fill, weights
from torch import nn


def run():
    generator, critic = Plain(3, 4), Plain(4, 1)
    fill(generator, 1)
    fill(critic, 2)
    opt_g = torch.optim.Adam(generator.parameters(), lr=0.02, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(critic.parameters(), lr=0.02, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    rng = np.random.RandomState(3)
    losses = []
    for real, _ in batches(20):
        noise = torch.from_numpy(rng.normal(size=(6, 3)).astype("float32"))

        critic.zero_grad()
        loss_real = criterion(critic(real), torch.ones(6, 1))
        loss_real.backward()
        fake = generator(noise)
        loss_fake = criterion(critic(fake.detach()), torch.zeros(6, 1))
        loss_fake.backward()
        opt_d.step()

        generator.zero_grad()
        loss_g = criterion(critic(fake), torch.ones(6, 1))
        loss_g.backward()
        opt_g.step()
        losses += [loss_real.item() + loss_fake.item(), loss_g.item()]
    return losses, weights(generator, critic)
