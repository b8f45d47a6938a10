"""Several models at once, and the gradients of each sample: torch.func as its tutorials show it."""

import copy

import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacrev, stack_module_state, vmap


def fill(model, shift):
    with torch.no_grad():
        for number, p in enumerate(model.parameters()):
            p.copy_(torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + number + shift).reshape(p.shape) * 0.5)


def net():
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Tanh(), nn.Linear(4, 1))


models = [net() for _ in range(3)]
for shift, model in enumerate(models):
    fill(model, shift)
params, buffers = stack_module_state(models)
base = copy.deepcopy(models[0])
x = torch.linspace(-1, 1, 15).reshape(5, 3)
targets = torch.linspace(0, 1, 5)


def fmodel(params, buffers, x):
    return functional_call(base, (params, buffers), (x,))


together = vmap(fmodel, in_dims=(0, 0, None))(params, buffers, x)
weights = {name: p.detach() for name, p in models[1].named_parameters()}


def compute_loss(weights, sample, target):
    prediction = functional_call(base, weights, (sample.unsqueeze(0),))
    return nn.functional.mse_loss(prediction.squeeze(-1), target.unsqueeze(0))


each = vmap(grad(compute_loss), in_dims=(None, 0, 0))(weights, x, targets)
slopes = jacrev(compute_loss, argnums=1)(weights, x[0], targets[0])
curvature = hessian(lambda a: (torch.sin(a) * a).sum())(x[1])
after = base(x)
y = [together, *each.values(), slopes, curvature, after]
