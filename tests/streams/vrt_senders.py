"""VrtSenders: a sender of VITA 49 that is killed and replaced."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

AWAY_SEC: Final = 0.5


class VrtSenders:
    """Senders of one stream, each a process of its own: one that sends, and one that waits to take its place.

    Any thread may replace them; who stops them waits for that.
    """

    def __init__(self, path: Path, sample_rate_hz: int) -> None:
        """``path`` is of ci16."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._path, self._rate, self._began = path, sample_rate_hz, int(time.time())
        self._next, self._next_is_ready = self._spawned(), False
        self._current: subprocess.Popen[str] | None = None
        self.first_sample = 0
        self.kills = 0
        self._changing = threading.Lock()

    def start(self, skip_sec: float = 0.0) -> None:
        """The waiting sender begins with the sample that is due after a time; another one waits."""
        self._wait_for_next()
        self._current, self._next, self._next_is_ready = self._next, self._spawned(), False
        assert self._current.stdin is not None
        assert self._current.stdout is not None
        self._current.stdin.write(f"{skip_sec}\n")
        self._current.stdin.flush()
        began = int(self._current.stdout.readline())
        if not self.kills:
            self.first_sample = began

    def replace(self) -> None:
        """As ``kill -9`` does; another one goes on after :data:`AWAY_SEC`."""
        with self._changing:
            assert self._current is not None
            self._wait_for_next()  # so that it goes on in time, however busy the machine is
            self._current.kill()
            self._current.communicate()
            self.kills += 1
            self.start(AWAY_SEC)

    def stop(self) -> int:
        """The number after the last sample that was sent."""
        with self._changing:
            assert self._current is not None
            told, _ = self._current.communicate("")
            self.kill()
            return int(told.split()[-1])

    def kill(self) -> None:
        """All of them."""
        for each in (self._current, self._next):
            if each is not None and each.poll() is None:
                each.kill()
                each.communicate()

    def _wait_for_next(self) -> None:
        if not self._next_is_ready:
            assert self._next.stdout is not None
            assert self._next.stdout.readline() == "ready\n"
            self._next_is_ready = True

    def _spawned(self) -> "subprocess.Popen[str]":
        arguments = map(str, (self.port, self._path, self._rate, self._began))
        command = [sys.executable, "-m", "tests.streams.vrt_sender", *arguments]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
