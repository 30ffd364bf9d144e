"""Addresses: what is taken, what is refused in words, and how they are shown."""

import pytest

from comethooks.workers.settings import addresses
from comethooks.workers.settings.addresses import Binding


@pytest.mark.parametrize(
    ("text", "binding"),
    [
        ("127.0.0.1:8001", Binding("127.0.0.1", 8001)),
        ("0.0.0.0", Binding("0.0.0.0")),
        ("localhost:80", Binding("localhost", 80)),
        ("web-1.internal", Binding("web-1.internal")),
        ("[::1]:8000", Binding("::1", 8000)),
        ("[::]", Binding("::")),
    ],
)
def test_a_binding_is_a_host_and_perhaps_a_port(text: str, binding: Binding) -> None:
    assert addresses.parse_binding(text) == binding


@pytest.mark.parametrize(
    "text",
    [
        "8000",
        ":8000",
        "*:8000",
        "::1",
        "unix:/run/x",
        "http://127.0.0.1",
        "h:http",
        "256.1.1.1",
        "[::x]:1",
    ],
)
def test_what_is_no_binding_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a host or host:port"):
        addresses.parse_binding(text)


def test_several_bindings_stand_between_commas() -> None:
    """Once each."""
    assert addresses.parse_bindings("0.0.0.0:80, [::]:80,0.0.0.0:80") == (
        Binding("0.0.0.0", 80),
        Binding("::", 80),
    )


@pytest.mark.parametrize("text", ["127.0.0.1:0", "127.0.0.1:70000"])
def test_the_port_of_a_binding_is_a_port(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number from 1 to 65535"):
        addresses.parse_binding(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        (None, "127.0.0.1:80"),
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("10.0.0.5", "10.0.0.5:80"),
        ("::1", "[::1]:80"),
    ],
)
def test_this_machine_finds_a_listener_wherever_it_listens(host: str | None, local: str) -> None:
    assert addresses.local_address(host, 80) == local


def test_a_public_url_loses_the_slash_at_its_end() -> None:
    assert (
        addresses.parse_public_url("https://chat.example.com/in/") == "https://chat.example.com/in"
    )


@pytest.mark.parametrize(
    "text", ["chat.example.com", "ftp://x", "https://", "https://x?a=1", "https://x#y"]
)
def test_what_is_no_public_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as https://"):
        addresses.parse_public_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:hush@h:1/0", "redis://:***@h:1/0"),
        ("redis://u:hu/sh@hush@h", "redis://u:***@h"),
        ("unix:///run/x.sock?password=hush&db=1", "unix:///run/x.sock?password=***&db=1"),
        (
            "postgresql+psycopg://u:hush@h/d?sslpassword=hush#x",
            "postgresql+psycopg://u:***@h/d?sslpassword=***#x",
        ),
        ("postgresql://h/d?apiToken=hush", "postgresql://h/d?apiToken=***"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("sqlite:////data/chat.db", "sqlite:////data/chat.db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert addresses.masked_url(url) == shown


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("127.0.0.9", True),
        ("172.31.255.255", True),
        ("169.254.0.1", True),
        ("fe80::1", True),
        ("fd12::1", True),
        ("::ffff:192.168.0.1", True),
        ("172.32.0.1", False),
        ("100.64.0.7", False),
        ("192.0.2.1", False),
        ("240.0.0.1", False),
        ("0.0.0.0", False),
        ("2001:db8::1", False),
        ("localhost", False),
    ],
)
def test_private_is_what_an_owner_of_a_network_gives_out(text: str, private: bool) -> None:
    """Carriers share 100.64.0.0/10 among their customers, who are strangers to each other."""
    assert addresses.is_private(text) is private


@pytest.mark.parametrize(
    "host, local",
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.4", True),
        ("web", True),
        ("app.localhost", True),
        ("chat.example.com", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("::ffff:10.1.2.3", True),
        ("100.64.0.7", True),
        ("0.0.0.0", True),
    ],
)
def test_a_host_is_local_when_the_world_outside_cannot_reach_it(host: str, local: bool) -> None:
    """Loopback, private networks, names without a dot."""
    assert addresses.is_local(host) is local
