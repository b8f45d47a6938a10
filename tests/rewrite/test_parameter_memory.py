"""Parameters that are made from views, or given views: MindSpore's optimizers cannot write into these."""

from __future__ import annotations

import pytest

from tests.rewrite.conftest import Port, remarked

HEADER = "import torch\nfrom torch import nn\nw = torch.ones(4, 2)\nnet = nn.Linear(4, 2)\n"
CASES = {
    "nn.Parameter(torch.arange(6.).view(2, 3))": "mindspore.Parameter(ops.arange(6.).reshape(2, 3).copy())",
    "nn.Parameter(w[0], requires_grad=False)": "mindspore.Parameter(w[0].copy(), requires_grad=False)",
    "nn.Parameter(data=w.t())": "mindspore.Parameter(w.t().copy())",
    "nn.Parameter(w.T.detach())": "mindspore.Parameter(ops.stop_gradient(w.T).copy())",
    "nn.Parameter(torch.zeros(3))": "mindspore.Parameter(ops.zeros((3,)))",
    "nn.Parameter(w)": "mindspore.Parameter(w)",
    "nn.Parameter(w + 1)": "mindspore.Parameter(w + 1)",
}
STORES = {
    "net.weight.data = w.t()": "net.weight.data = w.t().copy()",
    "net.bias.data = w[:2, 0]": "net.bias.data = w[:2, 0].copy()",
    "v = w.t()\nnet.weight.data = v": "net.weight.data = v.copy()",
    "for p in net.parameters():\n    p.data = torch.ones(p.numel()).view(p.size())": "p.data = ops.ones((p.numel(),)).reshape(p.shape).copy()",
    "for p, q in zip(net.parameters(), net.parameters()):\n    p.data = q.data": "    p.data = q.data\n",
    "net.weight.data = w.t() * 2": "net.weight.data = w.t() * 2\n",
    "class Node:\n    pass\nnode = Node()\nnode.data = w.t()": "node.data = w.t()\n",
}


@pytest.mark.parametrize("before", CASES)
def test_parameters_made_of_views(port: Port, before: str) -> None:
    assert port(f"{HEADER}p = {before}\n")[0].splitlines()[-1] == f"p = {CASES[before]}"


@pytest.mark.parametrize("before", STORES)
def test_views_as_data(port: Port, before: str) -> None:
    assert STORES[before] in port(f"{HEADER}{before}\n")[0]


def test_memory_that_torch_shares_is_reported(port: Port) -> None:
    assert remarked(port(f"{HEADER}net.weight.data = w.t()\n")[1]) == ["T2M202"]
    assert remarked(port(f"{HEADER}net.weight.data = torch.ones(8).view(4, 2)\n")[1]) == []
