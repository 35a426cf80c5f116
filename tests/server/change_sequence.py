"""A random sequence of state changes over the WebSocket, and the expected contents of the workspace after each.

Changes: samples of one signal, imports of recordings, versions of a head, loading it, trainings of another. Until a
change is answered, the workspace may be in the state before or after it.
"""

import base64
import itertools
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from websockets.sync.client import ClientConnection

from rfhydra.protocol import commands as ask
from rfhydra.protocol import messages as told
from rfhydra.protocol.commands import Command
from rfhydra.protocol.fields import PixelBox
from rfhydra.protocol.missions import LoadedHeads, LoadMission, MissionHead, SaveMission, SetThreshold
from rfhydra.protocol.trainings import TrainingComplete, TrainingEvent, TrainingFailed
from rfhydra.store.arrays import encode_array
from tests.server.inventory import Inventory
from tests.training.given import CENTER_HZ, OTHER, RATE_HZ, SIGNAL, SMALL_SPEC

NOTEBOOK: Final = "notebook"
MAX_SAMPLES: Final = 10
IMPORTED: Final = {f"import-{number}": f"import-{number}-beside" for number in range(4)}
"""Labels of an imported recording: one in both of its windows, one in the first."""
_BOX: Final = PixelBox(x_min=10, y_min=10, x_max=40, y_max=30)


@dataclass
class ExpectedState:
    """What has been acknowledged.

    ``samples``: number of a sample in the notebook, then of its latest edit. ``imported``: label, then number of
    samples. ``activations``: versions of the head of ``SIGNAL``, the active one last. ``loaded``: signal, then the
    version that is loaded; ``thresholds``: signal, then the threshold that was set for it. ``missions``: mission, then
    the threshold of ``SIGNAL`` in it. ``jobs``: request id, then job id. ``ended``: job id, then the version that it
    made, None where it failed.
    """

    samples: dict[int, int] = field(default_factory=dict)
    imported: dict[str, int] = field(default_factory=dict)
    activations: list[int] = field(default_factory=lambda: [1])
    loaded: dict[str, int] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    missions: dict[str, float] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    ended: dict[str, int | None] = field(default_factory=dict)

    def promote(self, version: int) -> None:
        if version != self.activations[-1]:
            self.activations.append(version)

    def roll_back(self) -> None:
        active = self.activations[-1]
        while self.activations[-1] == active:
            self.activations.pop()

    def add_import(self, label: str) -> None:
        self.imported |= {label: 2, IMPORTED[label]: 1}

    def delete_imported(self, label: str) -> None:
        self.imported[label] -= 1
        if not self.imported[label]:
            del self.imported[label]

    def load(self) -> None:
        self.loaded = {SIGNAL: self.activations[-1]}

    def unload(self) -> None:
        self.loaded, self.thresholds = {}, {}

    def load_mission(self, name: str) -> None:
        self.load()
        self.thresholds = {SIGNAL: self.missions[name]}

    @property
    def previous(self) -> int | None:
        return next((each for each in reversed(self.activations) if each != self.activations[-1]), None)

    def agrees(self, found: Inventory) -> bool:
        """Whether samples, versions and loaded heads are exactly these."""
        notebook = found.samples.get(NOTEBOOK, {}).values()
        imported = {name: len(found.samples[name]) for name in _labels() if name in found.samples}
        return (
            {each["number"]: each["edit"] for each in notebook} == self.samples
            and imported == self.imported
            and found.active[SIGNAL] == self.activations[-1]
            and found.previous[SIGNAL] == self.previous
            and found.loaded == self.loaded
            and found.thresholds == self.thresholds
            and found.missions == {name: {SIGNAL: threshold} for name, threshold in self.missions.items()}
        )


@dataclass
class Change:
    """A command, and its effect on the expected state."""

    command: Command
    apply: Callable[[ExpectedState], None]
    request_id: str | None = None


class ChangeSequence:
    """Makes changes until the connection breaks, then compares the workspace with the expected state."""

    def __init__(self, seed: int) -> None:
        self.expected = ExpectedState()
        self.acknowledged = 0
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._ids: dict[int, str] = {}
        self._imported_ids: list[tuple[str, str]] = []  # label and id of what the last life left
        self.imports = 0
        self._pending: Change | None = None
        self._events: set[tuple[str, int]] = set()

    def run(self, socket: ClientConnection, *, train: bool, on_training: Callable[[TrainingEvent], None]) -> None:
        """Make one change after the other, for ever; a broken connection ends it. What was loaded must be so again."""
        socket.send(ask.Subscribe(topics=["jobs"]).encode())
        assert isinstance(told.read_message(socket.recv()), told.Subscriptions)
        socket.send(ask.GetLoadedHeads().encode())
        while isinstance(loaded := told.read_message(socket.recv()), TrainingEvent):
            self._hear(loaded, on_training)
        assert isinstance(loaded, LoadedHeads)
        assert loaded.versions == self.expected.loaded
        for number in itertools.count():
            change = self._pending = self._training() if train and number == 0 else self._choose()
            socket.send(change.command.model_copy(update={"id": number}).encode())
            while True:
                message = told.read_message(socket.recv())
                assert message is not None
                if isinstance(message, TrainingEvent):
                    self._hear(message, on_training)
                elif message.id == number:
                    break
            self._settle(change, message)

    def judge(self, found: Inventory) -> str:
        """Compare with what is there after the interruption, and take that for the truth.

        Returns:
            Whether the change that was under way is done, if there was one.
        """
        before, after, pending = self.expected, deepcopy(self.expected), self._pending
        if pending is not None:
            pending.apply(after)
        done = after.agrees(found)
        assert done or before.agrees(found), (before, pending, found)
        self.expected = after if done else before
        self._judge_jobs(found)
        for sample_id, metadata in found.samples.get(NOTEBOOK, {}).items():
            self._ids[metadata["number"]] = sample_id
        self._imported_ids = [(name, each) for name in _labels() for each in found.samples.get(name, {})]
        self._pending = None
        return "done" if done and not before.agrees(found) else "undone" if pending else "nothing under way"

    def _judge_jobs(self, found: Inventory) -> None:
        jobs = {str(job.request_id): job for job in found.jobs.values()}
        for request_id, job_id in self.expected.jobs.items():
            assert jobs[request_id].job_id == job_id
        unknown = jobs.keys() - self.expected.jobs.keys()
        assert unknown <= {self._pending.request_id if self._pending else None}
        self.expected.jobs |= {request_id: jobs[request_id].job_id for request_id in unknown}
        for job_id, version in self.expected.ended.items():
            assert (found.jobs[job_id].finished_at is not None, found.jobs[job_id].version) == (True, version)
        for job_id, seq in self._events:
            assert found.jobs[job_id].last_seq >= seq

    def _settle(self, change: Change, message: told.Message) -> None:
        match message:
            case told.Error(code=code):
                assert code == "conflict", message  # a training of that signal is under way, or nothing to go back to
            case told.Result(job_id=str(job_id)):
                assert change.request_id is not None
                self.expected.jobs[change.request_id] = job_id
            case told.TrainingSampleAdded(sample_id=sample_id):
                change.apply(self.expected)
                self._ids[max(self.expected.samples)] = sample_id
            case told.SigmfImported(new_samples=new):
                change.apply(self.expected)
                assert {name: self.expected.imported[name] for name in new} == new
                self.imports += 1
            case _:
                change.apply(self.expected)
        self.acknowledged += 1
        self._pending = None

    def _hear(self, event: TrainingEvent, on_training: Callable[[TrainingEvent], None]) -> None:
        self._events.add((event.job_id, event.seq))
        on_training(event)
        match event:
            case TrainingComplete(job_id=job_id, version=version):
                self.expected.ended[job_id] = version
            case TrainingFailed(job_id=job_id):
                self.expected.ended[job_id] = None

    def _choose(self) -> Change:
        options = [self._promotion, self._rollback, self._loading, self._unloading, self._mission]
        if self.expected.missions:
            options.append(self._mission_loading)
        if self.expected.loaded:
            options.append(self._threshold)
        if len(self.expected.samples) < MAX_SAMPLES:
            options += 2 * [self._addition]
        if self.expected.samples:
            options += [self._edit, self._deletion]
        if self._free_labels():
            options.append(self._import)
        if self._imported_ids:
            options.append(self._imported_deletion)
        return self._random.choice(options)()

    def _training(self) -> Change:
        request_id = f"request {next(self._numbers)}"
        command = ask.TrainSignal(signal_name=OTHER, request_id=request_id, epochs=3)
        return Change(command, lambda expected: None, request_id)

    def _promotion(self) -> Change:
        version = self._random.choice([1, 2, 3, 4])
        return Change(
            ask.PromoteVersion(signal_name=SIGNAL, version=version), lambda expected: expected.promote(version)
        )

    def _rollback(self) -> Change:
        if self.expected.previous is None:
            return self._promotion()
        return Change(ask.RollbackSignal(signal_name=SIGNAL), ExpectedState.roll_back)

    def _loading(self) -> Change:
        return Change(ask.LoadHeads(signal_names=[SIGNAL]), ExpectedState.load)

    def _unloading(self) -> Change:
        return Change(ask.UnloadHeads(), ExpectedState.unload)

    def _threshold(self) -> Change:
        threshold = self._random.random()
        command = SetThreshold(signal_name=SIGNAL, threshold=threshold)
        return Change(command, lambda expected: expected.thresholds.update({SIGNAL: threshold}))

    def _mission(self) -> Change:
        name, threshold = self._random.choice(["day", "night"]), self._random.random()
        command = SaveMission(mission_name=name, heads=[MissionHead(signal_name=SIGNAL, threshold=threshold)])
        return Change(command, lambda expected: expected.missions.update({name: threshold}))

    def _mission_loading(self) -> Change:
        name = self._random.choice(sorted(self.expected.missions))
        return Change(LoadMission(mission_name=name), lambda expected: expected.load_mission(name))

    def _addition(self) -> Change:
        number = next(self._numbers)
        image = np.random.default_rng(number).integers(0, 256, (SMALL_SPEC.rows, SMALL_SPEC.cols), np.uint8)
        command = ask.AddTrainingSample(
            signal_name=NOTEBOOK,
            spectrogram_b64=base64.b64encode(encode_array(image)).decode(),
            boxes=[_BOX],
            metadata={"number": number, "edit": 0},
        )
        return Change(command, lambda expected: expected.samples.update({number: 0}))

    def _edit(self) -> Change:
        number, edit = self._random.choice(sorted(self.expected.samples)), next(self._numbers)
        metadata: dict[str, Any] = {"number": number, "edit": edit}
        command = ask.UpdateTrainingSample(sample_id=self._ids[number], metadata=metadata)
        return Change(command, lambda expected: expected.samples.update({number: edit}))

    def _deletion(self) -> Change:
        number = self._random.choice(sorted(self.expected.samples))
        command = ask.DeleteTrainingSample(sample_id=self._ids[number])
        return Change(command, lambda expected: expected.samples.__delitem__(number))

    def _free_labels(self) -> list[str]:
        return [each for each, beside in IMPORTED.items() if not {each, beside} & self.expected.imported.keys()]

    def _import(self) -> Change:
        label = self._random.choice(self._free_labels())
        command = recording(label, next(self._numbers))
        return Change(command, lambda expected: expected.add_import(label))

    def _imported_deletion(self) -> Change:
        label, sample_id = self._imported_ids.pop(self._random.randrange(len(self._imported_ids)))
        command = ask.DeleteTrainingSample(sample_id=sample_id)
        return Change(command, lambda expected: expected.delete_imported(label))


def _labels() -> list[str]:
    return [*IMPORTED, *IMPORTED.values()]


def recording(label: str, seed: int) -> ask.ImportSigmf:
    """The import of two windows of noise with the labels of :data:`IMPORTED`."""
    samples = SMALL_SPEC.window_samples
    marked = [(label, 0), (label, samples), (IMPORTED[label], 0)]
    return ask.ImportSigmf(
        meta={
            "global": {"core:datatype": "cu8", "core:version": "1.0.0", "core:sample_rate": RATE_HZ},
            "captures": [{"core:sample_start": 0, "core:frequency": CENTER_HZ}],
            "annotations": [
                {
                    "core:sample_start": start,
                    "core:sample_count": samples,
                    "core:freq_lower_edge": CENTER_HZ,
                    "core:freq_upper_edge": CENTER_HZ + RATE_HZ / 8,
                    "core:label": name,
                }
                for name, start in sorted(marked, key=lambda each: each[1])
            ],
        },
        data_b64=base64.b64encode(np.random.default_rng(seed).bytes(4 * samples)).decode(),
    )
