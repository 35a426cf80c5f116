import pytest

from rfhydra.errors import InvalidMessage, Unauthorized
from rfhydra.server.net.security import Gate, is_loopback, require_safe

LOCAL = {"host": "localhost:8765"}


def test_without_a_token_everybody_is_authorised() -> None:
    assert Gate().authorised({}, {})
    assert Gate().accepts("anything")


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"authorization": "Bearer s3cret"}, {}), ({"authorization": "bearer s3cret"}, {}), ({}, {"token": "s3cret"})],
)
def test_the_token_may_come_with_the_request(headers: dict[str, str], query: dict[str, str]) -> None:
    assert Gate("s3cret").authorised(headers, query)


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"authorization": "Bearer s3cre"}, {}), ({"authorization": "Bearer "}, {}), ({}, {"token": "ü"})],
)
def test_a_wrong_token_is_refused(headers: dict[str, str], query: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        Gate("s3cret").authorised(headers, query)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic s3cret"}])
def test_a_token_may_come_later(headers: dict[str, str]) -> None:
    gate = Gate("s3cret")
    assert not gate.authorised(headers, {})
    assert gate.accepts("s3cret")
    assert not gate.accepts("")


@pytest.mark.parametrize(
    "headers",
    [
        LOCAL,
        {"host": "127.0.0.1:8765", "origin": "http://127.0.0.1:8765"},
        {"host": "[::1]:8765", "origin": "http://[::1]:8765"},
        {"host": "LocalHost:8765", "origin": "http://localhost:8765"},
        {"host": "localhost:8765", "origin": "https://ops.example"},
    ],
)
def test_programs_own_pages_and_allowed_pages_may_connect(headers: dict[str, str]) -> None:
    Gate(origins=frozenset({"https://ops.example"})).require_origin(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {**LOCAL, "origin": "https://evil.example"},
        {**LOCAL, "origin": "http://localhost:3000"},
        {**LOCAL, "origin": "null"},
        {**LOCAL, "origin": "file://localhost:8765"},
        {**LOCAL, "origin": ""},
        {"host": "evil.example:8765", "origin": "http://evil.example:8765"},
        {"host": "evil.example"},
        {"host": "[::1"},
        {},
    ],
)
def test_pages_of_others_may_not(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        Gate().require_origin(headers)


def test_with_a_token_the_server_may_have_any_name() -> None:
    Gate("s3cret").require_origin({"host": "ops.example", "origin": "https://ops.example"})
    Gate(any_host=True).require_origin({"host": "ops.example"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_safe(host: str) -> None:
    assert is_loopback(host)
    require_safe(host, None, without_token=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_another_address_needs_a_token_or_the_word_of_the_operator(host: str) -> None:
    with pytest.raises(InvalidMessage, match="--token"):
        require_safe(host, None, without_token=False)
    require_safe(host, "s3cret", without_token=False)
    require_safe(host, None, without_token=True)


def test_an_empty_token_is_none() -> None:
    with pytest.raises(InvalidMessage, match="empty"):
        require_safe("127.0.0.1", " ", without_token=False)


@pytest.mark.parametrize("token", ["ü", "a b", "a\n", "\x7f", "x" * 1025])
def test_a_token_that_a_client_could_not_show_is_refused(token: str) -> None:
    with pytest.raises(InvalidMessage, match="ASCII"):
        require_safe("127.0.0.1", token, without_token=False)


def test_a_host_that_is_none_is_named() -> None:
    with pytest.raises(InvalidMessage, match="unknown"):
        is_loopback("no such host")
