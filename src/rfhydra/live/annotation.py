"""Fields of the SigMF extension that the annotation of a track has."""

from typing import Any

from rfhydra.protocol.streams import TrackEvent

_FIELDS = ("score", "version", "stream_id", "track_id", "duty_cycle", "repetition_sec")


def annotation_fields(event: TrackEvent) -> dict[str, Any]:
    """The fields by their names in :mod:`rfhydra.recordings.sigmf_extension`."""
    measured = {} if event.measured is None else event.measured.model_dump()
    return {**{name: getattr(event, name) for name in _FIELDS}, **measured}
