"""A critic whose weights are clamped after each step; several critic steps for one of the generator."""

import torch
from common import Plain, batches, fill, weights


def run():
    generator, critic = Plain(4, 4), Plain(4, 1)
    fill(generator, 1)
    fill(critic, 2)
    optimizer_G = torch.optim.RMSprop(generator.parameters(), lr=0.01)
    optimizer_D = torch.optim.RMSprop(critic.parameters(), lr=0.01)
    losses = []
    for i, (real, _) in enumerate(batches(12)):
        optimizer_D.zero_grad()
        z = real.flip(0)
        fake = generator(z).detach()
        loss_D = -torch.mean(critic(real)) + torch.mean(critic(fake))
        loss_D.backward()
        optimizer_D.step()
        for p in critic.parameters():
            p.data.clamp_(-0.3, 0.3)
        losses.append(loss_D.item())
        if i % 3 == 0:
            optimizer_G.zero_grad()
            loss_G = -torch.mean(critic(generator(z)))
            loss_G.backward()
            optimizer_G.step()
            losses.append(loss_G.item())
    return losses, weights(generator, critic)
