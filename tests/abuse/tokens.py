"""Guesses of the token, and tokens beyond ASCII."""

from collections import Counter
from contextlib import suppress
from typing import Final

from websockets.exceptions import ConnectionClosed

from tests.abuse.attack import Attack, Target

_MOST_GUESSES: Final = 60
"""Ten, and what the growing delay lets through while an attack lasts."""
_STRANGE: Final = ("Bearer ключ".encode(), b"Bearer \xff\xfe", b"Bearer " + b"x" * 8000, b"Bearer", b"\xa0Bearer x")


def _ask(target: Target, path: bytes, authorization: bytes) -> str:
    """The status of a request; what is sent need not be valid."""
    request = b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: " + authorization
    with target.tcp() as sock:
        sock.settimeout(target.seconds)
        try:
            sock.sendall(request + b"\r\n\r\n")
            answer = sock.recv(65536)
        except (OSError, TimeoutError):
            return "nothing"
    return answer[9:12].decode() or "nothing"


def _headers(target: Target) -> str:
    answers: Counter[str] = Counter(_ask(target, b"/metrics", b"Bearer guess%d" % n) for n in target.moments())
    _judge(target, answers["403"] + answers["401"])
    return ", ".join(f"{status}: {count}" for status, count in answers.items())


def _commands(target: Target) -> str:
    guesses = connections = 0
    for _ in target.moments():
        with suppress(ConnectionClosed, OSError, TimeoutError), target.peer(wait_sec=target.seconds) as client:
            connections += 1
            for guess in range(20):
                client.ask("auth", token=f"guess {guess}")
                guesses += 1
    _judge(target, guesses)
    return f"{guesses} guesses on {connections} connections"


def _judge(target: Target, guesses: int) -> None:
    if guesses > _MOST_GUESSES:
        target.fault(f"{guesses} guesses in {target.seconds:.0f} s")


def _strange(target: Target) -> str:
    """None may be answered with an internal error."""
    answers = Counter(_ask(target, b"/metrics", each) for each in _STRANGE)
    answers.update(_ask(target, path, b"Basic x") for path in (b"/metrics?token=%ff%fe", b"/metrics?token=%D0%BA"))
    with suppress(ConnectionClosed), target.peer() as client:
        answers.update(target.code(client, "auth", token=token) for token in ("ключ", "\ud800", "\0", ""))
    if answers["500"]:
        target.fault(f"{answers['500']} tokens are answered with status 500")
    return ", ".join(f"{status}: {count}" for status, count in answers.items())


ATTACKS: Final = tuple(
    Attack(name, run, token=True)
    for name, run in (("guesses-in-headers", _headers), ("guesses-in-auth", _commands), ("strange-tokens", _strange))
)
