"""A critic with a gradient penalty, several critic steps for each of the generator's; second derivatives as in physics-informed nets."""

import numpy as np
import torch
from common import Plain, batches, fill, weights
from torch import autograd


def compute_gradient_penalty(D, real_samples, fake_samples, rng):
    alpha = torch.from_numpy(rng.uniform(size=(6, 1)).astype("float32"))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = torch.ones(6, 1)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=fake,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


def physics(losses):
    net = Plain(1, 1)
    fill(net, 5)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    x = torch.from_numpy(np.linspace(0, 1, 8, dtype="float32").reshape(8, 1))
    x.requires_grad_()
    for _ in range(10):
        optimizer.zero_grad()
        u = net(x)
        u_x = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), create_graph=True)[0]
        u_xx = torch.autograd.grad(u_x, x, torch.ones_like(u_x), create_graph=True)[0]
        loss = ((u_xx + u) ** 2).mean() + (u[0] - 1).pow(2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net


def run():
    generator, critic = Plain(3, 4), Plain(4, 1)
    fill(generator, 1)
    fill(critic, 2)
    opt_g = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.9))
    opt_d = torch.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.9))
    rng = np.random.RandomState(3)
    losses = []
    for i, (real_imgs, _) in enumerate(batches(20)):
        opt_d.zero_grad()
        z = torch.from_numpy(rng.normal(size=(6, 3)).astype("float32"))
        fake_imgs = generator(z)
        real_validity = critic(real_imgs)
        fake_validity = critic(fake_imgs)
        gradient_penalty = compute_gradient_penalty(critic, real_imgs.data, fake_imgs.data, rng)
        d_loss = -torch.mean(real_validity) + torch.mean(fake_validity) + 10 * gradient_penalty
        d_loss.backward()
        opt_d.step()
        losses += [d_loss.item(), gradient_penalty.item()]

        opt_g.zero_grad()
        if i % 3 == 0:
            fake_imgs = generator(z)
            g_loss = -torch.mean(critic(fake_imgs))
            g_loss.backward()
            opt_g.step()
            losses.append(g_loss.item())
    net = physics(losses)
    return losses, weights(generator, critic, net)
