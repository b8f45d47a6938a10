"""A teacher that is the moving average of its student, and a consistency loss between the two."""

import copy

import torch
import torch.nn.functional as F
from common import Net, batches, fill, weights


@torch.no_grad()
def update_teacher(student, teacher, m):
    for ps, pt in zip(student.parameters(), teacher.parameters()):
        pt.data.mul_(m).add_((1 - m) * ps.detach().data)


def run():
    student = Net()
    fill(student)
    teacher = copy.deepcopy(student)
    for p in teacher.parameters():
        p.requires_grad = False
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
    losses = []
    for x, y in batches(12):
        with torch.no_grad():
            soft = F.softmax(teacher(x + 0.1), dim=1)
        out = student(x)
        loss = F.cross_entropy(out, y) + F.kl_div(F.log_softmax(out, dim=1), soft, reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update_teacher(student, teacher, 0.9)
        losses.append(loss.item())
    return losses, weights(student, teacher)
