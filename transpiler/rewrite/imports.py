"""How the import block is ported: torch's imports give way to those of the target that the edited file needs, line by line.

An import stays where something that was not converted still uses its name. A line is replaced by the target's imports of the same names
where there are any; the others that the file needs go to the first torch import.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import libcst as cst

from transpiler.analysis.facts import ImportFact
from transpiler.report.codes import Code, Kind
from transpiler.rewrite.context import FileContext, Remark
from transpiler.rewrite.fold_conditions import ConditionFolder
from transpiler.rewrite.spelling import NeededImport, dotted_expression
from transpiler.syntax.tree import children

_Import = cst.Import | cst.ImportFrom
_Block = TypeVar("_Block", cst.Module, cst.IndentedBlock)


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What each torch import statement becomes, by ``id``: the aliases that stay, and the target imports that stand in its place."""

    kept: dict[int, list[Any]]
    replaced: dict[int, list[NeededImport]]
    inserted: list[NeededImport]


class ImportRewriter:
    """Rewrites the imports of one edited file."""

    def __init__(self, file: FileContext, exported: frozenset[str]) -> None:
        self.file = file
        self.exported = exported
        self.left = frozenset().union(file.facts.ambiguous, *(r.roots for r in file.remarks if r.kind is Kind.UNCONVERT))

    def rewrite(self, edited: cst.Module) -> cst.Module:
        """The file with its imports ported."""
        self._note_exports()
        needed = self._used(edited)
        plan = self._plan(edited, needed)
        editor = _ImportEditor(self.file, plan)
        result = edited.visit(editor)
        assert isinstance(result, cst.Module)
        if plan.inserted:
            result = self._insert(result, plan.inserted)
        return result

    def _note_exports(self) -> None:
        for facts in self.file.facts.imports.values():
            for fact in facts:
                equivalent = self.file.target.equivalents.get(fact.target)
                if fact.local in self.exported and equivalent is not None and not fact.through_project:
                    self.file.speller.text(equivalent)

    def _used(self, edited: cst.Module) -> list[NeededImport]:
        """Needed imports whose name really occurs; what a folded branch or a form that was tried asked for has gone with it."""
        if not self.file.speller.needed:
            return []
        names, strings = self._named(edited)
        text = "\n".join(strings)
        return [
            n
            for n in self.file.speller.needed
            if n.local in self.exported or n.local in names or re.search(rf"(?<![\w.]){re.escape(n.local)}\b", text)
        ]

    def _named(self, edited: cst.Module) -> tuple[set[str], list[str]]:
        """The names that the statements which were edited use, those after a dot aside, and the strings in them, which may be annotations."""
        names: set[str] = set()
        strings: list[str] = []
        waiting: list[cst.CSTNode] = [edited]
        while waiting:
            node = waiting.pop()
            if isinstance(node, cst.Name):
                names.add(node.value)
            elif isinstance(node, cst.Attribute):
                waiting.append(node.value)
            elif isinstance(node, cst.SimpleString):
                strings.append(node.value)
            elif id(node) not in self.file.untouched:
                waiting.extend(children(node))
        return names, strings

    def _plan(self, edited: cst.Module, needed: Sequence[NeededImport]) -> ImportPlan:
        top = [s for line in edited.body for s in _imports_of(line) if id(s) in self.file.facts.imports]
        kept = {key: self._kept(facts) for key, facts in self.file.facts.imports.items()}
        replaced: dict[int, list[NeededImport]] = {key: [] for key in kept}
        rest: list[NeededImport] = []
        late = self._late(edited)
        for item in sorted(needed, key=lambda n: n.sort_key):
            homes = [key for key, facts in self.file.facts.imports.items() if any(self._corresponds(item, fact) for fact in facts)]
            module_level = [key for key in homes if all(f.scope == "module" for f in self.file.facts.imports[key])]
            is_late = bool(top) and any(key in late for key in module_level[:1])
            for key in [] if is_late else module_level[:1]:
                replaced[key].append(item)
            if is_late or (not any(key == id(s) for s in top for key in module_level[:1]) and not self._guarded(edited, module_level[:1])):
                rest.append(item)
        if top and rest:
            homes = [id(s) for s in top if id(s) not in late] or [id(top[0])]
            for item in rest:
                home = next((key for key in homes if any(_joins(item, other) for other in replaced[key])), homes[0])
                replaced[home] = [item, *replaced[home]]
            return ImportPlan(kept, replaced, [])
        return ImportPlan(kept, replaced, rest)

    @staticmethod
    def _late(edited: cst.Module) -> set[int]:
        """The imports that stand behind other statements, which may use what an earlier import of torch gave."""
        late: set[int] = set()
        begun = False
        for index, line in enumerate(edited.body):
            imports = _imports_of(line)
            begun = begun or not (imports or (index == 0 and _is_docstring(line)))
            late |= {id(s) for s in imports} if begun else set()
        return late

    def _guarded(self, edited: cst.Module, homes: Sequence[int]) -> bool:
        """Whether the corresponding import stands in a ``try`` of the module, where its replacement serves the whole file."""
        for line in edited.body:
            if isinstance(line, cst.Try) and any(id(s) in homes for inner in _block(line.body) for s in _imports_of(inner)):
                return True
        return False

    def _kept(self, facts: Sequence[ImportFact]) -> list[Any]:
        locals_elsewhere = {f.local for group in self.file.facts.imports.values() for f in group}
        kept = []
        for fact in facts:
            if fact.local == "*":
                if any(name not in locals_elsewhere for name in self.left):
                    kept.append(fact.alias)
            elif fact.local in self.left:
                kept.append(fact.alias)
        return kept

    @staticmethod
    def _corresponds(item: NeededImport, fact: ImportFact) -> bool:
        if fact.through_project:
            return False
        if item.local == fact.local:
            return True
        return fact.target == "torch" and item.name is None and fact.local == "torch"

    def _insert(self, module: cst.Module, inserted: Sequence[NeededImport]) -> cst.Module:
        lines = [cst.SimpleStatementLine([statement]) for statement in _statements(inserted)]
        position = _insertion_point(module)
        for line in lines:
            text = self.file.code(line.body[0])
            self.file.remarks.append(
                Remark(Kind.INSERT, Code.INSERTED, self.file.module, f"'{text}' is inserted to the converted file.", "", text)
            )
        return module.with_changes(body=[*module.body[:position], *lines, *module.body[position:]])


class _ImportEditor(cst.CSTTransformer):
    """Applies an import plan."""

    def __init__(self, file: FileContext, plan: ImportPlan) -> None:
        super().__init__()
        self.file = file
        self.plan = plan

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.SimpleStatementLine):
            return any(id(small) in self.plan.kept for small in node.body)
        return isinstance(
            node,
            (cst.Module, cst.BaseCompoundStatement, cst.IndentedBlock, cst.Else, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally),
        )

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine] | cst.RemovalSentinel:
        new: list[cst.BaseSmallStatement] = []
        for small in original_node.body:
            if id(small) in self.plan.kept and isinstance(small, (cst.Import, cst.ImportFrom)):
                new.extend(self._replacement(small))
            else:
                new.append(small)
        if not new:
            return self._emptied(updated_node)
        new = [s.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for s in new]
        first = updated_node.with_changes(body=[new[0]])
        if len(new) == 1:
            return first
        plain = cst.TrailingWhitespace(newline=updated_node.trailing_whitespace.newline)
        others = [cst.SimpleStatementLine([s], trailing_whitespace=plain) for s in new[1:-1]]
        last = cst.SimpleStatementLine([new[-1]], trailing_whitespace=updated_node.trailing_whitespace)
        return cst.FlattenSentinel([first.with_changes(trailing_whitespace=plain), *others, last])

    def _emptied(self, line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
        """A line without a successor goes; its comments stay."""
        self.file.removed.add(id(line))
        self.file.keep_alive.append(line)
        return line

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.IndentedBlock:
        return self._without_removed(updated_node)

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return self._without_removed(updated_node)

    def _without_removed(self, block: _Block) -> _Block:
        left: list[cst.EmptyLine]
        body, left, changed = ConditionFolder(self.file).expand(block.body)
        if not changed:
            return block
        if not body and isinstance(block, cst.IndentedBlock):
            body, left = [cst.SimpleStatementLine([cst.Pass()], leading_lines=left)], []
        if (
            isinstance(block, cst.Module)
            and body
            and block.body
            and body[0] is not block.body[0]
            and id(block.body[0]) in self.file.removed
        ):
            body[0] = _without_first_blank(body[0])
        return block.with_changes(body=body, footer=[*left, *block.footer])

    def _replacement(self, small: _Import) -> list[cst.BaseSmallStatement]:
        kept, needed = self.plan.kept[id(small)], self.plan.replaced[id(small)]
        facts = self.file.facts.imports[id(small)]
        concerned = {id(fact.alias) for fact in facts}
        stay = _remaining(small, concerned, kept)
        new = ([stay] if stay is not None else []) + list(_statements(needed))
        text = self.file.code(small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT))
        replacement = "; ".join(self.file.code(s) for s in new if s is not stay)
        if kept:
            self.file.remarks.append(
                Remark(
                    Kind.UNCONVERT,
                    Code.UNSUPPORTED_STATEMENT,
                    small,
                    f"'{text}' didn't convert. What it binds is still used.",
                    text,
                    "",
                    "See the other remarks.",
                )
            )
        if needed:
            self.file.converted(small, text, replacement)
        elif not kept:
            self.file.dropped(small, text, "nothing uses it any more.")
        return new


def _remaining(small: _Import, concerned: set[int], kept: Sequence[Any]) -> cst.BaseSmallStatement | None:
    """The import with the names that stay; None where none does."""
    if isinstance(small.names, cst.ImportStar):
        return small if kept else None
    stays = [alias for alias in small.names if id(alias) not in concerned or any(alias is k for k in kept)]
    if len(stays) == len(small.names):
        return small
    if not stays:
        return None
    stays[-1] = stays[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return small.with_changes(names=stays)


def _joins(item: NeededImport, other: NeededImport) -> bool:
    """Whether two imports can share one ``from`` statement."""
    return item.name is not None and other.name is not None and (item.module, item.level) == (other.module, other.level)


def _statements(needed: Sequence[NeededImport]) -> list[cst.BaseSmallStatement]:
    """Import statements for a list of needs, those from one module together."""
    result: list[cst.BaseSmallStatement] = []
    grouped: dict[tuple[str, int], list[NeededImport]] = {}
    for item in dict.fromkeys(needed):
        if item.name is None:
            alias = cst.AsName(cst.Name(item.alias)) if item.alias else None
            result.append(cst.Import([cst.ImportAlias(dotted_expression(item.module), asname=alias)]))  # type: ignore[arg-type]
        else:
            grouped.setdefault((item.module, item.level), []).append(item)
    for (module, level), items in sorted(grouped.items(), key=lambda pair: (pair[0][1], pair[0][0])):
        names = [
            cst.ImportAlias(cst.Name(i.name or ""), asname=cst.AsName(cst.Name(i.alias)) if i.alias else None)
            for i in sorted(items, key=lambda i: i.name or "")
        ]
        result.append(
            cst.ImportFrom(dotted_expression(module) if module else None, names, relative=[cst.Dot()] * level)  # type: ignore[arg-type]
        )
    return result


def _imports_of(line: cst.CSTNode) -> list[_Import]:
    if not isinstance(line, cst.SimpleStatementLine):
        return []
    return [small for small in line.body if isinstance(small, (cst.Import, cst.ImportFrom))]


def _block(suite: cst.BaseSuite) -> Sequence[cst.BaseStatement]:
    return suite.body if isinstance(suite, cst.IndentedBlock) else []


def _insertion_point(module: cst.Module) -> int:
    """Behind the docstring, ``__future__`` imports and the first block of imports."""
    position = 0
    for index, line in enumerate(module.body):
        if _imports_of(line) or (index == 0 and _is_docstring(line)):
            position = index + 1
        elif not isinstance(line, cst.SimpleStatementLine):
            break
    return position


def _is_docstring(line: cst.CSTNode) -> bool:
    return (
        isinstance(line, cst.SimpleStatementLine)
        and isinstance(line.body[0], cst.Expr)
        and isinstance(line.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )


def _without_first_blank(line: Any) -> Any:
    leading = list(getattr(line, "leading_lines", ()))
    while leading and leading[0].comment is None:
        leading.pop(0)
    return line.with_changes(leading_lines=leading)
