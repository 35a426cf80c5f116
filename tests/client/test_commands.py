"""The client has what the protocol has."""

from typing import get_args

from rfhydra.client import Client
from rfhydra.client.watch import PUSHES
from rfhydra.protocol.commands import COMMANDS
from rfhydra.protocol.types import Topic

# The token travels with the connection, and a subscription is left to end it.
OWN_AFFAIRS = {"auth", "unsubscribe"}


def test_every_command_has_a_method() -> None:
    assert COMMANDS.keys() - {name for name in dir(Client) if not name.startswith("_")} == OWN_AFFAIRS


def test_every_topic_has_its_pushes() -> None:
    assert set(PUSHES) == set(get_args(Topic))
