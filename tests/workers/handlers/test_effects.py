"""Lines about what a run did: what is known to be a secret, or looks like one, stands in none of
them.
"""

from typing import Any

import pytest

from comethooks.workers.handlers.effects import Effects, address, preview
from comethooks.workers.plugins.config import Config


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com:8443/v1/users/ada", "https://example.com:8443/v1/users/ada"),
        (
            "https://app.api-eu.example.com/v3/messages/105",
            "https://app.api-eu.example.com/v3/messages/105",
        ),
        (
            "https://a.example/groups/team-7/blockedusers",
            "https://a.example/groups/team-7/blockedusers",
        ),
        ("https://a.example/api/sendMessage", "https://a.example/api/sendMessage"),
        ("https://a.example/reactions/%F0%9F%98%80", "https://a.example/reactions/%F0%9F%98%80"),
        ("http://[::1]:80/in", "http://[::1]:80/in"),
        ("https://user:hunter2@example.com/in", "https://example.com/in"),
        ("https://example.com/in?key=KKKK&page=2", "https://example.com/in?key=***&page=***"),
        ("https://example.com/in?AbC123xYz9", "https://example.com/in?***"),
        ("https://example.com/in?AbC123xYz9=", "https://example.com/in?***"),
        (
            "https://hooks.slack.com/services/T0/B0/SECRET",
            "https://hooks.slack.com/services/***/***/***",
        ),
        (
            "https://api.telegram.org/bot123:AAABBB/sendMessage",
            "https://api.telegram.org/***/sendMessage",
        ),
        (
            "https://a.example/hooks/catch/1234567/bx2a1b9",
            "https://a.example/hooks/catch/1234567/***",
        ),
        ("https://a.example/550e8400-e29b-41d4-a716-446655440000/", "https://a.example/***/"),
        ("https://a.example/abcdefghijklmnopqrstuvwxyz", "https://a.example/***"),
        ("https://a.example/x%41%42%43%44%45%46x1", "https://a.example/***"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    """Its user, the values of its query, and parts of its path that are no words or numbers."""
    assert address(url) == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (None, ""),
        ({"token": "tok", "a": 1}, ' {"token": "***", "a": 1}'),
        ('{"token": "tok"}', ' {"token": "***"}'),
        (b'[{"password": "tok"}]', ' [{"password": "***"}]'),
        ("password=tok&page=2", " password=***&page=2"),
        ("hello", " hello"),
        ("[" * 100_000, f" {'[' * 100_000}"),
        (b"\xff", " �"),
    ],
)
def test_what_would_be_sent_is_shown_without_its_secrets(sent: Any, shown: str) -> None:
    """Also when it is given as text."""
    assert preview(sent) == shown


def test_the_secrets_of_the_plugin_stand_in_no_line() -> None:
    """Wherever they come from, and in whatever form they are written; other settings do."""
    config = Config(
        "shop",
        {
            "api_key": 'a b/ü"c',
            "tokens": ["first", "second"],
            "channel": "news",
            "key": None,
            "pass": "x",
        },
    )
    effects = Effects(config)
    for line in (
        "once 'first second'",
        "GET https://example.com/news/first",
        'x a b/ü"c',
        "x a%20b/%C3%BC%22c",
        "x a%20b%2F%C3%BC%22c",
        'x {"q": "a b/\\u00fc\\"c"}',
        'x {"q": "a b/ü\\"c"}',
    ):
        effects.add(line)
    assert effects.lines == (
        "once '*** ***'",
        "GET https://example.com/news/***",
        *["x ***"] * 3,
        *['x {"q": "***"}'] * 2,
    )


def test_what_cannot_be_written_as_text_is_replaced_in_a_line() -> None:
    """A device may name an element after half of a surrogate pair: the mark of a run that tells of
    it is written all the same. A drainer would end with it, and so would each that follows.
    """
    effects = Effects(Config("interactions", {}))
    effects.add("no such element: \ud83d\x00!")
    assert effects.lines == ("no such element: \ufffd\ufffd!",)
