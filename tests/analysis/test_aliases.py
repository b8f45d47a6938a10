"""Whether a name's value is read after a call: the paths through a function's statements."""

from __future__ import annotations

import libcst as cst
import pytest

from transpiler.analysis.aliases import events, is_read_after

READ = {
    "same-expression": "y = act(x) + x",
    "next-statement": "y = act(x)\nreturn x",
    "one-branch": "y = act(x)\nif c:\n    z = x\nelse:\n    x = 1",
    "next-round": "for i in n:\n    y = act(x)",
    "nested-function": "y = act(x)\ndef g():\n    return x",
    "other-branch-later": "if c:\n    y = act(x)\nz = x",
    "finally": "try:\n    y = act(x)\nfinally:\n    print(x)",
    "augmented": "y = act(x)\nx += 1",
}
NOT_READ = {
    "bound-to-the-result": "x = act(x)\nreturn x",
    "bound-anew": "y = act(x)\nx = 1\nreturn x",
    "returned": "return act(x)",
    "both-branches-bind": "y = act(x)\nif c:\n    x = 1\nelse:\n    x = 2\nreturn x",
    "other-branch": "if c:\n    y = act(x)\nelse:\n    y = x\nreturn y",
    "other-side-of-a-conditional": "y = act(x) if c else x",
    "only-its-shape": "y = act(x)\nreturn y.view(x.shape), x.size(0), x is None",
    "loop-binds-it": "for x in n:\n    y = act(x)",
    "before": "z = x\ny = act(x)",
}


def _is_read(source: str) -> bool:
    body = cst.parse_module(source + "\n").body
    path: list[cst.CSTNode] = []
    siblings: list[cst.CSTNode] = list(body)
    call = next(e.node for s in body for e in events(s) if e.kind == "call" and isinstance(e.node, cst.Call) and _is_act(e.node))
    while siblings:
        found = next((s for s in siblings if any(e.node is call for e in events(s))), None)
        if found is None:
            break
        path.append(found)
        siblings = [s for block in _blocks(found) for s in block]
    return is_read_after(body, path, call, "x")


def _is_act(call: cst.Call) -> bool:
    return isinstance(call.func, cst.Name) and call.func.value == "act"


def _blocks(statement: cst.CSTNode) -> list[list[cst.CSTNode]]:
    return [list(part.body) for part in statement.children if isinstance(part, cst.IndentedBlock)]


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_reads_are_found(source: str) -> None:
    assert _is_read(source)


@pytest.mark.parametrize("source", NOT_READ.values(), ids=NOT_READ)
def test_other_uses_are_no_reads(source: str) -> None:
    assert not _is_read(source)
