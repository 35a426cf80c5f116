"""Signals as a whole, their list, renaming and trash, and single samples, on the wire."""

from typing import Literal, TypeAlias

from rfhydra.protocol.base import BaseCommand, BaseMessage
from rfhydra.protocol.fields import SignalName, Token, WireModel
from rfhydra.protocol.types import SampleInfo


class SignalInfo(WireModel):
    """One signal, with or without a head."""

    signal_name: str
    """Its name."""
    sample_count: int
    """Number of its samples now."""
    box_count: int
    """Number of its boxes in them."""
    negative_count: int
    """Number of verified negatives in them."""
    active_version: int | None
    """The active version of its head, null without one."""
    f1_score: float | None
    """F1 of that version on its validation split, null where it is provisional."""
    provisional: bool
    """Whether that version is provisional."""
    is_loaded: bool = False
    """Whether a head of this signal is loaded, of any version."""


class DeletedSignal(WireModel):
    """A signal in the trash."""

    signal_name: str
    """Its name."""
    deleted_at: str
    """UTC, ISO 8601."""
    who: str
    """Who deleted it."""
    sample_count: int
    """Number of its samples."""
    version_count: int
    """Number of kept versions of its head."""


class Signals(BaseMessage):
    """Every signal that has samples or versions."""

    type: Literal["signals"] = "signals"
    signals: list[SignalInfo]
    """Sorted by name."""


class Trash(BaseMessage):
    """The deleted signals."""

    type: Literal["trash"] = "trash"
    signals: list[DeletedSignal]
    """The last deleted first."""


class TrashEmptied(BaseMessage):
    """The signals of the trash are gone for good."""

    type: Literal["trash_emptied"] = "trash_emptied"
    signals: int
    """Number of them."""
    samples: int
    """Number of their samples."""


class SignalRenamed(BaseMessage):
    """A signal has another name."""

    type: Literal["signal_renamed"] = "signal_renamed"
    signal_name: str
    """Its name now."""
    former_name: str
    """Its name before."""


class SignalDeleted(BaseMessage):
    """A signal was moved to the trash, and its head unloaded."""

    type: Literal["signal_deleted"] = "signal_deleted"
    signal_name: str
    """The signal."""
    sample_count: int
    """Number of its samples."""
    version_count: int
    """Number of kept versions of its head."""


class SignalRestored(BaseMessage):
    """A signal was taken out of the trash. Its head is not loaded."""

    type: Literal["signal_restored"] = "signal_restored"
    signal_name: str
    """The signal."""
    sample_count: int
    """Number of its samples."""
    version_count: int
    """Number of kept versions of its head."""


class SampleRelabelled(BaseMessage):
    """A sample is one of another signal, under another id."""

    type: Literal["sample_relabelled"] = "sample_relabelled"
    signal_name: str
    """The signal that it is one of now."""
    sample_id: str
    """Its id now."""
    former_signal_name: str
    """The signal that it was one of."""
    former_sample_id: str
    """Its id before."""
    total_samples: int
    """Number of samples of the signal that it is one of now."""


class TrainingSample(BaseMessage):
    """One sample."""

    type: Literal["training_sample"] = "training_sample"
    signal_name: str
    """The signal."""
    sample: SampleInfo
    """The sample."""


class GetTrainingSample(BaseCommand[TrainingSample]):
    """Ask for one sample."""

    command: Literal["get_training_sample"] = "get_training_sample"
    sample_id: Token
    """The sample; the first 4 digits of its id, or more, where no other id begins so."""
    include_spectrogram: bool = False
    """Whether to include its image."""


class GetSignals(BaseCommand[Signals]):
    """Ask for all signals, also those without a head."""

    command: Literal["get_signals"] = "get_signals"


class RenameSignal(BaseCommand[SignalRenamed]):
    """Give a signal another name: its samples, versions, jobs, loaded head and logged tracks.

    Ids of samples and numbers of versions stay. ``conflict`` where the name is in use, as a label of boxes, too, while
    a training of the signal or an upgrade is unfinished, and while a live stream detects it.
    """

    command: Literal["rename_signal"] = "rename_signal"
    signal_name: SignalName
    """The signal."""
    new_name: SignalName
    """Its new name."""


class DeleteSignal(BaseCommand[SignalDeleted]):
    """Move a signal to the trash, with its samples and versions, and unload its head. ``conflict`` as for renaming."""

    command: Literal["delete_signal"] = "delete_signal"
    signal_name: SignalName
    """The signal."""


class RestoreSignal(BaseCommand[SignalRestored]):
    """Take the last deleted signal of a name out of the trash. ``conflict`` where there is one of this name again."""

    command: Literal["restore_signal"] = "restore_signal"
    signal_name: SignalName
    """Its name."""


class GetTrash(BaseCommand[Trash]):
    """Ask for the deleted signals."""

    command: Literal["get_trash"] = "get_trash"


class EmptyTrash(BaseCommand[TrashEmptied]):
    """Remove all deleted signals for good."""

    command: Literal["empty_trash"] = "empty_trash"


class RelabelSample(BaseCommand[SampleRelabelled]):
    """Make a sample one of another signal: its boxes get that label in every sample of the image.

    The boxes of a sample that shows only what is not the signal get it, too. If the other signal has a sample of the
    image already, that gets the boxes.
    """

    command: Literal["relabel_sample"] = "relabel_sample"
    sample_id: Token
    """The sample; the first 4 digits of its id, or more, where no other id begins so."""
    signal_name: SignalName
    """The other signal."""


MessageOnSignals: TypeAlias = (
    Signals | SignalRenamed | SignalDeleted | SignalRestored | Trash | TrashEmptied | SampleRelabelled
)
"""The answers to the commands of this module, but for :class:`TrainingSample`."""
