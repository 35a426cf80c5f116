"""One attack on a server: memory, delays and what other clients saw, measured from outside, and the verdict."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final

from tests.abuse.attack import MIB, TOKEN, Attack, Target
from tests.server.json_peer import peer
from tests.server.server_process import Server, serving

MOST_BYTES: Final = 4 << 30
"""Private memory that the server under attack can get."""
MAX_DELAY_MS: Final = 250.0
AS_NEW: Final = 1.1
"""How much a server may have grown to be attacked again."""
GROWTH: Final = 0.5
"""Of the idle memory: what may come on top of it beside the stated bounds."""
MAX_LOG_BYTES: Final = 64 * 1024
_ON_A_DISK: Final = """
set -e
mount -t tmpfs -o size="$0" tmpfs "$1"
cp -r "$2"/. "$1"
shift 2
exec "$@"
"""


@dataclass(frozen=True)
class Outcome:
    """What one attack did.

    Attributes:
        attack: its name.
        idle_bytes: resident memory before it.
        peak_bytes: the most during it.
        allowed_bytes: what is stated as a bound.
        before: what other clients saw before it, as :meth:`tests.abuse.witness.Witness.report`.
        during: the same during the attack and shortly after.
        told: what the attacker saw.
        faults: what was wrong apart from memory, delays and the other clients.
        late: what took too long, apart from answers to other clients.
    """

    attack: str
    idle_bytes: int
    peak_bytes: int
    allowed_bytes: int
    before: dict[str, Any]
    during: dict[str, Any]
    told: str
    faults: tuple[str, ...]
    late: tuple[str, ...]

    def problems(self, *, delays: bool = True) -> list[str]:
        """Bounds that were broken; ``delays`` says whether those of time count."""
        found = [*self.faults, *(self.late if delays else ())]
        if self.peak_bytes > self.allowed_bytes:
            found.append(f"memory {self.peak_bytes // MIB} MiB, allowed {self.allowed_bytes // MIB} MiB")
        for name, seen in self.during.items():
            if seen["lost"] and (delays or seen["reasons"] != [TimeoutError.__name__]):
                found.append(f"{name}: {seen['lost']} connections lost or refused ({', '.join(seen['reasons'])})")
            if seen["refused"]:
                found.append(f"{name}: {seen['refused']} errors")
            if delays and name != "newcomer" and self.longest_ms(name) > MAX_DELAY_MS:
                found.append(f"{name}: waited {self.longest_ms(name):.0f} ms")
        return found

    def longest_ms(self, name: str) -> float:
        """The longest that an answer of this kind took."""
        seen = self.during.get(name)
        return float("inf") if seen is None or seen["took_ms"] is None else float(seen["took_ms"][1])


class Bench:
    """Servers to attack, each with a copy of a workspace, which the other clients ask all the time."""

    def __init__(self, directory: Path, site: Path, body: Path, seconds: float, *, beside_sec: float = 0.0) -> None:
        """
        Args:
            directory: where the copies are.
            site: the workspace.
            body: its backbone file.
            seconds: how long an attack that does not end by itself goes on.
            beside_sec: how long the other clients' delays are measured before an attack, and go on after it.
        """
        self._directory, self._site, self._body = directory, site, body
        self._seconds, self._beside_sec = seconds, beside_sec

    def outcomes(self, attacks: Iterable[Attack]) -> Iterator[Outcome]:
        """Try attacks, those of one kind of server on the same as long as that is as good as new."""
        waiting = deque(sorted(attacks, key=_kind_of_server))
        while waiting:
            kind = _kind_of_server(waiting[0])
            token = TOKEN if waiting[0].token else None
            with self._serving(waiting[0]) as (target, log), _witness(target.server, token) as witness:
                fresh = target.server.resident_bytes
                while waiting and _kind_of_server(waiting[0]) == kind:
                    yield self._measure(waiting.popleft(), target, log, witness)
                    if not target.server.alive or target.server.resident_bytes > AS_NEW * fresh:
                        break

    @contextmanager
    def _serving(self, attack: Attack) -> Iterator[tuple[Target, Path]]:
        """A server for an attack, and its log."""
        place = Path(tempfile.mkdtemp(prefix=attack.name, dir=self._directory))
        site, log, before = place / "site", place / "log", list[str]()
        token = ("--token", TOKEN) if attack.token else ()
        if attack.descriptors is not None:
            before = ["prlimit", f"--nofile={attack.descriptors}:{attack.descriptors}"]
        if attack.disk_bytes is None:
            shutil.copytree(self._site, site)
        else:
            site.mkdir()
            before = ["unshare", "-rm", "sh", "-c", _ON_A_DISK, str(attack.disk_bytes), str(site), str(self._site)]
        with (
            log.open("w") as errors,
            serving(site, "--backbone", self._body, *token, *attack.options, stderr=errors, before=before) as server,
        ):
            resource.prlimit(server.pid, resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
            seen_site = Path(f"/proc/{server.pid}/root/{site}")
            yield Target(server, seen_site, self._body, self._seconds), log
        shutil.rmtree(place)

    def _measure(self, attack: Attack, target: Target, log: Path, witness: "_WitnessProcess") -> Outcome:
        """Try ``attack`` beside well-behaved clients."""
        target.faults.clear()
        target.late.clear()
        before, idle, log_bytes = witness.report(self._beside_sec), target.server.resident_bytes, log.stat().st_size
        target.server.reset_peak()
        try:
            told = attack.run(target)
        except OSError as error:
            told = f"{type(error).__name__}: {error}"
            if not target.server.alive:
                target.fault("the server died")
        if target.server.alive:
            _wait_for(target.server)
        during = witness.report(self._beside_sec)
        peak = target.server.peak_bytes if target.server.alive else MOST_BYTES
        if (grown := log.stat().st_size - log_bytes) > MAX_LOG_BYTES:
            target.fault(f"the log grew by {grown / MIB:.1f} MiB")
        allowed = int((1 + GROWTH) * idle) + attack.allowed_bytes
        return Outcome(attack.name, idle, peak, allowed, before, during, told, tuple(target.faults), tuple(target.late))


def _wait_for(server: Server) -> None:
    """Until it has done what an attack left to do in the store, in whose order this is answered."""
    with peer(server.port, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        client.ask("get_registry")


class _WitnessProcess:
    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def report(self, seconds: float = 0.0) -> dict[str, Any]:
        """What it saw since the last report until ``seconds`` from now and one new client more are over."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{seconds}\n")
        self._child.stdin.flush()
        found: dict[str, Any] = json.loads(self._child.stdout.readline())
        return found


@contextmanager
def _witness(server: Server, token: str | None) -> Iterator[_WitnessProcess]:
    command = [sys.executable, "-m", "tests.abuse.witness", server.url, *([token] if token else [])]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as child:
        try:
            yield _WitnessProcess(child)
        finally:
            child.kill()


def _kind_of_server(attack: Attack) -> tuple[bool, tuple[str, ...], int, int, str]:
    own = attack.name if attack.alone else ""
    return attack.token, attack.options, attack.descriptors or 0, attack.disk_bytes or 0, own
