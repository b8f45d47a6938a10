"""Conversions of single calls that data cannot say. Each takes the site and its context and returns an expression, or None to decline
(the support form or a diagnostic follows). Mapping entries name them with ``convert:``.

A user's own converter goes into a Python file beside their mapping table; see ``docs/extending.md``.
"""

from __future__ import annotations

import libcst as cst

from transpiler.rewrite.call_site import CallSite, ConverterContext


def receiver_only(site: CallSite, context: ConverterContext) -> cst.BaseExpression | None:
    """The call means nothing on the target beyond its receiver: ``x.cuda()`` is ``x``."""
    return site.args[0].value if site.args else None
