from collections.abc import Iterator
from pathlib import Path

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.fields import PixelBox
from rfhydra.server.handlers.paging import Page, read_cursor, read_page
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace
from tests.store.small_data import SIGNAL, SPEC, add_sample

COUNT = 7


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "site", SPEC) as made:
        for seed in range(COUNT):
            add_sample(made, seed=seed)
        yield made


def describe(sample: Sample) -> PixelBox:
    """Something small of each sample."""
    return PixelBox(x_min=0, y_min=0, x_max=sample.cols, y_max=1)


@pytest.mark.parametrize(("limit", "sizes"), [(None, [7]), (7, [7]), (3, [3, 3, 1]), (1, [1] * 7)])
def test_pages_are_as_long_as_asked_for(workspace: Workspace, limit: int | None, sizes: list[int]) -> None:
    assert pages(workspace, limit=limit, max_bytes=1 << 20) == sizes


def test_a_page_is_no_larger_than_it_may_be_and_never_empty(workspace: Workspace) -> None:
    one = len(describe(workspace.samples.list(SIGNAL)[0]).model_dump_json()) + 1
    assert pages(workspace, limit=None, max_bytes=4096 + 2 * one) == [2, 2, 2, 1]
    assert pages(workspace, limit=None, max_bytes=0) == [1] * 7


def pages(workspace: Workspace, *, limit: int | None, max_bytes: int) -> list[int]:
    sizes: list[int] = []
    cursor = None
    while cursor is not None or not sizes:
        page = read_page(workspace.samples, SIGNAL, cursor=cursor, limit=limit, max_bytes=max_bytes, describe=describe)
        sizes.append(len(page.items))
        cursor = page.next_cursor
    return sizes


def test_what_gives_nothing_is_counted(workspace: Workspace) -> None:
    page: Page[PixelBox] = read_page(
        workspace.samples, SIGNAL, cursor=None, limit=None, max_bytes=1 << 20, describe=lambda sample: None
    )
    assert (page.items, page.skipped, page.next_cursor) == ([], COUNT, None)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1e5", "9" * 19])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidMessage, match="cursor"):
        read_cursor(cursor)
