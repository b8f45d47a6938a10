"""Libraries beside torch: einops' notation, packages that are built on torch, and NumPy's arrays, whose methods are their own."""

from __future__ import annotations

from tests.rewrite.conftest import Port, remarked


def test_packages_built_on_torch_are_named_where_they_are_imported(port: Port) -> None:
    source = "import torch\nimport timm\nfrom timm.layers import DropPath\nfrom transformers import AutoTokenizer\n\nnet = timm.create_model('resnet18')\n"
    text, diagnostics = port(source)
    assert "import timm\nfrom timm.layers import DropPath\nfrom transformers import AutoTokenizer\n" in text
    assert [(d.code.value, d.symbol, d.range.line) for d in diagnostics if d.range and d.code.value in ("T2M405", "T2M207")] == [
        ("T2M405", "timm", 2),
        ("T2M405", "timm.layers", 3),
        ("T2M207", "transformers", 4),
    ]


def test_a_file_that_speaks_of_such_a_package_alone_is_looked_at(port: Port) -> None:
    source = "import timm\n\nnet = timm.create_model('resnet18')\n"
    text, diagnostics = port(source)
    assert text == source
    assert remarked(diagnostics) == ["T2M405"]


def test_a_package_is_known_by_its_name(port: Port) -> None:
    """The project's own modules, and a port's, are none."""
    source = "import torch\nfrom ema_pytorch import EMA\nimport einx\nfrom .torch_utils import f\nimport torchvision_ms\n\nx = EMA(torch.ones(2))\n"
    text, diagnostics = port(source)
    assert [(d.code.value, d.symbol) for d in diagnostics if d.code.value == "T2M405"] == [("T2M405", "ema_pytorch"), ("T2M405", "einx")]
    assert any("'ema_pytorch' works on torch's tensors" in d.message for d in diagnostics)
    assert "from ema_pytorch import EMA\nimport einx\nfrom .torch_utils import f\nimport torchvision_ms\n" in text


def test_arrays_keep_their_methods(port: Port) -> None:
    source = "import torch\nimport numpy as np\n\n\ndef f(x: torch.Tensor, a: np.ndarray):\n    n = x.detach().cpu().numpy()\n"
    body = "    n = n.transpose(1, 0).mean(axis=0).clip(0, 1)\n    return np.stack([n, 2 * n]).max(axis=0).sum(), a.reshape(n.shape[0], -1).squeeze().std()\n"
    text, diagnostics = port(source + body)
    assert text.endswith("n = ops.stop_gradient(x).asnumpy()\n" + body)
    assert remarked(diagnostics) == []


def test_einops_takes_the_kind_of_its_operand(port: Port) -> None:
    source = "import numpy as np\nimport torch\nfrom einops import rearrange\n\n\ndef f(x: torch.Tensor, image):\n"
    body = "    a = np.asarray(image)\n    return rearrange(x, 'a b -> b a').softmax(dim=-1), rearrange(a, 'h w c -> c h w').mean(axis=0)\n"
    text, diagnostics = port(source + body)
    assert "ms_support.softmax_of(ms_support.rearrange(x, 'a b -> b a'), dim=-1)" in text
    assert "ms_support.rearrange(a, 'h w c -> c h w').mean(axis=0)" in text
    assert "einops" not in text
    assert remarked(diagnostics) == []


def test_typed_tensors_of_a_shape(port: Port) -> None:
    source = "import torch\n\n\ndef f(x: torch.Tensor):\n    return torch.Tensor(x.size()), torch.LongTensor(x.shape), torch.FloatTensor((3, 1), device=x.device)\n"
    text, _ = port(source)
    line = "return ms_support.FloatTensor(*x.shape), ms_support.LongTensor(*x.shape), ms_support.FloatTensor((3, 1))"
    assert line in text or line.replace("(3, 1))", "(3, 1), device=x.device)") in text


def test_typed_tensors_of_what_is_not_known_are_made_and_the_doubt_is_said(port: Port) -> None:
    text, diagnostics = port("import torch\n\n\ndef f(values):\n    return torch.Tensor(values)\n")
    assert "return ms_support.FloatTensor(values)" in text
    assert remarked(diagnostics) == []
    assert any("torch.Size" in d.message for d in diagnostics)
