"""Batch normalisations that are written anew on top of torch's, and layers that are made from what others were made with."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class BN(nn.BatchNorm2d):
    def forward(self, x):
        self._check_input_dim(x)
        if self.momentum is None:
            factor = 0.0
        else:
            factor = self.momentum
        if self.training and self.track_running_stats:
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
                if self.momentum is None:
                    factor = 1.0 / float(self.num_batches_tracked)
                else:
                    factor = self.momentum
        if self.training:
            bn_training = True
        else:
            bn_training = (self.running_mean is None) and (self.running_var is None)
        return F.batch_norm(
            x,
            self.running_mean if not self.training or self.track_running_stats else None,
            self.running_var if not self.training or self.track_running_stats else None,
            self.weight, self.bias, bn_training, factor, self.eps,
        )


class Manual(nn.BatchNorm2d):
    def __init__(self, n, momentum=None):
        super().__init__(n, momentum=momentum)

    def forward(self, x):
        f = 0.0
        if self.training and self.track_running_stats:
            self.num_batches_tracked += 1
            f = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        if self.training:
            mean = x.mean([0, 2, 3])
            var = x.var([0, 2, 3], unbiased=False)
            n = x.numel() / x.size(1)
            with torch.no_grad():
                self.running_mean = f * mean + (1 - f) * self.running_mean
                self.running_var = f * var * n / (n - 1) + (1 - f) * self.running_var
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean[None, :, None, None]) / torch.sqrt(var[None, :, None, None] + self.eps)
        if self.affine:
            x = x * self.weight[None, :, None, None] + self.bias[None, :, None, None]
        return x


class Counted(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x) * (1 + self.num_batches_tracked.item())


class Deep(nn.BatchNorm3d):
    def forward(self, x):
        return super().forward(x) + self.num_batches_tracked


def surgery(net):
    out = []
    for name, m in net.named_modules():
        if isinstance(m, nn.BatchNorm2d):
            out.append((name, m.num_features, m.eps, round(m.momentum, 6), m.affine, m.track_running_stats))
            g = nn.GroupNorm(1, m.num_features, eps=m.eps, affine=m.affine)
            out.append(g.affine)
        elif isinstance(m, nn.MaxPool2d):
            out.append((m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode))
        elif isinstance(m, nn.Conv2d):
            c = nn.Conv2d(m.in_channels, m.out_channels, m.kernel_size, m.stride, m.padding, m.dilation, m.groups, m.bias is not None, m.padding_mode)
            out.append((c.kernel_size, c.stride, c.padding, c.padding_mode, c.transposed, c.output_padding))
    return out


x = torch.arange(48.0).reshape(2, 2, 3, 4) / 7
y = []
for m in (BN(2), BN(2, momentum=None), BN(2, affine=False), BN(2, track_running_stats=False), Manual(2), Manual(2, 0.3)):
    m.train()
    m(x)
    y.append(m(x * 2))
    if m.running_mean is not None:
        y.extend([m.running_mean.clone(), m.running_var.clone()])
    m.eval()
    y.append(m(x))
z = x.reshape(2, 2, 3, 2, 2)
for m, given in ((Counted(2), x), (Counted(2, momentum=None), x), (Deep(2), z), (Deep(2, momentum=None), z), (nn.LazyBatchNorm2d(), x)):
    m.train()
    m(given)
    y.append(m(given))
    m.eval()
    y.extend([m(given), int(m.num_batches_tracked), sorted(m.state_dict()), len(list(m.named_buffers()))])
convolution, pool = nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(3, 2, 1)
y.append(surgery(nn.Sequential(convolution, nn.BatchNorm2d(2), pool, nn.Sequential(nn.Conv2d(2, 2, (1, 3), bias=False, groups=2)))))
