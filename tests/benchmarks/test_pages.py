"""The generated pages agree with the result files."""

from pathlib import Path

from benchmarks import targets
from benchmarks.fewshot.__main__ import PAGE
from benchmarks.fewshot.page import write_page
from benchmarks.results import read_result


def test_the_targets_are_those_of_the_results() -> None:
    assert targets.PAGE.read_text() == targets.page(), "write it again: python -m benchmarks.targets"


def test_the_few_shot_page_is_that_of_the_results(tmp_path: Path) -> None:
    write_page(read_result("fewshot"), tmp_path / "page.md", tmp_path)
    text = (tmp_path / "page.md").read_text()
    assert text == PAGE.read_text(), "write it again: python -m benchmarks.fewshot --report"
