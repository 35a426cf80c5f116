from pathlib import Path

import pytest

from rfhydra.errors import NotFound
from rfhydra.protocol.live import NamedSource, SourceAddress
from rfhydra.store.schema import MIGRATIONS
from rfhydra.store.streams import MAX_ATTEMPTS, StoredStream
from rfhydra.store.workspace import Workspace
from rfhydra.streams.source import Tuning
from tests.store.small_data import SPEC, create_old

ROOF = NamedSource(name="roof")
FILE = SourceAddress(address="/data/night.sigmf-meta?loop=1")


def test_what_was_started_is_found_again_until_it_is_removed(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        assert workspace.streams.all() == []
        workspace.streams.add("b", ROOF, ["beacon", "pager"])
        workspace.streams.add("a", FILE, None)
        workspace.streams.tune("b", Tuning(1e6, 433e6))
        workspace.streams.count_attempt("a")
    with Workspace.open(path) as workspace:
        assert workspace.streams.all() == [
            StoredStream("b", ROOF, ("beacon", "pager"), tuning=Tuning(1e6, 433e6)),
            StoredStream("a", FILE, None, attempts=1),
        ]
        workspace.streams.forget_attempts()
        workspace.streams.remove("b")
        workspace.streams.remove("never there")
        assert workspace.streams.all() == [StoredStream("a", FILE, None)]


def test_a_stream_of_the_same_id_takes_the_place_of_the_former(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        workspace.streams.add("a", FILE, None)
        workspace.streams.tune("a", Tuning(1e6, 433e6, 3.0))
        assert workspace.streams.add("a", ROOF, []) == StoredStream("a", ROOF, ())
        assert workspace.streams.all() == [StoredStream("a", ROOF, ())]


def test_a_stream_that_was_given_up_stays_so_until_it_is_started_again(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        workspace.streams.add("a", FILE, None)
        for _ in range(MAX_ATTEMPTS):
            assert not workspace.streams.all()[0].is_given_up
            workspace.streams.count_attempt("a")
        workspace.streams.forget_attempts()
        assert workspace.streams.all()[0].is_given_up
        workspace.streams.add("a", FILE, None)
        assert not workspace.streams.all()[0].is_given_up


def test_only_a_stored_stream_is_tuned(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace, pytest.raises(NotFound):
        workspace.streams.tune("a", Tuning(1e6, 433e6))


def test_the_audit_log_tells_who_did_what_and_no_address(path: Path) -> None:
    with Workspace.create(path, SPEC) as workspace:
        workspace.streams.add("a", FILE, None, "client 1")
        workspace.streams.remove("a", "client 2")
        workspace.streams.remove("a", "client 3")
        entries = [(each.action, each.who) for each in workspace.audit.list()]
        assert sorted(entries) == [("stream.start", "client 1"), ("stream.stop", "client 2")]
        assert not any("/data" in str(each.detail) for each in workspace.audit.list())


def test_an_older_workspace_has_no_streams(path: Path) -> None:
    create_old(path, len(MIGRATIONS) - 1)
    with Workspace.open(path) as workspace:
        assert workspace.streams.all() == []
