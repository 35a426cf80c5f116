"""SigMF collections: the recordings that a ``.sigmf-collection`` names."""

from pathlib import Path

from sigmf import keys
from sigmf.error import SigMFError
from sigmf.sigmffile import SigMFCollection

from rfhydra.errors import InvalidRecording, NotFound
from rfhydra.recordings.sigmf_read import load_object


def members_of(path: Path) -> list[Path]:
    """The metadata files of the recordings in a collection, in its order.

    Raises:
        NotFound: there is no such file, or a recording is missing.
        InvalidRecording: it is no collection, it is empty, or a recording was changed since it was made.
    """
    if not path.is_file():
        raise NotFound(f"there is no collection {path.name}")
    metadata = load_object(path.read_bytes(), path.name)
    fields = metadata.get("collection")
    streams = fields.get(keys.STREAMS_KEY) if isinstance(fields, dict) else None
    names = [each.get("name") for each in streams if isinstance(each, dict)] if isinstance(streams, list) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise InvalidRecording(f"{path.name} is not a SigMF collection: {keys.STREAMS_KEY} must name recordings")
    members = [path.with_name(f"{name}{keys.SIGMF_METADATA_EXT}") for name in names]
    for member in members:
        if not member.is_file():
            raise NotFound(f"there is no {member.name}, which {path.name} names: put it beside the collection")
    try:
        SigMFCollection(metadata=metadata, base_path=path.parent)  # compares the digests
    except SigMFError as error:
        raise InvalidRecording(f"{path.name}: a recording was changed since the collection was made: {error}") from None
    return members
