"""IqSource: where the IQ of a workspace's samples is, stored with them or in a recording."""

from collections.abc import Sequence
from functools import cached_property

from rfhydra.contract.extent import is_same_rate
from rfhydra.contract.stretch import Iq
from rfhydra.errors import Damaged, InvalidRecording, NotFound
from rfhydra.recordings import Recording
from rfhydra.store.samples import Sample
from rfhydra.store.workspace import Workspace


class IqSource:
    """The IQ of the samples of ``workspace``: stored, or else in the ``recordings`` that they are from."""

    def __init__(self, workspace: Workspace, recordings: Sequence[Recording] = ()) -> None:
        self._workspace, self._recordings = workspace, recordings
        self._by_name = {each.name: each for each in recordings}

    def read(self, sample: Sample) -> Iq:
        """The IQ of the window of ``sample``, complex64 (samples,).

        Raises:
            NotFound: it is nowhere; the message is the reason.
            Damaged: the stored IQ does not match its digest.
            InvalidRecording: a sample of the recording is not a finite number.
        """
        stored = self._workspace.samples.iq(sample)
        return self._recorded(sample) if stored is None else stored

    def obstacle(self, sample: Sample) -> str | None:
        """Why there is no IQ of ``sample``, or None."""
        try:
            self.read(sample)
        except (NotFound, Damaged, InvalidRecording) as error:
            return str(error)
        return None

    @cached_property
    def _by_id(self) -> dict[str, Recording]:
        """The recordings by their id, for which all of each is read."""
        return {each.recording_id: each for each in self._recordings}

    def _recorded(self, sample: Sample) -> Iq:
        name = sample.metadata.get("recording_name")
        known = (self._by_id.get(sample.recording or ""), self._by_name.get(sample.recording or ""))
        recording = known[0] or known[1] or (self._by_name.get(name) if isinstance(name, str) else None)
        if recording is None:
            raise NotFound("it was added as an image without IQ; a recording that has it can be given with --recording")
        if sample.start_sample is None:
            raise NotFound("it was added as an image without IQ and without its first sample in the recording")
        rate, count = sample.sample_rate_hz, sample.cols * self._workspace.spec.hop
        if rate is not None and not is_same_rate(rate, recording.sample_rate_hz):
            raise NotFound(f"it has {rate:g} samples/s, its recording {recording.name} {recording.sample_rate_hz:g}")
        if sample.start_sample + count > recording.sample_count:
            raise NotFound(f"it lies outside its recording {recording.name}")
        return recording.read(sample.start_sample, count)
