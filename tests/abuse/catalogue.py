"""All attacks."""

from typing import Final

from tests.abuse import (
    disk,
    fragments,
    images,
    imports,
    messages,
    readers,
    recordings,
    samples,
    sockets,
    streams,
    tokens,
    trainings,
)
from tests.abuse.attack import Attack

ATTACKS: Final[tuple[Attack, ...]] = tuple(
    attack
    for module in (
        messages,
        imports,
        sockets,
        samples,
        images,
        fragments,
        disk,
        readers,
        recordings,
        streams,
        tokens,
        trainings,
    )
    for attack in module.ATTACKS
)
