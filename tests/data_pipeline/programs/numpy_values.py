"""NumPy's arrays and numbers, ranges and Python's types where torch takes them."""

import numpy as np
import torch


def batches(n):
    order = np.random.RandomState(0).permutation(n)
    return np.array_split(order, 2)


def indices():
    x, seen = torch.arange(12.0).reshape(6, 2), []
    for chosen in batches(6):
        seen += [x[chosen].tolist(), x[chosen, 0].tolist(), x[chosen[0]].tolist(), x[np.arange(6) > chosen[0]].shape[0], x[chosen[0] :].shape[0]]
    picked = x[chosen]
    picked[0] = 7.0
    x[chosen[:2]] = 0.0
    x[range(2), np.array([1, 0])] *= 2
    rows = range(3)
    return seen, picked.tolist(), x.tolist(), x[rows, range(1)].tolist(), x[list(chosen)].tolist(), x[np.array([], dtype=np.int64)].shape[0]


def gradient_of_indices():
    x = torch.nn.Parameter(torch.ones(4, 2))
    i = np.array([3, 1, 1])
    loss = (x[i] * torch.arange(6.0).reshape(3, 2)).sum() + x[i[0], i[1]]
    loss.backward()
    return x.grad.tolist()


def dtypes():
    m = torch.tensor([1, 0, 2], dtype=int)
    made = [torch.ones((2, 2), dtype=bool), torch.full((2,), 1, dtype=float), torch.arange(3, dtype=float), torch.zeros_like(m, dtype=bool)]
    return made, torch.tensor([1, 0], dtype=bool), m, m.to(bool), m.to(float), m.sum(dtype=float), m.new_zeros(2, dtype=float), torch.empty(2, dtype=int).shape[0]


def operands():
    w = torch.ones(3, requires_grad=True)
    loss = (np.log(2) * w).sum() + (np.float32(2) / w - np.sqrt(3.0)).sum()
    loss.backward()
    whole = torch.arange(3)
    return w.grad.tolist(), np.float64(2) * w.detach(), np.float64(2) * whole, np.int64(2) * whole, np.mean([1.0, 2.0]) < whole, np.float64(2) ** whole


class Meter:
    def __init__(self, name, fmt=":.2f"):
        self.name, self.fmt, self.value = name, fmt, 0

    def __str__(self):
        return ("{name} {value" + self.fmt + "}").format(**self.__dict__)


def losses():
    found = {}
    for name in ("train", "test"):
        found[name] = torch.arange(4.0).mean() / len(name)
    return found


def texts():
    meter, by_name = Meter("acc"), losses()
    meter.value = torch.tensor([0.25, 0.5])[1]
    return str(meter), f"{by_name['train']:.3f}", "{train:.1f} {test:.2f}".format(**by_name), "{:.1f}".format(*by_name.values())


def score(transitions, tags):
    total = torch.zeros(())
    for i in range(len(tags) - 1):
        total = total + transitions[tags[i + 1], tags[i]]
    return total + transitions[2, tags[-1]]


def gradient_of_numbers():
    transitions = torch.nn.Parameter(torch.arange(9.0).view(3, 3))
    loss = score(transitions, torch.tensor([1, 2, 1])) * 2
    loss.backward()
    return loss.item(), transitions.grad.tolist()


def stores():
    x = torch.zeros(3, 2)
    x[0] = torch.ones(1, 2)
    x[1] = torch.arange(2.0).unsqueeze(0) * 2
    x[:, 0] = torch.full((1, 3), 5.0)
    i = torch.tensor([0, 2])
    x[i] += 1
    x[i] = torch.ones(1, 2, 2) * 3
    x[i[0]] = torch.ones(2).view(1, -1)
    x[2, 1] = torch.ones(1, 1)
    return x


y = stores(), gradient_of_numbers(), texts(), indices(), gradient_of_indices(), dtypes(), operands()
