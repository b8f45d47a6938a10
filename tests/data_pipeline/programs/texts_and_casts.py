"""What type checkers are told, texts of dtypes, devices that are compared, and infinities in double precision."""

from typing import cast

import torch


class Pair:
    def __init__(self, first, second):
        self.first = first
        self.second = second

    def same_device(self):
        device = self.first.device
        return device == self.second.device and not self.first.device != torch.zeros(1).device


def clipped(boxes):
    boxes = cast(torch.Tensor, boxes)
    boxes[..., ::2].clamp_(0, 3)
    return boxes.view(-1)


x = torch.arange(8).reshape(2, 4)
sizes = {"torch.float32": 4, "torch.float64": 8}
y = {
    "clipped": clipped(x),
    "written": x,
    "device": Pair(torch.ones(2), torch.ones(3)).same_device(),
    "text": [str(x.dtype), repr(torch.float16), str(torch.ones(1).dtype)[6:], sizes[str(torch.ones(1).double().dtype)]],
    "finite": torch.nan_to_num(torch.tensor([1.0, -1.0, 0.0, 2.0], dtype=torch.float64) / torch.tensor([0.0, 0.0, 0.0, 2.0], dtype=torch.float64), neginf=-5.0),
}
