"""In-place operations keep the dtype of the tensor that they change."""

import torch

seen = []
x = torch.ones(2, dtype=torch.float16)
x += torch.ones(2)
seen.append(x * 1)
i = torch.zeros(2, dtype=torch.int32)
i += torch.ones(2, dtype=torch.int64)
seen.append(i * 1)
y = torch.zeros(3, dtype=torch.float16)
y.add_(torch.ones(3)).mul_(2.5)
seen.append(y * 1)
h = torch.ones(2).half()
h *= torch.ones(2) * 2
seen.append(h * 1)
b = torch.zeros(2, dtype=torch.bfloat16)
b += 1.5
seen.append(b.dtype == torch.bfloat16)
u = torch.zeros(2, dtype=torch.uint8)
u += 200
u += 100
seen.append(u.clone())
n = torch.zeros(2, dtype=torch.int32)
n.add_(torch.ones(2, dtype=torch.int64))
seen.append(n * 1)
f = torch.ones(3)
f += 1
f *= torch.ones(3)
f += torch.ones(3, dtype=torch.float64)
seen.append(f * 1)
k = torch.zeros(3, dtype=torch.long)
k += 2
k += torch.ones(3, dtype=torch.int32)
seen.append(k * 1)
f += torch.arange(3)
seen.append(f * 1)


def g(v):
    w = v * 2
    w += torch.ones(2)
    w.mul_(torch.ones(2))
    return w


seen.append((g(torch.ones(2, dtype=torch.float16)), g(torch.ones(2, dtype=torch.float64))))
m = torch.ones(2, dtype=torch.bool)
m &= torch.zeros(2, dtype=torch.bool)
m |= True
seen.append(m.clone())
c = torch.zeros(2)
c += torch.tensor(3)
c += torch.tensor(2.5, dtype=torch.float64)
seen.append(c * 1)


class A:
    def __init__(self):
        self.t = torch.zeros(2, dtype=torch.float16)

    def up(self, v):
        self.t += v


a = A()
a.up(torch.ones(2))
seen.append(a.t * 1)
d = torch.zeros(2, 2, dtype=torch.float16)
d[0] += torch.ones(2)
d[1].add_(torch.ones(2))
seen.append(d * 1)
z = torch.ones(2, dtype=torch.float16)
z.div_(torch.ones(2) * 3)
seen.append(z * 1)
q = torch.tensor([5, 7], dtype=torch.int32)
q //= 2
q **= 2
seen.append(q * 1)
q <<= 1
seen.append(q * 1)
s = torch.zeros(2, dtype=torch.float64)
s += torch.ones(2)
s.add_(torch.ones(2), alpha=2)
seen.append(s * 1)
y = seen
