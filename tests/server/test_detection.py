import threading
from typing import Any

import numpy as np
import pytest

from rfhydra.protocol.frames import IqFrame, WaterfallFrame
from rfhydra.spectrum.spectrogram import spectrogram
from tests.server.json_peer import WAIT_SEC, Peer, iq_b64, npy_b64, peer
from tests.training import given

SEED = 77  # of no training scene
WHERE = {"sample_rate_hz": given.RATE_HZ, "center_freq_hz": given.CENTER_HZ}
IQ = given.heard(given.scene(SEED), SEED)
IMAGE = spectrogram(IQ, given.SPEC).numpy()


@pytest.fixture
def loaded(client: Peer) -> Peer:
    client.ask("load_heads", signal_names=[given.SIGNAL, given.OTHER])
    return client


def frame(tag: int = 7) -> bytes:
    samples = IQ.astype("<c8").tobytes()
    return IqFrame(tag, "cf32_le", given.RATE_HZ, given.CENTER_HZ, 1000, samples).encode()


def test_the_same_window_gives_the_same_detections_however_it_comes(loaded: Peer) -> None:
    by_image = loaded.ask("detect", id="a", spectrogram_b64=npy_b64(IMAGE), **WHERE)
    by_iq = loaded.ask("detect", id="b", iq_b64=iq_b64(IQ), **WHERE)
    loaded.ask("hello", binary=True)
    loaded.socket.send(frame())
    by_frame = loaded.receive()
    assert (by_image["id"], by_iq["id"], by_frame["id"], by_frame["start_sample"]) == ("a", "b", 7, 1000)
    assert by_image["detections"] == by_iq["detections"] == by_frame["detections"]
    assert by_image["heads"] == {given.SIGNAL: 2, given.OTHER: 1}
    (truth,) = given.boxes_of(given.scene(SEED), given.SIGNAL)
    found = [each for each in by_image["detections"] if each["signal_name"] == given.SIGNAL]
    assert any(
        each["time_start_sec"] < truth.time_end_sec
        and truth.time_start_sec < each["time_end_sec"]
        and each["freq_low_hz"] < truth.freq_high_hz
        and truth.freq_low_hz < each["freq_high_hz"]
        for each in found
    )
    assert all(each["track_id"] is None and 0 <= each["score"] <= 1 for each in found)


def test_pixels_and_physical_units_of_a_detection_are_the_same_box(loaded: Peer) -> None:
    answer = loaded.ask("detect", spectrogram_b64=npy_b64(IMAGE), threshold=0, **WHERE)
    assert answer["detections"]
    for each in answer["detections"]:
        (box,) = given.frame().to_boxes([[each[name] for name in ("x_min", "y_min", "x_max", "y_max")]])
        assert {name: each[name] for name in vars(box)} == pytest.approx(vars(box))


def test_only_the_heads_asked_for_look(loaded: Peer) -> None:
    answer = loaded.ask("detect", spectrogram_b64=npy_b64(IMAGE), signal_names=[given.OTHER], threshold=0)
    assert answer["heads"] == {given.OTHER: 1}
    assert {each["signal_name"] for each in answer["detections"]} <= {given.OTHER}


def test_with_no_heads_nothing_is_found(client: Peer) -> None:
    client.ask("unload_heads")
    answer = client.ask("detect", spectrogram_b64=npy_b64(IMAGE))
    assert (answer["heads"], answer["detections"]) == ({}, [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"spectrogram_b64": npy_b64(IMAGE), "signal_names": ["nobody"]}, "not_found"),
        ({"spectrogram_b64": npy_b64(IMAGE[:5])}, "incompatible"),
        ({"iq_b64": iq_b64(IQ[:5]), **WHERE}, "incompatible"),
        ({"iq_b64": iq_b64(np.full(1000, np.nan, np.complex64)), **WHERE}, "invalid_message"),
        ({"iq_b64": "?", **WHERE}, "invalid_message"),
        ({"iq_b64": iq_b64(IQ), "iq_datatype": "cf64", **WHERE}, "invalid_message"),
        ({"spectrogram_b64": npy_b64(IMAGE), "threshold": 2}, "invalid_message"),
    ],
)
def test_a_wrong_window_is_refused(loaded: Peer, fields: dict[str, Any], code: str) -> None:
    answer = loaded.ask("detect", id=1, **fields)
    assert (answer["type"], answer.get("code"), answer["id"]) == ("error", code, 1)


def test_binary_frames_are_for_those_who_asked(client: Peer) -> None:
    client.socket.send(frame(9))
    answer = client.receive()
    assert (answer["code"], answer["id"]) == ("invalid_message", 9)
    client.ask("hello", binary=True)
    client.socket.send(b"nonsense")
    assert client.receive()["code"] == "invalid_message"
    client.ask("hello", binary=False)
    client.socket.send(frame(9))
    assert client.receive()["code"] == "invalid_message"


def test_subscribers_see_what_was_looked_at_and_what_was_found(port: int, loaded: Peer) -> None:
    with peer(port) as watcher:
        watcher.ask("hello", binary=True)
        assert watcher.ask("subscribe", topics=["detections", "waterfall"])["snapshots"] == []
        answer = loaded.ask("detect", iq_b64=iq_b64(IQ), **WHERE)
        heard = watcher.receive()
        assert heard == {key: value for key, value in answer.items() if key != "id"}
        pixels = watcher.socket.recv(WAIT_SEC)
        assert isinstance(pixels, bytes)
        waterfall = WaterfallFrame.decode(pixels)
        np.testing.assert_array_equal(np.frombuffer(waterfall.pixels, np.uint8).reshape(IMAGE.shape), IMAGE)
        assert (waterfall.sample_rate_hz, waterfall.center_freq_hz, waterfall.dropped) == (*WHERE.values(), 0)


def test_the_sender_gets_its_answer_and_no_push_of_it(loaded: Peer) -> None:
    loaded.ask("subscribe", topics=["detections"])
    assert loaded.ask("detect", id=1, spectrogram_b64=npy_b64(IMAGE))["id"] == 1
    assert loaded.ask("get_loaded_heads", id=2)["id"] == 2


def test_other_commands_do_not_wait_for_a_window(loaded: Peer) -> None:
    loaded.send("detect", id="window", iq_b64=iq_b64(IQ), **WHERE)
    loaded.send("get_loaded_heads", id="heads")
    assert {loaded.receive()["id"], loaded.receive()["id"]} == {"window", "heads"}


def test_more_windows_than_may_wait_are_refused_and_the_rest_is_answered(port: int, loaded: Peer) -> None:
    count = 40
    text = npy_b64(IMAGE)

    def send_all() -> None:
        for number in range(count):
            loaded.send("detect", id=number, spectrogram_b64=text)

    sender = threading.Thread(target=send_all)
    sender.start()
    answers = [loaded.receive() for _ in range(count)]
    sender.join()
    assert sorted(each["id"] for each in answers) == list(range(count))
    assert {each["type"] for each in answers} == {"detections", "error"}
    assert {each["code"] for each in answers if each["type"] == "error"} == {"busy"}
