"""The generator's turn before the discriminator's, which sees the fakes detached; the losses are combined."""

import numpy as np
import torch
from common import Plain, batches, fill, weights
from torch import nn


def run():
    generator, discriminator = Plain(3, 4), Plain(4, 1)
    fill(generator, 1)
    fill(discriminator, 2)
    optimizer_G = torch.optim.RMSprop(generator.parameters(), lr=0.01)
    optimizer_D = torch.optim.RMSprop(discriminator.parameters(), lr=0.01)
    adversarial_loss = nn.MSELoss()
    rng = np.random.RandomState(3)
    losses = []
    for _i, (imgs, _) in enumerate(batches(20)):
        valid, fake = torch.ones(6, 1), torch.zeros(6, 1)
        z = torch.from_numpy(rng.normal(size=(6, 3)).astype("float32"))
        optimizer_G.zero_grad()
        gen_imgs = generator(z)
        g_loss = adversarial_loss(discriminator(gen_imgs), valid)
        g_loss.backward()
        optimizer_G.step()

        optimizer_D.zero_grad()
        real_loss = adversarial_loss(discriminator(imgs), valid)
        fake_loss = adversarial_loss(discriminator(gen_imgs.detach()), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        optimizer_D.step()
        losses.extend([g_loss.item(), d_loss.item(), real_loss.item()])
    return losses, weights(generator, discriminator)
