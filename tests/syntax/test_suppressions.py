"""Suppression comments count where they are comments, and nowhere else."""

from transpiler.syntax.suppressions import skips_file, suppressed


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def test_codes_and_all() -> None:
    source = "import torch\nx = torch.foo()  # torch2ms: ignore[T2M401, T2M301]\ny = torch.bar()  # torch2ms: ignore\n"
    assert suppressed(lines(source)) == {2: frozenset({"T2M401", "T2M301"}), 3: None}


def test_beside_other_comments() -> None:
    assert suppressed(lines("x = 1  # noqa: E501  # torch2ms: ignore[T2M301]  # type: ignore\n")) == {1: frozenset({"T2M301"})}


def test_strings_and_longer_words_do_not_count() -> None:
    assert suppressed(lines('x = "# torch2ms: ignore"\ny = 1  # torch2ms: ignored\n')) == {}
    assert not skips_file(lines('"""# torch2ms: skip-file"""\n# torch2ms: skip-files\n'))


def test_skip_file_anywhere() -> None:
    assert skips_file(lines("import torch\n\n# torch2ms: skip-file\n"))


def test_multi_line_call_is_suppressed_on_the_line_of_the_comment() -> None:
    assert suppressed(lines("x = torch.foo(\n    1,  # torch2ms: ignore[T2M302]\n)\n")) == {2: frozenset({"T2M302"})}


def test_source_that_does_not_tokenize_suppresses_what_came_before() -> None:
    assert suppressed(lines("x = 1  # torch2ms: ignore\n'''\n")) == {1: None}


def test_last_line_without_line_end() -> None:
    assert suppressed(["x = 1  # torch2ms: ignore"]) == {1: None}
