"""Every code is explained; codes are grouped by their first digit."""

import re

from transpiler.report.codes import EXPLANATIONS, Code


def test_every_code_is_explained() -> None:
    assert set(EXPLANATIONS) == set(Code)
    assert all(info.title and info.explanation.endswith(".") for info in EXPLANATIONS.values())


def test_codes_have_one_form_and_are_distinct() -> None:
    values = [code.value for code in Code]
    assert all(re.fullmatch(r"T2M[0-59]\d\d", value) for value in values)
    assert len(set(values)) == len(values)
