"""MQTT against a real broker that refuses, dies and comes back."""

import subprocess
from pathlib import Path

import pytest

from rfhydra.errors import InvalidMessage
from rfhydra.live import work_queue
from rfhydra.live.mqtt import Broker, Mqtt
from rfhydra.protocol.streams import TrackEvent
from tests.live.broker import MOSQUITTO, Mosquitto, Subscriber, free_port
from tests.live.tracks import SIGNAL, begin_and_end, event

needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


def broker(port: int, more: str = "", scheme: str = "mqtt", login: str = "") -> Broker:
    return Broker.of(f"{scheme}://{login}127.0.0.1:{port}{more}")


@needs_broker
def test_events_arrive_in_their_order_with_a_status(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as server, Subscriber(server.port, "roof") as subscriber:
        output = Mqtt(broker(server.port, "/roof"))
        assert subscriber.next() == ("roof/status", "online", False)
        for each in begin_and_end(1, 1.0):
            output.write(each)
        for what in ("begin", "end"):
            topic, payload, _ = subscriber.next()
            assert topic == f"roof/1/{SIGNAL}/{what}"
            assert TrackEvent.model_validate_json(payload) == event(what)
        output.close()
        assert subscriber.next() == ("roof/status", "offline", False)
    assert (output.dropped, output.failed) == (0, 0)


@needs_broker
def test_the_status_is_retained_and_the_last_will_tells_of_a_loss(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as server, Subscriber(server.port) as first:
        output = Mqtt(broker(server.port))
        assert first.next()[1] == "online"
        with Subscriber(server.port) as late:
            assert late.next() == ("rfhydra/status", "online", True)
            output._client.socket().close()  # as if the machine had lost its network
            assert late.next() == ("rfhydra/status", "offline", False)
        output.close()


@needs_broker
def test_events_wait_while_the_broker_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfhydra.live.mqtt._RECONNECT_SEC", (1, 1))
    server = Mosquitto(tmp_path)
    output = Mqtt(broker(server.port), max_queued=50)  # no broker yet
    for number in range(1, 31):
        output.write(event("end", number, number))
    with server:
        received = set[int]()
        with Subscriber(server.port) as subscriber:
            assert output.flush(30)
        server.kill()
        output.write(event("end", 31, 31))
        server.start()
        with Subscriber(server.port) as subscriber:
            while 31 not in received:
                topic, payload, _ = subscriber.next()
                received |= set() if topic.endswith("status") else {TrackEvent.model_validate_json(payload).track_id}
        output.close()
    assert (output.dropped, output.failed) == (0, 0)


@needs_broker
def test_the_oldest_events_are_dropped_while_the_broker_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rfhydra.live.mqtt._RECONNECT_SEC", (1, 1))
    server = Mosquitto(tmp_path)
    output = Mqtt(broker(server.port), max_queued=5)
    for number in range(1, 101):
        output.write(event("end", number, number))
    with server, Subscriber(server.port) as subscriber:
        numbers = []
        while 100 not in numbers:
            topic, payload, _ = subscriber.next()
            numbers += [] if topic.endswith("status") else [TrackEvent.model_validate_json(payload).track_id]
        output.close()
    assert numbers[-5:] == [96, 97, 98, 99, 100]
    assert len(numbers) + output.dropped == 100


@needs_broker
def test_credentials_of_the_url_and_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "roof", "se/cret"], check=True, capture_output=True)
    settings = ["allow_anonymous false", f"password_file {passwords}"]
    login = {"username": "roof", "password": "se/cret"}
    with Mosquitto(tmp_path, settings) as server, Subscriber(server.port, **login) as subscriber:
        output = Mqtt(broker(server.port, login="roof:se%2Fcret@"))
        assert subscriber.next()[1] == "online"
        output.close()
        assert subscriber.next()[1] == "offline"
        monkeypatch.setenv("MQTT_USERNAME", "roof")
        monkeypatch.setenv("MQTT_PASSWORD", "se/cret")
        output = Mqtt(broker(server.port))
        assert subscriber.next()[1] == "online"
        output.close()


@needs_broker
def test_a_refused_password_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Mosquitto(tmp_path, ["allow_anonymous false"]) as server:
        output = Mqtt(broker(server.port, login="eve:wrong@"))
        server.wait_for("not authorised")
        output.write(event())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(work_queue, "CLOSE_SEC", 0.5)
            output.close()
            assert output.flush(30)
    assert (output.failed, "refuses the connection" in caplog.text) == (1, True)
    assert "wrong" not in caplog.text


@needs_broker
@pytest.mark.filterwarnings(
    "ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning"
)  # paho's, of a failed handshake
def test_tls_checks_the_certificate(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *files],
        check=True,
        capture_output=True,
    )
    settings = ["allow_anonymous true", f"certfile {certificate}", f"keyfile {key}"]
    with Mosquitto(tmp_path, settings) as server:
        trusting = Mqtt(broker(server.port, f"?ca={certificate}", "mqtts"))
        trusting.write(event())
        assert trusting.flush(30)
        trusting.close()
        distrusting = Mqtt(broker(server.port, scheme="mqtts"))
        distrusting.write(event())
        server.wait_for("OpenSSL Error")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(work_queue, "CLOSE_SEC", 0.1)
            distrusting.close()
            assert distrusting.flush(30)
    assert (trusting.failed, distrusting.failed) == (0, 1)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://host", "must be mqtt://"),
        ("mqtt:///roof", "must be mqtt://"),
        ("mqtt://host:99999", "cannot be read"),
        ("mqtt://host/a/%23", "'#'"),
        ("mqtt://host?ca=file", "only with mqtts"),
        ("mqtts://host?cafile=file", "only .ca=FILE"),
    ],
)
def test_a_wrong_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(InvalidMessage, match=message):
        Broker.of(url)


def test_a_missing_authority_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="certificate authority"):
        Mqtt(Broker.of("mqtts://127.0.0.1?ca=/missing"))


def test_levels_of_a_topic_hold_no_wildcard() -> None:
    assert broker(free_port()).topic(event(stream_id="a/b#+")) == f"rfhydra/a_b__/{SIGNAL}/begin"
