"""Webhooks against a real server that fails, refuses, and comes back."""

import logging

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.live import work_queue
from rfhydra.live.webhook import BATCH, Endpoint, Webhook
from rfhydra.protocol.streams import TrackEvent
from tests.live.broker import free_port
from tests.live.http_server import HttpServer
from tests.live.tracks import event


def webhook(server: HttpServer, path: str = "/hook?site=roof", login: str = "", **options: int) -> Webhook:
    url = f"http://{login}127.0.0.1:{server.port}{path}"
    return Webhook(Endpoint.of(url), first_retry_sec=0.01, **options)


def test_events_are_posted_as_json() -> None:
    with HttpServer() as server:
        output = webhook(server)
        output.write(event("end", duty_cycle=0.5))
        post = server.next()
        output.close()
    assert (post.path, post.headers["Content-Type"]) == ("/hook?site=roof", "application/json")
    assert [TrackEvent.model_validate(each) for each in post.body["events"]] == [event("end", duty_cycle=0.5)]
    assert (output.failed, output.dropped) == (0, 0)


def test_a_server_that_fails_gets_the_same_delivery_again() -> None:
    with HttpServer(503, 0, 429, 500) as server:
        output = webhook(server)
        output.write(event())
        posts = [server.next() for _ in range(5)]
        output.close()
    assert len({post.headers["Idempotency-Key"] for post in posts}) == 1
    assert all(post.track_ids == [1] for post in posts)
    assert output.failed == 0


def test_a_refused_delivery_is_given_up_and_the_next_one_made(caplog: pytest.LogCaptureFixture) -> None:
    with HttpServer(400, 302) as server:
        output = webhook(server)
        for number in (1, 2, 3):
            output.write(event(track_id=number))
            assert output.flush(30)
        posts = [server.next() for _ in range(3)]
        output.close()
    assert [post.track_ids for post in posts] == [[1], [2], [3]]
    assert len({post.headers["Idempotency-Key"] for post in posts}) == 3
    assert (output.failed, "answered 400" in caplog.text) == (2, True)


def test_events_wait_for_a_server_that_comes_back() -> None:
    port = free_port()
    output = Webhook(Endpoint.of(f"http://127.0.0.1:{port}"), max_queued=150, first_retry_sec=0.01)
    for number in range(1, 400):
        output.write(event(track_id=number))
    with HttpServer(port=port) as server:
        assert output.flush(60)
        output.close()
        posts = [server.posts.get_nowait() for _ in range(server.posts.qsize())]
    received = [track_id for post in posts for track_id in post.track_ids]
    assert max(len(post.track_ids) for post in posts) <= BATCH
    assert received[-150:] == [*range(250, 400)]  # the newest, in their order
    assert len(received) + output.dropped == 399


def test_the_end_does_not_wait_for_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_queue, "CLOSE_SEC", 0.1)
    output = Webhook(Endpoint.of(f"http://127.0.0.1:{free_port()}"))
    for number in range(1, 201):
        output.write(event(track_id=number))
    output.close()
    assert output.flush(30)
    assert output.failed + output.dropped == 200


def test_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer() as server:
        monkeypatch.setenv("RFHYDRA_WEBHOOK_TOKEN", "t0ken")
        for login, header in (("", "Bearer t0ken"), ("roof:pa%20ss@", "Basic cm9vZjpwYSBzcw==")):
            output = webhook(server, login=login)
            output.write(event())
            assert server.next().headers["Authorization"] == header
            output.close()


def test_credentials_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with HttpServer(500, 401) as server:
        output = webhook(server, login="roof:hush@")
        output.write(event())
        output.close()
    assert "answered 401" in caplog.text
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    "url", ["ftp://host/", "http:///path", "http://host:0x50/", "http://host/a b", "http://host/ä"]
)
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidMessage, match="webhook"):
        Endpoint.of(url)
