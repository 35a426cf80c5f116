"""A sender of VITA 49 in a process of its own, to be killed: sends a file of ci16 in real time, again and again.

    python -m tests.streams.vrt_sender PORT FILE.ci16 RATE_HZ BEGAN

BEGAN is the second of 1970 UTC in which sample 0 was due: a sender that is started later goes on with the sample that
is due then, so that those between are lost, and time stamps tell how many. It starts when a line with a number of
seconds comes on standard input and somebody receives, with the sample that is due after them; it prints
``ready``, the number of that sample and, when standard input ends, the number after the last one.
"""

import select
import socket
import sys
import time

import numpy as np

from tests.streams.vrt_packets import CI16, REAL_TIME, UTC, context_packet, prologue

CENTER_HZ = 7e6
PACKET_SAMPLES = 360
_PACKETS = 14
_CONTEXT_PACKETS = 500
_RETRY_SEC = 0.05
_PICOSECONDS = 10**12
_STREAM = 0xABCD


class Sender:
    """Sends the packets of one stream to a port of this machine."""

    def __init__(self, port: int, samples: bytes, sample_rate_hz: int, began: int) -> None:
        """``samples``: big-endian, as VITA 49 sends them."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._packets = [
            samples[start : start + 4 * PACKET_SAMPLES]
            for start in range(0, len(samples) - 4 * PACKET_SAMPLES + 1, 4 * PACKET_SAMPLES)
        ]
        self._rate, self._began = sample_rate_hz, began
        self._context = context_packet(stream=_STREAM, rate_hz=sample_rate_hz, rf_hz=CENTER_HZ, payload_format=CI16)

    @property
    def due(self) -> int:
        """The number of packets that are due."""
        return int((time.time() - self._began) * self._rate) // PACKET_SAMPLES

    def wait_for_receiver(self) -> None:
        """Send contexts until somebody receives them: without one they are refused, which the next one is told."""
        accepted = 0
        while accepted < 2:
            try:
                self._socket.send(self._context)
                accepted += 1
            except ConnectionRefusedError:
                accepted = 0
                time.sleep(_RETRY_SEC)

    def send_context(self) -> None:
        self._send(self._context)

    def send(self, number: int) -> None:
        """Send packet ``number``."""
        payload = self._packets[number % len(self._packets)]
        second, rest = divmod(number * PACKET_SAMPLES * _PICOSECONDS // self._rate, _PICOSECONDS)
        stamp = (UTC, self._began + second, REAL_TIME, rest)
        self._send(prologue(1, number, _STREAM, stamp, 0, len(payload) // 4) + payload)

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.send(packet)
        except ConnectionRefusedError:  # of the one before: nobody receives now
            self._socket.send(packet)


def main(port: int, path: str, sample_rate_hz: int, began: int) -> None:
    """Send until standard input ends."""
    samples = np.fromfile(path, "<i2").astype(">i2").tobytes()
    sender = Sender(port, samples, sample_rate_hz, began)
    print("ready", flush=True)
    skip_sec = float(sys.stdin.readline())
    sender.wait_for_receiver()
    number = sender.due + int(skip_sec * sample_rate_hz) // PACKET_SAMPLES
    print(number * PACKET_SAMPLES, flush=True)
    wait_sec = _PACKETS * PACKET_SAMPLES / sample_rate_hz
    while not select.select([sys.stdin], [], [], wait_sec)[0]:
        for each in range(number, sender.due):
            if each % _CONTEXT_PACKETS == 0:
                sender.send_context()
            sender.send(each)
            number = each + 1
    print(number * PACKET_SAMPLES, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
