"""A server whose file descriptors are all in use."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rfhydra.files import NO_DESCRIPTORS_MESSAGE
from rfhydra.protocol.commands import Command, GetTrainingSamples, LoadHeads, PromoteVersion
from tests.server.change_sequence import recording
from tests.server.json_peer import Peer, peer
from tests.server.server_process import serving
from tests.training.given import OTHER, SIGNAL


@contextmanager
def no_descriptors(pid: int) -> Iterator[None]:
    """In the block the process can open nothing; what is open stays."""
    former = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, former[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, former)


def test_what_needs_a_descriptor_is_refused_and_works_later(site: Path, body_file: Path) -> None:
    with serving(site, "--backbone", body_file) as server, peer(server.port) as socket:
        commands: list[Command] = [
            recording("import-0", 1),
            LoadHeads(signal_names=[SIGNAL]),
            GetTrainingSamples(signal_name=SIGNAL, include_spectrogram=True),
        ]
        with no_descriptors(server.pid):
            for command in commands:
                refused = ask(socket, command)
                assert (refused["code"], refused["message"]) == ("busy", NO_DESCRIPTORS_MESSAGE)
            assert ask(socket, PromoteVersion(signal_name=SIGNAL, version=2))["type"] != "error"
        for command in commands:
            assert ask(socket, command)["type"] != "error"


def ask(socket: Peer, command: Command) -> dict[str, object]:
    return socket.ask(command.name(), **command.model_dump(exclude={"command", "id"}, exclude_none=True))


def test_a_training_that_cannot_start_its_process_fails_with_busy(site: Path, body_file: Path) -> None:
    with serving(site, "--backbone", body_file) as server, peer(server.port) as socket:
        socket.ask("subscribe", topics=["jobs"])
        with no_descriptors(server.pid):
            socket.send("train_signal", signal_name=OTHER, epochs=1)
            assert socket.until("training_failed")[-1]["code"] == "busy"
        socket.send("train_signal", signal_name=OTHER, epochs=1)
        assert socket.until("training_failed", "training_complete")[-1]["type"] == "training_complete"
