"""RepeatFilter: a log that clients cannot fill by repeating what is logged."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

PERIOD_SEC: Final = 60.0
MAX_PER_PERIOD: Final = 10
_MAX_LINES: Final = 256


class RepeatFilter(logging.Filter):
    """Lets the same line pass ten times a minute; the first one of the next minute says how many were left out.

    Lines are the same if their logger, level and format are.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lines: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()  # start of period, number

    def filter(self, record: logging.LogRecord) -> bool:
        key, now = (record.name, record.levelno, str(record.msg)), self._now()
        start, number = self._lines.pop(key, (now, 0))
        left_out = 0
        if now - start > PERIOD_SEC:
            left_out, start, number = max(0, number - MAX_PER_PERIOD), now, 0
        self._lines[key] = (start, number + 1)
        if len(self._lines) > _MAX_LINES:
            self._lines.popitem(last=False)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} such lines were left out before)", None
        return number < MAX_PER_PERIOD
