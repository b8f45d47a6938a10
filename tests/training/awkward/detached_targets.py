"""Q-learning: targets from a target network, detached, gathered actions, and a copy of the weights now and then."""

import torch
import torch.nn.functional as F
from common import Plain, batches, fill, weights


def run():
    policy, target = Plain(4, 3), Plain(4, 3)
    fill(policy, 1)
    target.load_state_dict(policy.state_dict())
    target.eval()
    optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
    losses = []
    for step, (state, action) in enumerate(batches(12)):
        q = policy(state).gather(1, action.unsqueeze(1)).squeeze(1)
        best = target(state.roll(1, 0)).max(1)[0].detach()
        with torch.no_grad():
            double = target(state).gather(1, policy(state).argmax(1, keepdim=True)).squeeze(1)
        expected = state[:, 0] + 0.9 * best + 0.1 * double
        loss = F.smooth_l1_loss(q, expected)
        optimizer.zero_grad()
        loss.backward()
        for param in policy.parameters():
            param.grad.data.clamp_(-1, 1)
        optimizer.step()
        if step % 4 == 3:
            target.load_state_dict(policy.state_dict())
        losses.append(loss.item())
    return losses, weights(policy, target)
