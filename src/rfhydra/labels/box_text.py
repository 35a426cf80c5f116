"""A box as a text of the command line: ``START,LEN`` or ``START,LEN,CENTRE,BANDWIDTH``."""

from rfhydra.errors import InvalidMessage
from rfhydra.labels.label import Band, Label
from rfhydra.quantities import parse_hertz, parse_seconds


def parse_box(text: str, field: str) -> Label:
    """The box that ``text`` states, such as ``1.2s,30ms,433.92M,50k``; without frequencies it has the whole band.

    Raises:
        InvalidMessage: it is none; the message names ``field`` and the part that is wrong.
    """
    where = f"{field} {text!r}"
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (2, 4):
        raise InvalidMessage(
            f"{where} has {len(parts)} parts: give START,LEN or START,LEN,CENTRE,BANDWIDTH, such as"
            " 1.2s,30ms,433.92M,50k"
        )
    band = None
    if len(parts) == 4:
        band = Band.about(parts[2], parse_hertz(parts[3], f"{where}: BANDWIDTH"), f"{where}: CENTRE")
    return Label(
        where=where,
        start=parse_seconds(parts[0], f"{where}: START"),
        length=parse_seconds(parts[1], f"{where}: LEN"),
        band=band,
    )
