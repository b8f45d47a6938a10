"""Tensors that grow in place while lists, dictionaries, attributes and other names hold them."""
import torch

seen = []
s = torch.zeros(2)
hist = []
for i in range(3):
    s += i
    hist.append(s)
seen.append(([h.tolist() for h in hist],))
mom = torch.zeros(2)
best = None
for i in range(3):
    mom += 1
    if i == 0:
        best = mom
seen.append((best.tolist(),))
q = torch.zeros(2)
kept = None
for i in range(3):
    q.add_(1)
    if i == 1:
        kept = q
        continue
    q.mul_(2)
seen.append((kept.tolist(), q.tolist(),))
w = torch.zeros(2)
stored = {}
n = 0
while n < 3:
    w *= 2
    w += n
    stored[n] = w
    n += 1
seen.append(({k: t.tolist() for k, t in stored.items()},))


def gen():
    a = torch.zeros(2)
    for i in range(3):
        a += 1
        yield a


seen.append(([g.tolist() for g in list(gen())],))
d = torch.zeros(2)


def f(t=d):
    t += 1
    return t


f()
seen.append((f().tolist(), d.tolist(),))


def plain(xs):
    total = torch.zeros(2)
    outs = []
    for x in xs:
        y = x * 2
        y += 1
        outs.append(y)
        total += y
    return total, outs


total, outs = plain([torch.ones(2), torch.ones(2) * 3])
seen.append((total.tolist(), [o.tolist() for o in outs],))


class Meter:
    def __init__(self):
        self.total = torch.zeros(2)
        self.count = torch.zeros(2)
        self.log = []
        self.hidden = torch.ones(2)

    def update(self, v):
        self.total += v
        self.count += 1
        self.log.append(self.total)
        self.hidden *= 2

    def mean(self):
        return self.total / self.count

    def current(self):
        return self.hidden


m = Meter()
m.update(torch.ones(2))
c = m.current()
m.update(torch.ones(2) * 4)
seen.append(([t.tolist() for t in m.log], m.mean().tolist(), c.tolist(),))
g = torch.zeros(2)


def bump():
    global g
    keep = g
    g += 1
    g += 1
    return keep


seen.append((bump().tolist(),))
z = torch.zeros(2)
pairs = []
for i in range(2):
    for j in range(2):
        z += 1
    pairs.append((i, z))
seen.append(([(a, b.tolist()) for a, b in pairs],))
r = torch.zeros(2)
rows = [r for _ in range(2)]
also = [r] * 2 + [r]
r += 1
seen.append([x.tolist() for x in rows + also])
y = seen
