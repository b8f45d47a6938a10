"""Programs choose parameters and buffers by their names, which are torch's whatever the layers call them."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.PReLU())
        self.table = nn.Embedding(4, 3)
        self.norm = nn.LayerNorm(3)
        self.groups = nn.GroupNorm(1, 3)
        self.gamma = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.body(x) * self.gamma[0]


def buffers(names):
    return [name for name in names if not name.endswith("num_batches_tracked")]


net = Net()
net.eval()
y = {"names": [name for name, _ in net.named_parameters()], "buffers": buffers(name for name, _ in net.named_buffers())}
no_decay = ("bias", "norm.weight")
decayed = [name for name, p in net.named_parameters() if not any(part in name for part in no_decay)]
y["decayed"] = decayed
for name, p in net.named_parameters():
    if name.endswith(".weight"):
        p.requires_grad = False
y["trained"] = [name for name, p in net.named_parameters() if p.requires_grad]

state = {name: value.clone() + 1 for name, value in net.state_dict().items() if value.dtype == torch.float32}
y["state"] = sorted(buffers(state))
state = {name: value for name, value in state.items() if name in net.state_dict() and value.shape == net.state_dict()[name].shape}
net.load_state_dict(state, strict=False)
y["loaded"] = [net.body[1].weight.sum().item(), net.body[1].running_var.sum().item(), net.get_parameter("norm.bias").sum().item()]
for name, value in net.state_dict().items():
    if "running_mean" in name:
        value.fill_(4.0)
y["filled"] = net.body[1].running_mean.tolist()

layers = [nn.InstanceNorm2d(2, affine=True, track_running_stats=True), nn.SyncBatchNorm(3), nn.EmbeddingBag(3, 4), nn.BatchNorm3d(2, affine=False)]
layers += [nn.TransformerEncoderLayer(4, 2, 8), nn.TransformerDecoderLayer(4, 2, 8), nn.GroupNorm(1, 2, affine=False), nn.LayerNorm(3, bias=False)]
y["layers"] = [[buffers(m.state_dict()), buffers(n for n, _ in m.named_buffers()), [n for n, _ in m.named_children()]] for m in layers]
y["shapes"] = [[tuple(p.shape) for p in m.parameters()] for m in layers]
