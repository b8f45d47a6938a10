"""Losses made in one function and returned as a tuple; each differentiated by the caller for its own optimizer."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def actor_critic_losses(actor, critic, x, y):
    value = critic(x).squeeze(-1)
    advantage = (x[:, 0] - value).detach()
    log_prob = F.log_softmax(actor(x), dim=-1).gather(1, y[:, None]).squeeze(1)
    return -(log_prob * advantage).mean(), F.mse_loss(value, x[:, 0])


def run():
    actor, critic = Plain(4, 3), Plain(4, 1)
    fill(actor, 1)
    fill(critic, 2)
    actor_opt = torch.optim.Adam(actor.parameters(), lr=0.01)
    critic_opt = torch.optim.Adam(critic.parameters(), lr=0.02)
    losses = []
    for x, y in batches(12):
        actor_loss, critic_loss = actor_critic_losses(actor, critic, x, y)
        actor_opt.zero_grad()
        actor_loss.backward()
        actor_opt.step()
        critic_opt.zero_grad()
        critic_loss.backward()
        critic_opt.step()
        losses += [actor_loss.item(), critic_loss.item()]
    return losses, weights(actor, critic)
