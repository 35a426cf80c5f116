"""File descriptors: as many connections as the process may open, with a reserve for everything else."""

import logging
import resource
from typing import Final

from rfhydra.errors import InvalidMessage
from rfhydra.protocol.limits import Limits

RESERVED: Final = 128
"""For the workspace, the training process, and connections that are accepted or end just now."""
MIN_CONNECTIONS: Final = 16

_log = logging.getLogger(__name__)


def fit_descriptors(limits: Limits) -> Limits:
    """``limits`` with no more connections than the process has file descriptors; raises the soft limit if it can.

    Raises:
        InvalidMessage: there are too few for any server.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = RESERVED + limits.max_clients + limits.max_pending_connections
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    fitted = fit(limits, wanted if soft == resource.RLIM_INFINITY else soft)
    if fitted != limits:
        _log.warning(
            "%d file descriptors allow max_clients=%d and max_pending_connections=%d only: raise ulimit -n",
            soft,
            fitted.max_clients,
            fitted.max_pending_connections,
        )
    return fitted


def fit(limits: Limits, descriptors: int) -> Limits:
    """``limits`` with as many connections as ``descriptors`` allow: half of them, at most, pending ones.

    Raises:
        InvalidMessage: there are too few for any server.
    """
    room = descriptors - RESERVED
    if room < MIN_CONNECTIONS:
        raise InvalidMessage(
            f"a server needs at least {RESERVED + MIN_CONNECTIONS} file descriptors, the process may open"
            f" {descriptors}: raise ulimit -n"
        )
    if limits.max_clients + limits.max_pending_connections <= room:
        return limits
    pending = min(limits.max_pending_connections, max(room // 2, room - limits.max_clients))
    return limits.model_copy(update={"max_pending_connections": pending, "max_clients": room - pending})
