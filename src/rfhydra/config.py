"""Constants, and the check of signal names."""

import re
from typing import Final

from rfhydra.errors import InvalidName

MIN_SAMPLES_FOR_TRAINING: Final = 5
DEFAULT_EPOCHS: Final = 50
EARLY_STOP_PATIENCE: Final = 5
VALIDATION_FRACTION: Final = 0.2
MAX_VERSIONS_KEPT: Final = 5
IOU_THRESHOLD: Final = 0.5
BACKBONE_VERSION: Final = 1

MIN_PROPOSAL_RECALL: Final = 0.95

AUTO_PROMOTE_MIN_GAIN: Final = 0.02
AUTO_PROMOTE_EXCELLENT_F1: Final = 0.95

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765
DEFAULT_URL: Final = f"ws://{DEFAULT_HOST}:{DEFAULT_PORT}"

MAX_WHOLE: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""
MAX_BOXES_PER_SAMPLE: Final = 1000
MAX_HEADS: Final = 4096
"""Signal names in one command, whatever the limits of a server are."""
MAX_JSON_BYTES: Final = 64 * 1024
"""Size of one JSON document in the store: metadata, metrics, a message of a training."""

MAX_LABEL_FILE_BYTES: Final = 64 << 20
"""Size of one file of labels, some 1,000,000 boxes."""

LOG_MAX_AGE_SEC: Final = 90 * 86_400.0
LOG_MAX_TRACKS: Final = 1_000_000
"""Tracks in the detection log of a workspace, about 0.3 GB."""

DEFAULT_ROLL: Final = "0.2s"
DEFAULT_QUOTA: Final = "2G"
"""Of triggered recordings: pre- and post-roll, and the room for them."""

MAX_NAME_LENGTH: Final = 64
NAME_PATTERN: Final = rf"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_.-]{{0,{MAX_NAME_LENGTH - 1}}}"
"""Of a whole signal name, as a regular expression that Python and ECMAScript read alike."""
_NAME = re.compile(NAME_PATTERN)


NEGATION: Final = "!"
"""Before a signal name: the label of a box that is verified not to be that signal, whatever else it is."""


def negated(signal_name: str) -> str:
    """The label of boxes that are verified not to be ``signal_name``."""
    return f"{NEGATION}{signal_name}"


def check_label(label: str, field: str = "label") -> str:
    """Return ``label`` if it is a legal signal name, or one after :data:`NEGATION`.

    Raises:
        InvalidName: it is neither.
    """
    check_name(label.removeprefix(NEGATION), field)
    return label


def check_name(name: str, field: str = "signal_name") -> str:
    """Return ``name`` if it is a legal signal name, else raise :class:`InvalidName`.

    Legal: 1 to 64 characters, a letter or digit first, then letters, digits, ``_``, ``.``, ``-``; never ``..``.
    """
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{field} {name[:MAX_NAME_LENGTH]!r} is not allowed: use 1 to {MAX_NAME_LENGTH} letters, digits, '_', '.'"
            " or '-', a letter or digit first, and no '..'"
        )
    return name
