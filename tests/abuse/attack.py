"""An attack, and the server that it is tried on."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.server.json_peer import Peer, peer
from tests.server.server_process import Server

MIB: Final = 1 << 20
TOKEN: Final = "s3cret"
ATTACKER: Final = "127.0.0.2"
"""Address that the attacks come from: what is counted by address must not fall on the other clients."""
WAIT_SEC: Final = 20.0
"""How long an attack waits for one answer."""
SILENCE: Final = "no answer"


@dataclass
class Target:
    """A server under attack.

    Attributes:
        server: its process.
        workspace: what it serves, as this process sees it.
        body: its backbone file.
        seconds: how long an attack that does not end by itself goes on.
        faults: what the attacks found wrong apart from memory, delays and the other clients.
        late: what took too long, apart from answers to the other clients.
    """

    server: Server
    workspace: Path
    body: Path
    seconds: float
    faults: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    @contextmanager
    def peer(self, **options: Any) -> Iterator[Peer]:
        """A connection of the attacker, which has no token."""
        options = {"wait_sec": WAIT_SEC, "source_address": (ATTACKER, 0), **options}
        with peer(self.server.port, close_timeout=1, **options) as connected:
            yield connected

    def tcp(self, receive_buffer: int | None = None) -> socket.socket:
        """A bare connection of the attacker."""
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(WAIT_SEC)
        sock.bind((ATTACKER, 0))
        sock.connect(("127.0.0.1", self.server.port))
        return sock

    def unread(self) -> socket.socket:
        """A WebSocket connection of the attacker whose messages nobody reads; frames may be written into it."""
        protocol, sock = ClientProtocol(parse_uri(self.server.url)), self.tcp(4096)
        protocol.send_request(protocol.connect())
        sock.sendall(b"".join(protocol.data_to_send()))
        while protocol.state is not State.OPEN:
            if not (data := sock.recv(4096)):
                raise ConnectionError("the server refused the handshake")
            protocol.receive_data(data)
        return sock

    def code(self, client: Peer, command: str, **fields: Any) -> str:
        """Send a command and return the code of the error that answers it, else the type of the answer."""
        try:
            answer = client.ask(command, **fields)
        except TimeoutError:
            return SILENCE
        except ConnectionClosed as closed:
            return f"closed {closed.rcvd.code if closed.rcvd else 'without a reason'}"
        code = str(answer.get("code", answer["type"]))
        if code == "internal" and "log of the server" in answer["message"]:
            self.fault(f"{command} fails unexpectedly")
        return code

    def fault(self, text: str) -> None:
        """Note a fault, once."""
        if text not in self.faults:
            self.faults.append(text)

    def moments(self, least: int = 0) -> Iterator[int]:
        """Count until ``seconds`` have passed, but up to ``least`` at least."""
        end, number = time.monotonic() + self.seconds, 0
        while number < least or time.monotonic() < end:
            yield number
            number += 1

    def flood(self, sock: socket.socket, chunk: bytes, most_bytes: int) -> int:
        """Write ``chunk`` again and again, at most so many bytes; returns how many were taken."""
        taken = 0
        sock.settimeout(0.2)
        with suppress(ConnectionError):
            for _ in self.moments():
                with suppress(TimeoutError):
                    taken += sock.send(chunk)
                if taken >= most_bytes:
                    break
        return taken

    def disk_bytes(self) -> int:
        """What the blobs take on the disk."""
        return sum(path.stat().st_size for path in (self.workspace / "blobs").rglob("*") if path.is_file())


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: of the attack.
        run: tries it; returns what the attacker saw.
        token: whether the server has a token, which the attacker lacks.
        options: of ``rfhydra serve``.
        descriptors: limit on the file descriptors of the server.
        disk_bytes: size of the disk that the workspace is on.
        alone: whether it needs a server of its own, since it leaves something behind.
        allowed_bytes: memory that the stated bounds allow for what is sent, beside half of the idle memory.
    """

    name: str
    run: Callable[[Target], str]
    token: bool = False
    options: tuple[str, ...] = ()
    descriptors: int | None = None
    disk_bytes: int | None = None
    alone: bool = False
    allowed_bytes: int = 0


def both(name: str, run: Callable[[Target], str], **options: Any) -> tuple[Attack, Attack]:
    """The attack on an open server, and on one that has a token."""
    return Attack(name, run, **options), Attack(f"{name}-without-token", run, token=True, **options)


def masked(opcode: Opcode, payload: bytes, *, final: bool = True) -> bytes:
    """A WebSocket frame of a client."""
    return Frame(opcode, payload, fin=final).serialize(mask=True)
