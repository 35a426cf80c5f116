"""RecordingGroups: what belongs to one recording, the unit of splits, folds, comparisons and bootstraps.

Windows of one recording are near-copies of each other, so none of them may be trained on while another one is validated
on. Where there is a single recording, each window is a group of its own.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from rfhydra.store.samples import Sample


class RecordingGroups:
    """Groups of windows by recording.

    Attributes:
        recordings: how many there are; a window of unknown origin is one.
    """

    def __init__(self, windows: Iterable[tuple[Hashable | None, Hashable]]) -> None:
        """``windows`` are pairs of a recording, None if unknown, and an id of the window."""
        self.recordings = len({window if recording is None else recording for recording, window in windows})

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "RecordingGroups":
        """The groups of a signal's ``samples``."""
        return cls((sample.recording, sample.sample_id) for sample in samples)

    def key(self, recording: Hashable | None, window: Hashable) -> Hashable:
        """The group of a window."""
        return window if recording is None or self.recordings == 1 else recording

    def key_of(self, sample: Sample) -> str:
        """The group of ``sample``, which may be another signal's."""
        return str(self.key(sample.recording, sample.sample_id))

    def unrelated(
        self, samples: Iterable[Sample], to: Iterable[Sample], unless: Sequence[Sample] = ()
    ) -> Iterator[Sample]:
        """Those of ``samples`` that share neither an image nor a group with any of ``to``.

        Groups that ``unless`` has samples of, too, do not count: they were split by window.
        """
        images, groups = set[str](), set[str]()
        for sample in to:
            images.add(sample.image_digest)
            groups.add(self.key_of(sample))
        groups -= {self.key_of(sample) for sample in unless}
        return (each for each in samples if each.image_digest not in images and self.key_of(each) not in groups)
