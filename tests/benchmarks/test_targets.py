"""The page of targets says what the result files say."""

from benchmarks.targets import PAGE, page


def test_the_page_is_of_the_results_in_the_repository() -> None:
    assert PAGE.read_text() == page(), "write it again: python -m benchmarks.targets"
