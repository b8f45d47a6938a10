"""The support module holds what was asked for with everything it needs, executes, and is the same every time."""

import ast
import builtins
import importlib
import symtable
import sys
from collections.abc import Iterator
from pathlib import Path

import black
import pytest

import transpiler.support
from transpiler.support.assemble import (
    SupportError,
    SupportFiles,
    assemble,
    name_clashes,
    names_in,
    read_support,
    support_names,
    written_by_us,
)

TARGETS = ("mindspore", "keras")
SUPPORT = Path(transpiler.support.__file__).parent


def each_name() -> list[tuple[str, str]]:
    return [(target, name) for target in TARGETS for name in sorted(support_names(target))]


@pytest.fixture(scope="module")
def files() -> dict[str, SupportFiles]:
    return {target: read_support(target) for target in TARGETS}


def top_level(tree: ast.Module) -> set[str]:
    """Names that a module binds at its top level."""
    table = symtable.symtable(ast.unparse(tree), "<support>", "exec")
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def globals_read(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for child in table.get_children():
        yield from globals_read(child)


@pytest.mark.parametrize("target", TARGETS)
def test_there_is_support_code(target: str) -> None:
    assert support_names(target)


@pytest.mark.parametrize(("target", "name"), each_name())
def test_each_name_brings_all_it_needs(target: str, name: str, files: dict[str, SupportFiles]) -> None:
    tree = ast.parse(assemble(target, [name], files[target]))
    bound = top_level(tree)
    assert name in bound
    unknown = set(globals_read(symtable.symtable(ast.unparse(tree), "<support>", "exec"))) - bound - set(dir(builtins))
    assert unknown <= {"__name__", "__file__"}


@pytest.mark.parametrize(("target", "name"), each_name())
def test_nothing_is_imported_for_nothing(target: str, name: str, files: dict[str, SupportFiles]) -> None:
    tree = ast.parse(assemble(target, [name], files[target]))
    imported = {
        a.asname or a.name.partition(".")[0] for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names
    }
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported - {"annotations"} <= read


@pytest.mark.parametrize("target", TARGETS)
def test_support_depends_on_the_framework_alone(target: str) -> None:
    allowed = {"mindspore": {"mindspore", "numpy", "PIL", "safetensors", "einops"}, "keras": {"keras", "numpy"}}[
        target
    ]  # what MindSpore itself needs
    tree = ast.parse(assemble(target, support_names(target)))
    roots = {a.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    roots |= {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert roots - set(sys.stdlib_module_names) <= allowed


@pytest.mark.parametrize("target", TARGETS)
def test_no_two_files_define_one_name_differently(target: str) -> None:
    assert name_clashes(target) == ()


@pytest.mark.parametrize("target", TARGETS)
def test_definitions_stand_before_what_executes_them(target: str) -> None:
    tree = ast.parse(assemble(target, support_names(target)))
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    seen: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)} & classes
            assert bases <= seen, f"{node.name} stands before {bases - seen}"
            seen.add(node.name)


@pytest.mark.parametrize("target", TARGETS)
def test_text_is_verbatim(target: str) -> None:
    """Every definition, with its comments and docstring, is text of a support file."""
    files = "\n".join(path.read_text() for path in sorted((SUPPORT / target).glob("*.py")))
    text = assemble(target, support_names(target))
    tree = ast.parse(text)
    definitions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert definitions
    lines = text.splitlines()
    for node in definitions:
        assert "\n".join(lines[node.lineno - 1 : node.end_lineno]) in files


@pytest.mark.parametrize("target", TARGETS)
def test_order_and_repetition_of_the_names_do_not_matter(target: str) -> None:
    names = sorted(support_names(target))
    assert assemble(target, names) == assemble(target, [*reversed(names), *names])


@pytest.mark.parametrize("target", TARGETS)
def test_black_leaves_it_alone(target: str) -> None:
    text = assemble(target, support_names(target))
    assert black.format_str(text, mode=black.Mode(line_length=140)) == text


@pytest.mark.parametrize("target", TARGETS)
def test_a_module_of_ours_tells_its_names(target: str) -> None:
    names = sorted(support_names(target))[:3]
    module = assemble(target, names).encode()
    assert written_by_us(module)
    assert set(names) <= names_in(module, target) <= support_names(target)
    assert assemble(target, names_in(module, target)).encode() == module
    assert not written_by_us(b"def conv(x):\n    return x\n")


def test_unknown_names_are_named() -> None:
    with pytest.raises(SupportError, match="NoSuchLayer"):
        assemble("mindspore", ["NoSuchLayer"])


@pytest.mark.parametrize("target", TARGETS)
def test_every_name_of_the_framework_exists(target: str) -> None:
    """No type checker looks into the frameworks: each dotted name that starts at something imported from one is looked up."""
    tree = ast.parse(assemble(target, support_names(target)))
    known: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in (alias for alias in node.names if alias.name.startswith(target)):
                module = importlib.import_module(alias.name)
                known[alias.asname or target] = module if alias.asname else sys.modules[target]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(target):
            scope: dict[str, object] = {}
            exec(ast.unparse(node), scope)  # noqa: S102 - the import as the support module has it
            known |= scope
    used = {dotted for node in ast.walk(tree) if isinstance(node, ast.Attribute) and (dotted := ast.unparse(node)).split(".")[0] in known}
    chains = [dotted.split(".") for dotted in used if dotted.replace(".", "").replace("_", "").isalnum()]
    assert len(chains) > 50
    assert [".".join(chain) for chain in chains if not resolves(known[chain[0]], chain[1:])] == []


def resolves(found: object, attributes: list[str]) -> bool:
    """Whether attributes can be read one after another."""
    return not attributes or (hasattr(found, attributes[0]) and resolves(getattr(found, attributes[0]), attributes[1:]))
