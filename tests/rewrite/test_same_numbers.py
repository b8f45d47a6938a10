"""Small programs whose ports must compute what torch computes: one process per framework runs them all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rewrite.conftest import Port, remarked
from transpiler.mapping.registry import Registry
from transpiler.rewrite.pipeline import single_file_context, transpile_source
from transpiler.support.assemble import assemble

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
PROGRAMS = {
    "in-place-on-what-a-call-returns": """
class Holder:
    def __init__(self, x):
        self.scale = x
def same(x):
    return x
def holder(x):
    return x.scale
def run(x: torch.Tensor, mask: torch.Tensor):
    state, h = {"exp": x.clone()}, Holder(x.clone())
    exp = state["exp"]
    denom = exp.sqrt().add_(1.0)
    other = (exp.sqrt() / 3.0).add_(1.0).mul_(2)
    for f in (same, holder):
        f(h if f is holder else exp).add_(1).mul_(2)
    holder(h).clamp_(0, 4)
    x[..., ::3].clamp_(0, 3)
    x[:, 1::2].mul_(-1).add_(1).neg_()
    power = (exp / 2.0).pow_(2).add_(1.0)
    chosen = x[~mask].pow_(2).sum()
    t, t_2, tensor, value, old_value = 2.0, 0.5, 1.0, 1.5, 2.5
    same(x).sub_(t).mul_(t + t_2 + tensor + value + old_value)
    return exp, denom, other, power, h.scale, x, chosen
y = run(torch.arange(12.0).reshape(3, 4), torch.arange(12).reshape(3, 4) > 5)
""",
    "names-put-together": """
class Net(nn.Module):
    def __init__(self, dims: int, name):
        super().__init__()
        self.conv = getattr(nn, f"Conv{dims}d")(2, 3, 1)
        self.norm = getattr(nn, "%sNorm2d" % name)(3) if dims == 2 else getattr(nn, "BatchNorm" + str(dims) + "d", None)(3)
        self.dims = dims
        for p in self.parameters():
            nn.init.constant_(p, 0.5)
    def forward(self, x):
        pool = getattr(F, "{}_pool{}d".format("avg", self.dims))
        w = self.conv.weight
        return pool(self.conv(x), 2), self.norm(self.conv(x)).shape, w.view(3, -1).shape, self.conv.weight.flatten(2).sum(), self.norm.weight.sum()
def weights(net: nn.Module):
    convs = [m for m in net.modules() if isinstance(m, (nn.Conv1d, nn.Conv2d))]
    return [(m.weight * 2).flatten(1).shape for m in convs], [(m.kernel_size, m.stride, m.dilation, m.padding) for m in convs]
nets = [Net(1, ""), Net(2, "Batch")]
y = [net.eval()(torch.arange(4.0**(d + 1) * 2).reshape(4, 2, *[4] * d)) for d, net in enumerate(nets, 1)], [weights(n) for n in nets], getattr(torch, "%s_like" % "ones")(torch.zeros(2))
""",
    "f-strings": """
class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.BatchNorm2d(2), nn.Conv1d(1, 1, 1)
def run(net: nn.Module):
    for m in net.children():
        nn.init.ones_(m.weight)
        yield f"{m.weight.numel()} {m.weight.dim()!r}", f'{m.weight.shape[0]}', f"{', '.join(f'{m.weight.shape[0]}' for _ in 'ab')} {m.weight.shape[0]:>3}"
texts = [text for group in run(Norms()) for text in group] + [f"{ {1: 2}[1]} {getattr(F, f'max_pool{2}d')(torch.arange(4.0).reshape(1, 2, 2), 2).item()}"]
y = [[ord(letter) for letter in text] for text in texts]
""",
    "classes-and-settings-of-layers": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.other, self.act = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.BatchNorm1d(1), nn.ReLU()
def kinds(model):
    found = []
    for m in model.modules():
        t = type(m)
        if t is nn.Conv2d:
            found.append(0)
        elif t in {nn.BatchNorm2d, nn.ReLU}:
            found.append(1)
            m.eps = 0.75
        found.append([m.__class__ == nn.ReLU, type(m) in (nn.Conv2d, nn.BatchNorm1d), nn.BatchNorm2d is not t])
    return found
net = Net()
net.norm.momentum = 0.5
found = kinds(net)
x = torch.tensor([-0.5, 0.5, -0.5, 0.5]).reshape(1, 1, 2, 2)
net.train()
y = found, net.norm(x), net.norm(x + 2), net.norm.running_mean, net.norm.momentum, net.norm.eps, net.other.eps
""",
    "operators-by-name": """
def run(x: torch.Tensor, y: torch.Tensor, n: torch.Tensor):
    held = [x]
    x.__iadd__(y)
    torch.Tensor.__imul__(x, 2)
    op = torch.Tensor.__sub__
    return held, op(x, y), x.__add__(1), x.__rmul__(3.0), torch.Tensor.__and__(n, 6), n.__or__(n + 1), x.__matmul__(y.t()), x.__lt__(y), x.__neg__()
y = run(torch.arange(6.0).reshape(2, 3), torch.ones(2, 3), torch.arange(4))
""",
    "parts-in-expressions": """
def double(v: torch.Tensor):
    v.mul_(2)
    return v
def run(theta: torch.Tensor, k: torch.Tensor, grid: torch.Tensor, t: torch.Tensor):
    a = theta.transpose(0, 1).div_(4)
    k[..., 1] = k[..., 1].sub_(3).neg_()
    k[:, [2, 0]] = k[:, [0, 2]].sub_(8).neg_()
    b = k[0].mul_(2) + 1
    c = k[:, :2].add_(k[:, 1:]).sum()
    d = torch.relu_(k[1])
    grid.narrow(1, 0, 2).narrow(0, 1, 2).copy_(t)
    u = grid[1].copy_(t[1].sum()).sum()
    grid.view(-1).mul_(2)
    grid.t().add_(1).mul_(3)
    grid.view(-1)[:3].sub_(1)
    grid.unsqueeze(0).copy_(grid * 2)
    double(grid[2]), double(grid[0, 1:]), double(grid.diagonal()), double(grid[1, 1])
    return a, b, c, d, u, theta, k, grid
y = run(torch.arange(6.0).reshape(2, 3), torch.arange(12.0).reshape(4, 3), torch.arange(9.0).reshape(3, 3), torch.full((2, 2), -3.0))
""",
    "copies-of-elements": """
def keep_some(boxes: torch.Tensor, keep: torch.Tensor, scale: torch.Tensor):
    boxes = boxes[keep]
    boxes[:, 0::2] *= scale
    boxes[0].mul_(2)
    return boxes
def pick(x: torch.Tensor, i):
    row = x[i]
    row += 1
    row[0] = -5.0
    return row
def run(x: torch.Tensor, keep: torch.Tensor):
    a = x[x > 3]
    a[0] *= 2
    b, c = x[[0, 1]].float(), x[:, keep]
    b[0] = -1
    c[1:] += 100
    x[keep][:, 1] = 99
    held = [x[keep]]
    d = held[0]
    d.add_(1)
    target = {}
    target["boxes"] = x[keep]
    target["boxes"][:, 0] += 5
    for i in keep:
        x[i][0] = i + 0.5
    picked = pick(x, 2), pick(x, keep), pick(x, torch.tensor(1)), pick(x, [0, 1])
    e = x[1]
    e[2] = 7
    return target["boxes"], a, b, c, d, e, keep_some(x, keep, torch.tensor([2.0])), picked[1], picked[3], x
y = run(torch.arange(12.0).reshape(3, 4), torch.tensor([0, 2]))
""",
    "written-elements-of-views": """
def clear(flat: torch.Tensor, idx: torch.Tensor):
    flat = flat.reshape(-1)
    flat[idx] = -4.0
def run(x: torch.Tensor, mask: torch.Tensor, idx: torch.Tensor, n: int):
    x.view(-1)[idx] = 100
    flat = x.view(-1)
    flat[idx + 1] = 5
    flat[[7, 8]] += 0.5
    x[mask] = 30
    row = x[0]
    row[mask[0]] = -1
    x[n] = 7
    clear(x, idx + 9)
    y = x * 2
    y[mask] = 0
    x[:, idx[0]] += 2
    turned = y.t()
    y[y > 50] = 1
    turned[idx] = 3
    return flat, x, y, row, turned
y = run(torch.arange(12.0).reshape(3, 4), torch.arange(12).reshape(3, 4) % 5 == 2, torch.tensor([0, 2]), 1)
""",
    "functions-of-items": """
def run(x: torch.Tensor):
    values, index = map(lambda t: t.squeeze(dim=-1), x.topk(k=1, dim=-1))
    q, k = map(lambda t: t.float().norm(dim=-1), (x, x.double()))
    return values, index, q, k, sorted(x.unbind(0), key=lambda r: -r.sum().item())[0]
y = run(torch.arange(12.0).reshape(3, 4))
""",
    "older-orders-of-parameters": """
def run(x: torch.Tensor, v: torch.Tensor):
    m = x.clone()
    m.addmm_(1, -2, x, x.t())
    out = torch.zeros(3, 3)
    torch.add(x, 2, v, out=out)
    b = x.expand(2, 3, 3)
    w = x.clone()
    w.data.add_(-0.1, v)
    w.data.addcmul_(0.5, x, x).addcdiv_(-1, x, v)
    return (m, out, w, torch.add(x, 2, v), x.sub(0.5, v), torch.addcmul(x, 2, v, v), x.addcdiv(3, v, v), torch.addmm(2, x, 3, x, x),
            torch.addmm(2, x, x, x), x.addmm(2, x, x), torch.addmv(2, v, 3, x, v), v.addmv(2, 3, x, v), x.addr(2, 3, v, v), torch.addr(2, x, v, v),
            torch.baddbmm(2, b, 3, b, b), b.baddbmm(2, b, b), torch.addbmm(2, x, 3, b, b), x.addbmm(2, 3, b, b))
y = run(torch.arange(9.0).reshape(3, 3) + 1, torch.tensor([1.0, 2.0, 4.0]))
""",
    "parts": """
def run(x: torch.Tensor):
    x[0].zero_()
    x[1].copy_(x[2])
    x[:, 0].fill_(3)
    x[:2].add_(1).mul_(2)
    row = x[2]
    row.add_(1)
    row += 1
    for r in x:
        r.mul_(2)
    x[0] += 1
    return x
y = run(torch.arange(12.0).reshape(3, 4))
""",
    "typed-tensors-of-a-shape": """
def run(x: torch.Tensor):
    return torch.Tensor(x.size()).fill_(2), torch.FloatTensor(x.shape).zero_(), torch.LongTensor((3, 1))
y = run(torch.arange(12.0).reshape(3, 4))
""",
    "layouts": """
def shifted(t: torch.Tensor, s: torch.Tensor):
    t += s
    return t * 2
def copied(t: torch.Tensor, s: torch.Tensor):
    t.copy_(s)
    t.mul_(2)
    return t
def run(x: torch.Tensor):
    a, b, c = x.clone(), x.clone(), x.clone()
    steps = [a.t(), b[:, 1:], c.chunk(3, dim=1)[1]]
    for step in steps:
        step += 1
    return shifted(a.transpose(0, 1), torch.ones(4, 3)), a, copied(b[:, :2], x[:, 2:]), b, copied(c.permute(1, 0), x.t()), c, steps
y = run(torch.arange(12.0).reshape(3, 4))
""",
    "functions-as-values": """
def apply(g, x: torch.Tensor, dtype, layer=nn.ReLU):
    return g(layer()(x)).to(dtype)
class Net(nn.Module):
    kind = torch.abs
    def __init__(self, act=torch.relu):
        super().__init__()
        self.act = act
    def forward(self, x):
        return self.act(x) + self.kind(x)
def run(x: torch.Tensor):
    table = {"s": torch.neg}
    table["r"] = torch.square
    fs = [torch.neg]
    fs.append(torch.square)
    split = {"halves": torch.chunk, "rows": torch.unbind}
    net = Net(torch.neg)
    first = net(x)
    net.act = torch.frac
    return (apply(torch.neg, x, torch.float32), apply(F.relu, x, torch.float64, nn.Identity), table["r"](x), [f(x) for f in fs], first, net(x),
            split["halves"](x, 2, dim=1), split["rows"](x), torch.linalg.matrix_power(input=torch.eye(2) * 2, n=2))
y = run(torch.arange(8.0).reshape(2, 4) / 3)
""",
    "views": """
def run(x: torch.Tensor):
    z = x * 2
    v = z.view(-1)
    z.add_(1)
    v[0] = 7
    w = z.transpose(0, 1)
    w.mul_(2)
    kept = []
    u = x + 1
    kept.append(u)
    u.sub_(3)
    return z, v, kept[0]
y = run(torch.arange(12.0).reshape(3, 4))
""",
    "in-place-layers": """
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
    def forward(self, x):
        kept = x
        y = self.act(x)
        z = x + kept
        F.relu(z, inplace=True)
        return x, y, z - 1, kept
y = A()((torch.arange(8.0) - 3.5).reshape(2, 4))
""",
    "in-place-in-a-loop": """
def run(x, n):
    for _ in range(n):
        x = x - 0.25
        y = F.relu(x, inplace=True)
        x = x * 2
    return x, y
y = run((torch.arange(8.0) - 3.5).reshape(2, 4), 3)
""",
    "folded-precedence": """
def run(x: torch.Tensor, a, b):
    y = 3 * (1 if torch.jit.is_scripting() else a + b)
    if not torch.jit.is_scripting() and a > 1:
        y = -(0 if torch.jit.is_scripting() else y - b)
    return x * y
y = run(torch.ones(3), 2, 5)
""",
    "mixins-and-members": """
class Mixin:
    def forward(self, x):
        return self.body(x) * self.phase
class A(Mixin, nn.Module):
    phase = 3
    def body(self, x):
        return x + 1
class B(A):
    def forward(self, x):
        return super().forward(x) - getattr(self, "phase")
y = B()(torch.ones(3)), A().forward(torch.ones(2))
""",
    "devices-of-what-is-not-known": """
class Config:
    def __init__(self, device):
        self.device = torch.device(device)
def kind(*things):
    first = next(thing for thing in things if thing is not None)
    return float(first.device.type == "cpu"), float(first.device.index == 1)
def run(x):
    return kind(None, x), kind(None, Config("cpu:1")), torch.zeros(x.sum().shape), torch.ones(()) * 2, torch.zeros([], device=x.device)
y = run(torch.ones(2))
""",
    "dtypes-and-devices": """
def run(x: torch.Tensor, device, u):
    return x.to(device, torch.float64), x.to(u), x.to(dtype=torch.int32), x.to("cpu")
y = run(torch.tensor([1.5, 2.5]), torch.device("cpu"), torch.int64)
""",
    "parameters": """
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.arange(4.0))
        self.fixed = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("seen", torch.zeros(2))
    def forward(self, x):
        self.seen += 1
        self.seen[0] = 5
        return x * self.w
a = A()
with torch.no_grad():
    for p in a.parameters():
        p.mul_(2).add_(1)
    a.w[1].zero_()
y = a(torch.ones(4)), a.seen, torch.tensor([p.requires_grad for p in a.parameters()]), a.fixed
""",
    "parameters-among-tensors": """
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.arange(3.0))
    def forward(self, x):
        joined = torch.cat([self.w, x]), torch.hstack((x, self.w)), torch.vstack([self.w, x]), torch.dstack([x, self.w]), torch.column_stack([self.w, x])
        return torch.stack([self.w, x]), torch.stack((x, self.w, x.double()), dim=-1), *joined
def doubled(state, n):
    states = [state]
    for _ in range(n):
        states.append(states[-1] * 2)
    return torch.stack(states, 1)
leaf, a = torch.tensor([1.0, 0.5, 2.0], requires_grad=True), A()
y = a(torch.ones(3)), a(leaf), doubled(leaf, 2), torch.stack([a.w.detach(), a.w]), torch.stack(list(a.parameters()))
""",
    "overloads": """
def run(x: torch.Tensor, s: tuple, n: int, u):
    values, indices = torch.max(x, 1)
    return values, torch.max(x), torch.max(x, x * -1), x.view(n, -1), x.view(*s), x.view(u), x.repeat(2, 1), x.size(-1) ** 2 + x.mean(0, True)
y = run(torch.arange(6.0).reshape(2, 3), (3, 2), 3, (6,))
""",
    "operators-of-integers": """
def inverted(x):
    return ~x
def annotated(x: torch.Tensor):
    return ~x
n, bits = torch.tensor([6, -5]), torch.tensor([1, 0], dtype=torch.uint8)
mask = n > 5
y = [~n, ~bits, ~mask, ~torch.isnan(n * 0.5), inverted(n), inverted(mask), inverted(3), annotated(bits), annotated(mask), 1 & n, 3 ^ n & 4, 1 | n | 2,
     True & mask, torch.bitwise_and(n, 3), torch.bitwise_or(n, 3), torch.bitwise_xor(3, n)]
""",
    "operators-of-complex-numbers": """
def times_i(x):
    return x * 1j
b, n = torch.tensor([0.5, -1.5]), torch.tensor([2, 4])
c, k = torch.complex(b, b + 1), complex(2, -1)
z = [b * 1j, 1j * b, b + 2j * b, n * 1j, b.double() * 1j, b * c, c * b, b.double() * c, c / n, 2 / torch.tensor([1 + 1j, 2 - 2j]), c ** 2, c ** 3, c / 2,
     c + 0j, 1j - c, k * b, c + b, torch.mul(b, 1j), torch.add(c, b, alpha=2j), c.sub(1j), b.div(2j), torch.pow(c, 2), times_i(b),
     torch.tensor([1 + 2j, 3]), torch.tensor(1j), torch.tensor([1j], dtype=torch.complex128)]
c *= b
c /= 2j
y = [torch.view_as_real(x) for x in (*z, c)], torch.tensor([3 + 4j]).abs(), torch.tensor([3 + 4j]).real, times_i(2.0) == 2j
""",
    "derivatives-of-complex-products": """
p, c = torch.tensor([0.5, 2.0], requires_grad=True), torch.tensor([3 + 4j, 1 - 1j])
((p * (2 + 2j)) * c / 2j + c / 4 + p ** 2 * 1j).real.sum().backward()
y = p.grad
""",
    "tensors-of-numbers-with-dtypes": """
import numpy as np
roots = [np.sqrt(i) for i in (1, 4)]
y = [torch.tensor(range(3)), torch.tensor(roots), torch.tensor([1.5, np.float64(2)]), torch.tensor([np.float32(1.1)]), torch.tensor([np.int32(1), 2]),
     torch.tensor([np.array([1.0, 2.0]), np.array([1.1, 2.0])]), torch.tensor([torch.tensor(1.1, dtype=torch.float64), 2]), torch.tensor([]),
     torch.tensor([np.float64(1.1), 2], dtype=torch.float32), torch.tensor([np.bool_(True), False]), torch.tensor([[1, 2], [3, 4.5]])]
""",
    "joined-of-several-dtypes": """
def joined(x: torch.Tensor):
    return torch.cat([x, torch.arange(3)]), torch.stack((x, x > 1, x.long()))
x, n = torch.arange(3) * 0.5, torch.arange(3)
y = [torch.cat([torch.zeros(2), torch.arange(2)]), torch.cat([x, x.double()]), torch.stack([n, x]), torch.hstack((n, x)), torch.vstack([x, n > 1]),
     torch.dstack([n, n > 1]), torch.column_stack((x, n)), torch.cat((torch.complex(x, x), x)).real, *joined(x)]
""",
    "next-numbers": """
inf, nan = float("inf"), float("nan")
x = torch.tensor([1.0, 0.0, -1.0, 3e38, inf, 5.0, nan, 1.0, -0.5, 0.0, 1e-45, inf])
towards = torch.tensor([2.0, 1.0, 5.0, inf, 0.0, 5.0, 1.0, nan, -3.0, -1.0, 0.0, inf])
y = [torch.nextafter(x, towards).view(torch.int32), torch.nextafter(torch.tensor([1.0, 2.0]), torch.tensor(3.0)),
     torch.nextafter(x[:4].double(), towards[:4].double())]
""",
    "gradients-of-unused-inputs": """
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0], requires_grad=True)
used, unused = nn.Linear(2, 1), nn.Linear(2, 1)
z = (a * a).sum()
first = torch.autograd.grad(z, [a, b], allow_unused=True)
z = (a * 0 + b).sum()
second = torch.autograd.grad(z, (a, b), None, None, True, True, True)
z = used(a).sum()
third = torch.autograd.grad(z, list(used.parameters()) + list(unused.parameters()), allow_unused=True)
y = first[0], first[1] is None, list(second), [*third[:2]], [gradient is None for gradient in third]
""",
    "layers-without-weights": """
def filled(m):
    if isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)) and m.weight is not None:
        nn.init.constant_(m.weight, 2.0)
    return m.weight is None, m.bias is None
plain, batch, untracked = nn.BatchNorm2d(3), nn.BatchNorm2d(3, affine=False), nn.BatchNorm2d(3, track_running_stats=False)
layer, group, instance, shifted = nn.LayerNorm(3, elementwise_affine=False), nn.GroupNorm(1, 3, affine=False), nn.InstanceNorm2d(3), nn.LayerNorm(3, bias=False)
y = [batch.weight is None, batch.bias is not None, batch.running_mean is None, untracked.running_mean is None, untracked.running_var is None,
     untracked.weight is None, plain.running_var is None, layer.weight is None, group.bias is None, instance.weight is None, instance.running_mean is None,
     shifted.bias is None, shifted.weight is None, *[filled(m) for m in (plain, batch, layer, shifted)], plain.weight, sorted(untracked.state_dict()) == ["bias", "weight"],
     len(list(untracked.buffers()))]
""",
    "arrays-beside-tensors": """
import numpy as np
t, x, array, scale = torch.tensor([[1.0, 2.0]]), torch.tensor([1, 2]), np.array([1.0, 4.0]), np.float64(2)
y = [np.float64(2) * t, np.int64(2) + x, scale + x, scale / x, np.sqrt(4) - t, scale ** t, t * array, t + np.array([1, 2]), t - array, t / array, t ** array,
     t * np.array(1.5), x * np.array(1.5), x + np.array([True, False]), t * np.sqrt(16), t * (2 * np.pi), x * scale]
t *= np.array([1.0, 3.0], dtype=np.float32)
y.append(t)
""",
    "sizes-of-transposed-convolutions": """
up, line = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1), nn.ConvTranspose1d(1, 1, 3, stride=2)
for layer in (up, line):
    nn.init.constant_(layer.weight, 1.0)
    nn.init.constant_(layer.bias, 0.5)
x = torch.ones(1, 1, 3, 3)
y = up(x, output_size=[6, 6]), up(x, output_size=x.size()[:2] + (5, 6)), up(x), line(x[:, :, 0], output_size=(8,))
""",
    "containers-that-are-edited": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), nn.ReLU())
        self.body.insert(0, nn.Hardtanh())
        self.body.extend([nn.Threshold(0.25, 2.0)])
        self.parts = nn.ModuleList([nn.ReLU()]) + nn.ModuleList([nn.Threshold(1.0, 3.0)])
        self.parts.pop(0)
    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return self.body(x)
joined = nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Threshold(0.25, 2.0))
taken = joined.pop(0)
x = torch.tensor([-2.0, 0.5, 0.1])
y = Net()(x), joined(x), taken(x), len(joined), len(Net().body), len(Net().parts)
""",
    "bias-registered-as-none": """
linear, conv = nn.Linear(2, 3), nn.Conv2d(1, 1, 1)
for layer in (linear, conv):
    nn.init.constant_(layer.weight, 1.0)
    layer.register_parameter("bias", None)
y = linear(torch.ones(1, 2)), conv(torch.ones(1, 1, 2, 2)), linear.bias is None
""",
    "dropout-of-everything": """
x = torch.ones(4)
y = nn.Dropout(1.0)(x), F.dropout(x, 1.0), nn.Dropout(p=1).eval()(x), nn.Dropout(0.0)(x)
""",
    "walrus-and-friends": """
def run(x: torch.Tensor):
    if (n := x.size(0)) > 1:
        x = x.view(n, -1)
    return [t.sum() for t in x], (lambda t: torch.neg(t))(x) if n else x
y = run(torch.arange(6.0).reshape(2, 3))
""",
}
RUN = """
import json, sys
import numpy as np
def plain(value):
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    array = value.asnumpy() if hasattr(value, "asnumpy") else value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)
    return [str(array.dtype), list(array.shape), array.astype("float64").ravel().tolist()]
results = {}
for name, code in json.load(open(sys.argv[1])).items():
    space = {}
    try:
        exec(code, space)
        results[name] = plain(space["y"])
    except Exception as error:
        results[name] = repr(error)
json.dump(results, open(sys.argv[2], "w"))
"""


def _execute(folder: Path, name: str, programs: dict[str, str]) -> dict[str, object]:
    (folder / "run.py").write_text(RUN)
    (folder / f"{name}.json").write_text(json.dumps(programs))
    command = [sys.executable, "run.py", f"{name}.json", f"{name}_results.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    results: dict[str, object] = json.loads((folder / f"{name}_results.json").read_text())
    return results


@pytest.fixture(scope="module")
def results(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, object]]:
    """What torch computes, and what the ports compute on MindSpore."""
    folder = tmp_path_factory.mktemp("programs")
    sources = {name: HEAD + program for name, program in PROGRAMS.items()}
    ports: dict[str, str] = {}
    support: set[str] = set()
    for name, source in sources.items():
        data = source.encode()
        result = transpile_source(data, path="example.py", context=single_file_context(data, "example.py", "mindspore", registry))
        ports[name] = result.output.decode()
        support |= result.support
    (folder / "ms_support.py").write_text(assemble("mindspore", sorted(support)))
    return _execute(folder, "torch", sources), _execute(folder, "mindspore", ports)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_port_computes_the_same(results: tuple[dict[str, object], dict[str, object]], name: str) -> None:
    expected, found = (side[name] for side in results)
    assert not isinstance(expected, str), expected
    assert found == expected


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_port_is_complete(port: Port, name: str) -> None:
    text, diagnostics = port(HEAD + PROGRAMS[name])
    assert [code for code in remarked(diagnostics) if code[:4] != "T2M2"] == []
    assert "torch" not in text
