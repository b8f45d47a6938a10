"""Which dotted names belong to torch, and by which one of several spellings an entry knows them."""

from __future__ import annotations

import re
from typing import Final

#: The one part of a package that serves other frameworks too.
SOURCE_PART: Final = "safetensors.torch"
#: Packages whose every use must end converted or diagnosed.
SOURCE_ROOTS: Final = frozenset({"torch", "torchvision", "torchaudio", "torchtext", "functorch", "einops"})

_SPELLINGS: Final = (
    (re.compile(r"^torch\.torch\.(.+)$"), r"torch.\1"),
    (re.compile(r"^torch\.functional\.F\.(\w+)$"), r"torch.nn.functional.\1"),
    (re.compile(r"^torch\.nn\.modules\.(?:[a-z_]+\.)?([A-Z]\w*(?:\..+)?)$"), r"torch.nn.\1"),
    (
        re.compile(r"^torch\.nn\.(?:functional|modules\.(?!utils)[a-z]+)\.(_single|_pair|_triple|_quadruple|_ntuple)$"),
        r"torch.nn.modules.utils.\1",
    ),
    (re.compile(r"^torch\.nn\.parameter\.(\w+)$"), r"torch.nn.\1"),
    (re.compile(r"^torch\.(?:functional|_tensor|types)\.(\w+)$"), r"torch.\1"),
    (re.compile(r"^torch\.distributions\.(?!constraints\.)[A-Za-z_]+\.([A-Z]\w*(?:\..+)?)$"), r"torch.distributions.\1"),
    (re.compile(r"^torch\.distributions\.kl\.(\w+)$"), r"torch.distributions.\1"),
    (
        re.compile(r"^torch\.nn\.utils\.(?:clip_grad|convert_parameters|fusion|init|memory_format|weight_norm|spectral_norm)\.(\w+)$"),
        r"torch.nn.utils.\1",
    ),
    (re.compile(r"^torch\.random\.(\w+)$"), r"torch.\1"),
    (re.compile(r"^torch\.optim\.[a-z]+\.([A-Z]\w*)$"), r"torch.optim.\1"),
    (re.compile(r"^torch\.utils\.data\.[a-z]+\.([A-Z]\w*)$"), r"torch.utils.data.\1"),
    (re.compile(r"^torch\.utils\.data\.[a-z]+\.(random_split|default_collate)$"), r"torch.utils.data.\1"),
)


def is_source(name: str) -> bool:
    """Whether a dotted name belongs to torch or a package that depends on it."""
    return name.partition(".")[0] in SOURCE_ROOTS or name == SOURCE_PART or name.startswith(f"{SOURCE_PART}.")


def canonical(name: str) -> str:
    """The public spelling of a torch name that is also reachable through a private module path."""
    for pattern, replacement in _SPELLINGS:
        if pattern.match(name):
            return pattern.sub(replacement, name)
    return name
