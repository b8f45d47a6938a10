"""Models in mixed precision on a CPU: what each step computes in, and where it leads."""

import torch
import torch.nn.functional as F
from torch import nn


def fill(model):
    with torch.no_grad():
        for number, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + number)
            p.copy_(values.reshape(p.shape) * 0.3)


def batch(number, *shape):
    size = 1
    for n in shape:
        size *= n
    return torch.cos(torch.arange(size, dtype=torch.float32) * 0.37 + number).reshape(shape)


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 16)
        self.norm = nn.LayerNorm(16)
        self.second = nn.Linear(16, 3)
        self.seen = []

    def forward(self, x):
        h = self.first(x)
        n = self.norm(h)
        y = self.second(F.gelu(n))
        self.seen = [h.dtype, y.dtype]
        return y


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.down = nn.Conv2d(4, 6, 3, stride=2, bias=False)
        self.up = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.head = nn.Linear(4, 3)
        self.seen = []

    def forward(self, x):
        a = self.stem(x)
        b = F.max_pool2d(torch.relu(self.norm(a)), 2)
        c = self.up(torch.relu(self.down(b)))
        y = self.head(c.mean(dim=(2, 3)))
        self.seen = [a.dtype, b.dtype, c.dtype, y.dtype]
        return y


class Attentive(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 3)
        self.seen = []

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / 8**0.5
        own = torch.softmax(scores, dim=-1) @ v
        fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = self.out((own + fused).mean(dim=1))
        self.seen = [q.dtype, scores.dtype, own.dtype, fused.dtype, y.dtype]
        return y


def train(model, shape, criterion, target):
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    losses = []
    for number in range(8):
        x = batch(number, *shape)
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            output = model(x)
            loss = criterion(output, target)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    dtypes = [str(d).lower().replace("torch.", "") for d in [*model.seen, output.dtype, loss.dtype]]
    return losses, dtypes, scaler.get_scale()


def phases():
    """The backward pass under a condition; a loss so small that its gradients vanish in half precision unless it is scaled first."""
    model = Perceptron()
    fill(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e4)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    losses = []
    for phase in ["train", "val", "train", "val"]:
        optimizer.zero_grad()
        with torch.set_grad_enabled(phase == "train"):
            with torch.autocast("cpu", dtype=torch.float16):
                output = model(batch(1, 9, 6))
                loss = (output.float() ** 2).mean() * 1e-7
            if phase == "train":
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
        losses.append(loss.item() * 1e7)
    return losses, [str(loss.dtype).lower().replace("torch.", "")], scaler.get_scale()


def perceptron():
    return train(Perceptron(), (9, 6), nn.CrossEntropyLoss(), torch.arange(9) % 3)


def convolutional():
    return train(Convolutional(), (4, 2, 8, 8), nn.CrossEntropyLoss(label_smoothing=0.1), torch.arange(4) % 3)


def attentive():
    return train(Attentive(), (4, 7, 8), nn.MSELoss(), batch(3, 4, 3).half())


def switched():
    model = Perceptron()
    fill(model)
    x = batch(0, 2, 6)
    seen = []
    with torch.autocast(device_type="cpu", dtype=torch.float16):
        seen.append((model(x).dtype, torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")))
        with torch.autocast("cpu", enabled=False):
            seen.append((model(x).dtype, torch.is_autocast_enabled("cpu")))
        seen.append((model(x).dtype, torch.is_autocast_enabled("cpu")))
    seen.append((model(x).dtype, torch.is_autocast_enabled("cpu")))
    with torch.autocast("cuda"):
        seen.append((model(x).dtype, torch.is_autocast_enabled()))

    @torch.autocast("cpu", dtype=torch.float16)
    def decorated(a):
        return a @ a.T

    seen.append(decorated(x).dtype)
    try:
        with torch.autocast("cpu", dtype=torch.float16):
            raise KeyError("left by an error")
    except KeyError:
        seen.append((x @ x.T).dtype)
    return [0.0], [str(item).lower().replace("torch.", "").replace("mindspore.", "") for item in seen], 0.0


class Doubled(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight * 2

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        return gradient @ weight.T * 2, x.T @ gradient * 2


class Plain(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        return gradient @ weight.T, x.T @ gradient


def functions():
    x = batch(1, 3, 4)
    with torch.autocast("cpu", dtype=torch.float16):
        wide = Doubled.apply(x.half(), batch(2, 4, 2))
        narrow = Plain.apply(x, batch(2, 4, 2))
    outside = Doubled.apply(x, batch(2, 4, 2))
    values = [float(y.float().sum()) for y in (wide, narrow, outside)]
    return values, [str(y.dtype).lower().replace("torch.", "") for y in (wide, narrow, outside)], 0.0
