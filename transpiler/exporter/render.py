"""How a result reads in a terminal: one line per tensor, faults first in the summary, aligned columns, no colour."""

from __future__ import annotations

import math

from transpiler.exporter.contract import Row, VerifyResult, WeightsResult

_HEADER = ("", "name", "shape", "max abs error", "error/spread", "note")


def render_table(result: WeightsResult | VerifyResult) -> str:
    """The result as text: table, problems, notes and one closing line that says whether all is well."""
    parts = [_table(result.rows)] if result.rows else []
    parts += [f"{problem.place}: {problem.code.value} {problem.message}" for problem in result.problems]
    if result.dropped:
        parts.append(f"dropped, without counterpart by rule: {', '.join(result.dropped)}")
    parts += [f"note: {note}" for note in result.notes]
    parts.append(_verdict(result))
    return "\n".join(parts)


def _table(rows: tuple[Row, ...]) -> str:
    lines = [_HEADER, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    name = row.name if row.kind in ("output", "weight") else f"{row.name} ({row.kind})"
    mark = "ok" if row.ok else "DIFFERS"
    return mark, name, "×".join(map(str, row.shape)) or "scalar", _number(row.max_abs_error), _number(row.relative_error), row.note


def _number(value: float) -> str:
    return f"{value:.2e}" if math.isfinite(value) else "-"


def _verdict(result: WeightsResult | VerifyResult) -> str:
    bad = sum(not row.ok for row in result.rows)
    if isinstance(result, WeightsResult):
        if result.ok:
            return f"{len(result.rows)} tensors written to {result.output}, weight map in {result.weight_map}"
        return f"nothing was written: {len(result.problems) + bad} weights do not fit"
    if result.ok:
        return f"the port computes the same: {len(result.rows)} tensors within {result.limit:g} of their spread"
    if result.rows and not bad:
        return f"the port computes the same: {len(result.rows)} tensors within {result.limit:g} of their spread; it does not compile as a graph"
    where = f"; first departing: {result.first_departing}" if result.first_departing else ""
    if not result.rows:
        return f"not compared: {len(result.problems)} weights do not fit"
    return f"the port differs: {bad} of {len(result.rows)} tensors{where}"
