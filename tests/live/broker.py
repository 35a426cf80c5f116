"""A real MQTT broker, Debian's mosquitto, on a free port of loopback, and a subscriber."""

import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from queue import Queue
from typing import Any, Final, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

MOSQUITTO: Final = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """A broker that can be killed and started again on its port. ``settings``: further lines of its configuration."""

    def __init__(self, directory: Path, settings: Sequence[str] = ("allow_anonymous true",)) -> None:
        self.port = free_port()
        self._configuration = directory / "mosquitto.conf"
        lines = ["user root", f"listener {self.port} 127.0.0.1", "persistence false", *settings]
        self._configuration.write_text("\n".join([*lines, ""]))
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-v", "-c", str(self._configuration)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        log = []
        for line in self._process.stderr:
            log.append(line)
            if "running" in line:
                return
        raise AssertionError("".join(log))

    def wait_for(self, text: str) -> None:
        """Wait until the broker logs a line with ``text``."""
        assert self._process is not None
        assert self._process.stderr is not None
        assert any(text in line for line in self._process.stderr)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None


class Subscriber:
    """Receives everything below a prefix, as (topic, payload, retained)."""

    def __init__(self, port: int, prefix: str = "rfhydra", **login: str) -> None:
        self.received: Queue[tuple[str, str, bool]] = Queue()
        subscribed: Queue[None] = Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(**login)
        self._client.on_message = self._receive
        self._client.on_subscribe = lambda *_: subscribed.put(None)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{prefix}/#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        subscribed.get(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def next(self) -> tuple[str, str, bool]:
        return self.received.get(timeout=30)

    def _receive(self, client: Any, userdata: Any, message: Any) -> None:
        self.received.put((message.topic, message.payload.decode(), message.retain))
