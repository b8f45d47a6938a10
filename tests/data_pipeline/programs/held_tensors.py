"""Tensors that lists and dictionaries hold change in place, for all who hold them."""

import torch

x = torch.zeros(3)
seen = []
held = [x, x]
held[0].add_(1)
seen.append(x.tolist())
state = {"m": x}
state["m"].mul_(3)
seen.append(x.tolist())
views = list(x)
views[0].add_(2)
parts = [x[:1], x[1:]]
parts[1].fill_(5)
seen.append(x.tolist())
parts[0].zero_()
parts[1] += 1
seen.append(x.tolist())
twice = [torch.zeros(2)] * 2
twice[0].add_(1)
pair = (x, 1)
pair[0].mul_(2)
[each.add_(1) for each in held]
seen.append(x.tolist())
table = torch.zeros(2, 3)
table[0].add_(1)
table[1, 1:].add_(2)
rows = [table[0], table[1]]
rows[0].copy_(torch.ones(3) * 7)
rows[len(rows) - 1].mul_(torch.full((3,), 2.0)).sub_(1)
seen.append(table.tolist())
same = held[1].add_(1) is x


def settle(tensors):
    for key in tensors:
        tensors[key].mul_(0.5).add_(1)
    tensors["a"].clamp_(min=1.6)
    tensors["a"].data.add_(1)


settle({"a": x, "b": table})


class Average:
    def __init__(self, model: torch.nn.Module):
        self.shadow = {}
        self.kept = []
        for name, parameter in model.named_parameters():
            self.shadow[name] = parameter.data.clone()
            self.kept.append(self.shadow[name])

    def update(self, model: torch.nn.Module):
        for name, parameter in model.named_parameters():
            self.shadow[name].mul_(0.9).add_(parameter.data, alpha=0.2)


layer = torch.nn.Linear(2, 1)
torch.nn.init.ones_(layer.weight)
torch.nn.init.ones_(layer.bias)
average = Average(layer)
average.update(layer)
parameters = list(layer.parameters())
with torch.no_grad():
    parameters[0].fill_(3.0)
    parameters[1].zero_()
    parameters[1].add_(2)
    parameters[1] += 1
y = seen, x, twice[1], table, same, average.kept, [parameter.tolist() for parameter in layer.parameters()]
