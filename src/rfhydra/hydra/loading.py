"""Loaded heads: read from an artifact and checked against a contract and a backbone."""

from dataclasses import dataclass, replace
from typing import Self

from rfhydra.hydra.backbone import Backbone
from rfhydra.hydra.head import EmbeddingHead
from rfhydra.spectrum.spec import SpectrogramSpec


@dataclass(frozen=True, eq=False)
class LoadedHead:
    """A head and its version, checked against the contract and the backbone that it runs with.

    ``override`` is a score threshold that was set in the place of the head's own, None where none was.
    """

    version: int
    head: EmbeddingHead
    override: float | None = None

    @property
    def threshold(self) -> float:
        """The score threshold that is used."""
        return self.head.info.threshold if self.override is None else self.override

    def overridden(self, threshold: float | None) -> Self:
        """The same head with another ``override``."""
        return replace(self, override=threshold)

    @classmethod
    def bind(cls, version: int, head: EmbeddingHead, spec: SpectrogramSpec, backbone: Backbone) -> Self:
        """Check ``head`` against ``spec`` and ``backbone``.

        Raises:
            Incompatible: made for another contract or backbone.
        """
        what = f"the head of {head.info.signal_name}"
        spec.require(head.info.spec_id, what)
        backbone.require(head.info.backbone_id, what)
        return cls(version, head)

    @classmethod
    def read(cls, artifact: bytes, version: int, spec: SpectrogramSpec, backbone: Backbone) -> Self:
        """Read a stored ``artifact`` and replay its golden vectors.

        Raises:
            Incompatible: not the artifact of a head, made for another contract or backbone, or its golden vectors
                fail.
        """
        return cls.bind(version, EmbeddingHead.from_bytes(artifact), spec, backbone)

    def named(self, signal_name: str) -> Self:
        """The same head as one of ``signal_name``: an artifact keeps the name that it was trained under."""
        if self.head.info.signal_name == signal_name:
            return self
        return replace(self, head=replace(self.head, info=replace(self.head.info, signal_name=signal_name)))
