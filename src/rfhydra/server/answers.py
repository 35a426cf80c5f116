"""Sizes of answers: what fits one, and the refusal of what does not."""

from collections.abc import Iterable
from typing import Final

from rfhydra.errors import TooLarge
from rfhydra.protocol.base import BaseMessage
from rfhydra.protocol.fields import WireModel
from rfhydra.protocol.limits import Limits
from rfhydra.protocol.messages import Subscriptions
from rfhydra.protocol.results import VersionDetail
from rfhydra.protocol.upgrades import UpgradeState, UpgradeUndone
from rfhydra.protocol.versions import Registry, VersionHistory

ENVELOPE_BYTES: Final = 4096
"""Of an answer, around its list."""
_GROWING: Final = (Registry, Subscriptions, VersionDetail, UpgradeState, UpgradeUndone, VersionHistory)
"""Answers that grow with the workspace and do not come in pages."""


def wire_bytes(item: WireModel) -> int:
    """Size of ``item`` in an answer, with its comma."""
    return len(item.model_dump_json().encode()) + 1


def fitting_count(items: Iterable[WireModel], max_bytes: int) -> int:
    """Number of the first ``items`` that fit ``max_bytes``."""
    count, room = 0, max_bytes
    for item in items:
        room -= wire_bytes(item)
        if room < 0:
            break
        count += 1
    return count


def require_fitting(answer: BaseMessage, limits: Limits) -> None:
    """
    Raises:
        TooLarge: ``answer`` grows with the workspace and is over ``max_answer_bytes``.
    """
    size = wire_bytes(answer) if isinstance(answer, _GROWING) else 0
    if size > limits.max_answer_bytes:
        raise TooLarge(
            f"the answer has {size} bytes, the limit is {limits.max_answer_bytes} (max_answer_bytes): start the server"
            " with a higher one"
        )
