"""Versions of heads on the wire: which there are, and which of them is active."""

from collections.abc import Collection
from typing import Literal, Self

from rfhydra.protocol.base import BaseMessage, SignalMessage
from rfhydra.protocol.types import RegistryEntry, VersionInfo


class VersionPromoted(SignalMessage):
    """A version has become the active one."""

    type: Literal["version_promoted"] = "version_promoted"
    version: int
    """Its active version."""


class VersionRollback(SignalMessage):
    """An earlier version has become the active one again."""

    type: Literal["version_rollback"] = "version_rollback"
    active_version: int
    """Its active version."""


class VersionHistory(SignalMessage):
    """The versions of a signal's head, oldest first."""

    type: Literal["version_history"] = "version_history"
    active_version: int | None
    """The active one."""
    versions: list[VersionInfo]
    """The kept versions."""
    previous_version: int | None = None
    """The version that ``rollback_signal`` returns to; null where no other one was active before."""


class Registry(BaseMessage):
    """Every signal that has versions."""

    type: Literal["registry"] = "registry"
    backbone_version: int
    """Version of the shared backbone's design."""
    signals: dict[str, RegistryEntry]
    """By name."""

    def with_loaded(self, names: Collection[str]) -> Self:
        """The same registry, with the signals in ``names`` as the loaded ones."""
        signals = {name: entry.model_copy(update={"is_loaded": name in names}) for name, entry in self.signals.items()}
        return self.model_copy(update={"signals": signals})
