"""Deep copies share nothing with what they are copies of."""

import copy
from copy import deepcopy
import torch
from torch import nn

seen = []
x = torch.arange(3.)
y = copy.deepcopy(x)
y[0] = 9
y.add_(1)
seen.append((x.tolist(), y.tolist(),))
d = {'a': x, 'n': 3}
e = copy.deepcopy(d)
e['a'].mul_(2)
e['a'][1] = 7
seen.append((x.tolist(), e['a'].tolist(), e['n'],))
l = deepcopy([x, (x, 'a')])
l[0].zero_()
seen.append((x.tolist(), l[1][0].tolist(),))
model = nn.Linear(2, 1)
nn.init.ones_(model.weight)
nn.init.zeros_(model.bias)
best = copy.deepcopy(model.state_dict())
with torch.no_grad():
    model.weight.fill_(5)
seen.append(({k: v.tolist() for k, v in best.items()},))
model.load_state_dict(best)
seen.append((model.weight.tolist(),))
twin = copy.deepcopy(model)
with torch.no_grad():
    twin.weight.add_(1)
seen.append((model.weight.tolist(), twin.weight.tolist(),))
ema = deepcopy(model).eval()


class Box:
    def __init__(self):
        self.t = torch.zeros(2)


b = Box()
c = copy.deepcopy(b)
c.t.add_(1)
c.t[0] = 4
seen.append((b.t.tolist(), c.t.tolist(),))


def snapshot(state):
    return copy.deepcopy(state)


s = {'w': torch.ones(2)}
t = snapshot(s)
s['w'].add_(1)
s['w'][0] = 8
seen.append((t['w'].tolist(), s['w'].tolist(),))
p = nn.Parameter(torch.ones(2))
q = copy.deepcopy(p)
with torch.no_grad():
    q.add_(1)
seen.append((p.tolist(), q.tolist(), isinstance(q, nn.Parameter),))
layers = nn.ModuleList([copy.deepcopy(model) for _ in range(2)])
seen.append((len(layers),))
cfg = copy.deepcopy({'lr': 0.1, 'l': [1, 2]})
seen.append((cfg,))
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
o = copy.deepcopy(opt.state_dict())
seen.append((o['param_groups'][0]['lr'],))
z = copy.copy(x)
seen.append((z.tolist(),))
f = copy.deepcopy(x[1:])
f[0] = 100
seen.append((x.tolist(),))
i = copy.deepcopy(torch.arange(3))
seen.append((i.dtype == torch.int64, i.tolist(),))
y = seen
