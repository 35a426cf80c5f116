"""Live streams: many of them, sources that hang, pushed IQ that stalls, floods and lies, storms of tuning, and pushes
that nobody reads."""

import json
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from rfhydra.protocol.frames import StreamIqFrame
from rfhydra.protocol.limits import Limits
from tests.abuse.attack import MIB, Attack, Target, masked
from tests.server.json_peer import Peer
from tests.streams.rtl_tcp_server import ANY_RATE
from tests.training.given import SIGNAL

_STREAMS: Final = Limits().max_streams
_STREAM_BYTES: Final = 96 * MIB
"""The ring of a stream, its history, and what waits to be read of a pushed one."""
_OPTIONS: Final = ("--allow-addresses", "--limit", "push_linger_sec=0")
_VIEWERS: Final = 16
_FRAMES_BYTES: Final = 256 * MIB
"""Frames of a waterfall that wait, and columns that are no frame yet, of all viewers."""
_MOST_PUSHED: Final = 256 * MIB
_AT_ONCE_SEC: Final = 2.0
_SETTINGS: Final = "rate=1M&freq=433M"


@contextmanager
def _operator(target: Target) -> Iterator[Peer]:
    """A connection that may push. All streams are stopped at its end."""
    with target.peer(wait_sec=60) as client:
        client.ask("hello", binary=True)
        client.ask("load_heads", signal_names=[SIGNAL])
        try:
            yield client
        finally:
            with target.peer(wait_sec=60) as stopping:
                for each in stopping.ask("get_streams")["streams"]:
                    stopping.ask("stop_stream", stream_id=each["stream_id"])


@contextmanager
def _endless() -> Iterator[dict[str, str]]:
    """A source that is read as fast as can be."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "noise.cf32"
        np.random.default_rng(0).standard_normal(2 << 16).astype(np.float32).tofile(path)
        yield {"address": f"{path}?{_SETTINGS}&datatype=cf32_le&loop=1"}


def _many(target: Target) -> str:
    codes = Counter[str]()
    with _endless() as source, _operator(target) as client:
        for number in target.moments(_STREAMS + 1):
            codes[target.code(client, "start_stream", source=source, stream_id=f"s{number}")] += 1
    if codes["stream"] != _STREAMS:
        target.fault(f"{codes['stream']} streams run, the limit is {_STREAMS}")
    return _told(codes)


def _on_and_off(target: Target) -> str:
    codes = Counter[str]()
    with _endless() as source, _operator(target) as client:
        for _ in target.moments():
            codes[target.code(client, "start_stream", source=source, stream_id="s")] += 1
            codes[target.code(client, "stop_stream", stream_id="s")] += 1
    return _told(codes)


def _hanging(target: Target) -> str:
    """Connecting takes until it is given up; meanwhile other commands for streams are answered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = f"rtl_tcp://127.0.0.1:{listener.getsockname()[1]}?{_SETTINGS}"
        for _ in range(4):  # a full backlog: further connections are not answered
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        client = stack.enter_context(_operator(target))
        other = stack.enter_context(target.peer(wait_sec=60))
        codes = Counter(
            target.code(client, "start_stream", source={"address": address}, stream_id=f"s{number}")
            for number in range(_STREAMS)
        )
        for number in range(_STREAMS):
            client.send("stop_stream", stream_id=f"s{number}")
        began = time.monotonic()
        codes[target.code(other, "stop_stream", stream_id="ghost")] += 1
        if (waited := time.monotonic() - began) > _AT_ONCE_SEC:
            target.late.append(f"another command for streams waited {waited:.1f} s")
        for _ in range(_STREAMS):
            codes[client.receive()["type"]] += 1
    return f"{_told(codes)}; another command waited {waited:.2f} s"


def _push_source(tag: int) -> dict[str, Any]:
    return {"kind": "push", "sample_rate_hz": 1e6, "center_freq_hz": 433e6, "tag": tag}


def _stalled(target: Target) -> str:
    """Pushed streams that get one frame each and then nothing, from connections that vanish."""
    frame = bytes(8 << 10)
    codes = Counter[str]()
    with _operator(target):
        for number in target.moments():
            with target.peer() as client:
                client.ask("hello", binary=True)
                for tag in range(2):
                    code = target.code(client, "start_stream", source=_push_source(tag), stream_id=f"s{number}-{tag}")
                    codes[code] += 1
                    client.socket.send(StreamIqFrame(tag, "cf32_le", 1e6, 433e6, 0, frame).encode())
                client.socket.socket.shutdown(socket.SHUT_RDWR)
    return _told(codes)


def _lies(target: Target) -> str:
    """Frames as fast as they are taken, of rates from 1 to 10^10, with gaps, each under another tuning."""
    samples = np.random.default_rng(1).standard_normal(2 << 17).astype(np.float32).tobytes()
    count, sent, start = len(samples) // 8, 0, 0
    with _operator(target) as client, suppress(ConnectionClosed):
        client.ask("start_stream", source=_push_source(0), stream_id="s")
        for number in target.moments():
            rate = (1.0, 1e10, 250e3, 1e6)[number % 4]
            client.socket.send(StreamIqFrame(0, "cf32_le", rate, 433e6 + number, start, samples).encode())
            start += count + number % 3 * 1000
            sent += len(samples)
            if sent > _MOST_PUSHED:
                break
        client.send("get_loaded_heads")  # errors came before
        if (answer := client.receive())["type"] != "loaded_heads":
            target.fault(f"a frame is answered with {answer.get('code')}")
        with target.peer() as other:
            status = next(each for each in other.ask("get_streams")["streams"] if each["stream_id"] == "s")
        if status["state"] not in ("connecting", "running"):
            target.fault(f"the stream is {status['state']}: {status['error']}")
    return f"{sent / MIB:.0f} MiB sent; {status['windows']} windows, {status['lost_samples']} samples lost"


def _tuned(target: Target) -> str:
    """Several clients tune a receiver that reads no command."""
    codes = Counter[str]()

    def storm() -> None:
        with target.peer(wait_sec=60) as client:
            for number in target.moments():
                codes[target.code(client, "tune_stream", stream_id="s", center_freq_hz=433e6 + number % 1000)] += 1

    with _deaf_receiver() as port, _operator(target) as client:
        client.ask("start_stream", source={"address": f"rtl_tcp://127.0.0.1:{port}?{_SETTINGS}"}, stream_id="s")
        storms = [Thread(target=storm) for _ in range(8)]
        for each in storms:
            each.start()
        for each in storms:
            each.join()
    return _told(codes)


@contextmanager
def _deaf_receiver() -> Iterator[int]:
    """The port of a server of rtl_tcp that sends samples and reads no command."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(ANY_RATE)
                    while True:
                        connection.sendall(bytes(4096))

        serving = Thread(target=serve)
        serving.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def _command(**fields: Any) -> bytes:
    return masked(Opcode.TEXT, json.dumps(fields).encode())


def _unread(target: Target, topics: list[str]) -> str:
    """Viewers that read nothing: of waterfalls each its own, as large as can be."""
    with ExitStack() as stack:
        source = stack.enter_context(_endless())
        client = stack.enter_context(_operator(target))
        for number in range(_VIEWERS):
            sock = stack.enter_context(target.unread())
            size = {"fft_size": 16_384, "columns_per_frame": 64, "columns_per_sec": 1000, "min_db": -100 - number}
            sock.sendall(_command(command="hello", binary=True) + _command(command="set_waterfall", **size))
            sock.sendall(_command(command="subscribe", topics=topics))
        for number in range(2):
            client.ask("start_stream", source=source, stream_id=f"s{number}")
        for _ in target.moments():
            windows = sum(each["windows"] for each in client.ask("get_streams")["streams"])
    return f"{windows} windows"


def _waterfalls(target: Target) -> str:
    return _unread(target, ["waterfall"])


def _tracks(target: Target) -> str:
    return _unread(target, ["tracks", "detections", "streams"])


def _told(codes: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in codes.items())


ATTACKS: Final = (
    Attack("streams-many", _many, options=_OPTIONS, allowed_bytes=_STREAMS * _STREAM_BYTES),
    Attack("streams-on-and-off", _on_and_off, options=_OPTIONS, allowed_bytes=2 * _STREAM_BYTES),
    Attack("streams-hanging", _hanging, options=_OPTIONS, allowed_bytes=_STREAMS * _STREAM_BYTES),
    Attack("streams-stalled", _stalled, options=_OPTIONS, allowed_bytes=_STREAMS * _STREAM_BYTES),
    Attack("streams-lies", _lies, options=_OPTIONS, allowed_bytes=_STREAM_BYTES + 32 * MIB),
    Attack("streams-tuned", _tuned, options=_OPTIONS, allowed_bytes=_STREAM_BYTES),
    Attack("streams-waterfalls", _waterfalls, options=_OPTIONS, allowed_bytes=2 * _STREAM_BYTES + _FRAMES_BYTES),
    Attack("streams-tracks", _tracks, options=_OPTIONS, allowed_bytes=2 * _STREAM_BYTES),
)
