"""Black touches changed lines of files that it formatted before, and nothing else."""

from pathlib import Path

import black
import pytest

from transpiler.syntax.format_output import BlackSettings, format_output, read_settings

CLEAN = "def f(x):\n    a = g(x, 1)\n    b = g(x, 2)\n    return a + b\n"
CHANGED = CLEAN.replace("g(x, 1)", "g( x,1 )")
BY_HAND = "def f( x ):\n    a = g(x, 1)\n    return a\n"


def test_auto_formats_changed_lines_of_a_black_file() -> None:
    assert black.format_str(CLEAN, mode=black.Mode()) == CLEAN
    assert format_output(CLEAN.encode(), CHANGED.encode(), "auto") == CLEAN.encode()


def test_auto_splits_a_line_that_became_too_long() -> None:
    long = CLEAN.replace("g(x, 1)", "mindspore.ops.some_function(first_argument=x, second_argument=1, third_argument=22)")
    formatted = format_output(CLEAN.encode(), long.encode(), "auto").decode()
    assert max(map(len, formatted.splitlines())) <= 88
    assert "b = g(x, 2)" in formatted


def test_auto_leaves_a_file_formatted_by_hand() -> None:
    output = BY_HAND.replace("g(x, 1)", "g( x,1 )").encode()
    assert format_output(BY_HAND.encode(), output, "auto") == output


def test_auto_adds_no_blank_lines_around_a_change() -> None:
    original = "class A(Base):\n    def f(self, x=old):\n        return x\n"
    assert format_output(original.encode(), original.replace("old", "new").encode(), "auto") == original.replace("old", "new").encode()


@pytest.mark.parametrize(
    "original",
    [
        "def f(x):\n  return x\n",
        "x = 'single'\n",
        "x = 1 \n",
        "result = some_function(first_argument_of_many, second_argument_of_many, third_argument_of_many)\n",
        "from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, relu\n",
        "def f(first_argument_of_many, second_argument_of_many, third_argument_of_many, fourth=1):\n    return 1\n",
    ],
)
def test_cheap_signs_agree_with_black(original: str) -> None:
    assert black.format_str(original, mode=black.Mode()) != original
    output = (original + "y  =  1\n").encode()
    assert format_output(original.encode(), output, "auto") == output


def test_black_formats_the_whole_file() -> None:
    output = BY_HAND.replace("g(x, 1)", "h(x)").encode()
    assert format_output(BY_HAND.encode(), output, "black") == b"def f(x):\n    a = h(x)\n    return a\n"


def test_none_and_unchanged_files_are_not_read() -> None:
    assert format_output(CLEAN.encode(), CHANGED.encode(), "none") == CHANGED.encode()
    assert format_output(BY_HAND.encode(), BY_HAND.encode(), "black") == BY_HAND.encode()


def test_line_ends_and_marks_that_black_would_not_give_back_stay() -> None:
    for original in (CLEAN.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + CLEAN.encode()):
        output = original.replace(b"g(x, 1)", b"g( x,1 )")
        assert format_output(original, output, "auto") == output


def test_settings_come_from_the_nearest_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.black]\nline-length = 120\nskip-string-normalization = true\ntarget-version = ['py311']\n"
    )
    (tmp_path / "pkg").mkdir()
    assert read_settings(tmp_path / "pkg") == BlackSettings(line_length=120, string_normalization=False, target_versions=("py311",))
    long = CLEAN.replace("g(x, 1)", "mindspore.ops.some_function(first_argument=x, second_argument=1, third_argument=22)").encode()
    assert format_output(CLEAN.encode(), long, "auto", read_settings(tmp_path / "pkg")) == long


def test_broken_settings_mean_blacks_defaults(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black\n")
    assert read_settings(tmp_path) == BlackSettings()
