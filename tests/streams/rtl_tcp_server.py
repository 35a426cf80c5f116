"""A server that speaks rtl_tcp.

    python -m tests.streams.rtl_tcp_server PORT FILE.cu8 [RATE_HZ]

serves a file for ever, at that rate or as fast as each client reads, and first prints its port.
"""

import math
import queue
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path
from typing import Self

GREETING = struct.pack(">4sII", b"RTL0", 5, 29)
"""Of an R820T with its 29 gains."""
ANY_RATE = struct.pack(">4sII", b"RTL0", 0, 0)
"""Of no known tuner, so that a client believes that it has any sample rate."""
BLOCK_BYTES = 4096


class RtlTcpServer:
    """Serves one client after another on loopback, with a greeting and then with what it is given to send."""

    def __init__(self, port: int = 0, *, greeting: bytes = GREETING) -> None:
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self.clients: queue.Queue[socket.socket] = queue.Queue()
        """Each client, once it was greeted."""
        self.commands: queue.Queue[tuple[int, int]] = queue.Queue()
        """Each command and its argument, of all clients."""
        self._all_clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        for client in self._all_clients:
            self.disconnect(client)
        for each in self._threads:
            each.join()

    @staticmethod
    def disconnect(client: socket.socket) -> None:
        with suppress(OSError):  # it went first
            client.shutdown(socket.SHUT_RDWR)
        client.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.sendall(self._greeting)
            self._all_clients.append(client)
            self._threads.append(threading.Thread(target=self._listen, args=[client.dup()]))
            self._threads[-1].start()
            self.clients.put(client)

    def _listen(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as stream:
            try:
                while len(command := stream.read(5)) == 5:
                    self.commands.put(struct.unpack(">BI", command))
            except OSError:
                return


def serve(port: int, samples: bytes, sample_rate_hz: float = math.inf) -> None:
    """Send ``samples`` to one client after another, each time from the first one on, for ever."""
    blocks = [samples[start : start + BLOCK_BYTES] for start in range(0, len(samples) - BLOCK_BYTES + 1, BLOCK_BYTES)]
    with RtlTcpServer(port, greeting=ANY_RATE if sample_rate_hz < math.inf else GREETING) as server:
        print(server.port, flush=True)
        while True:
            client, began = server.clients.get(), time.monotonic()
            try:
                for number, block in zip(count(1), cycle(blocks), strict=False):
                    time.sleep(max(0.0, began + number * BLOCK_BYTES / 2 / sample_rate_hz - time.monotonic()))
                    client.sendall(block)
            except OSError:
                server.disconnect(client)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), *map(float, sys.argv[3:]))
