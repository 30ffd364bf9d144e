"""Which handlers a replay may run, by what they declare and by what somebody asks for."""

import pytest

from comethooks import Plugin
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.replays.consent import (
    Consent,
    NeverReplayedError,
    UnknownHandlerError,
    UnnamedHandlerError,
    consent_of,
)


@pytest.fixture(scope="module")
def handlers() -> list[BoundHandler]:
    """A handler of each kind: `three.asks`, `three.safe`, `three.never`."""
    plugin = Plugin("three")

    @plugin.on("message_sent")
    def asks(event, ctx):
        """Says nothing about replays."""

    @plugin.on("message_sent", replay="safe")
    def safe(event, ctx):
        """May always be replayed."""

    @plugin.on("message_sent", replay="never")
    def never(event, ctx):
        """Never may."""

    return [BoundHandler(each, plugin.load_config({}), 1.0, "1") for each in plugin.handlers]


def consent(granted: str = "", never: str = "", left_out: str = "") -> Consent:
    """Of handlers of the plugin `three`, each set written as the names of functions."""
    sets = ({f"three.{name}" for name in names.split()} for names in (granted, never, left_out))
    return Consent(*map(frozenset, sets))


@pytest.mark.parametrize(
    ("named", "included", "expected"),
    [
        ((), (), consent("safe", "never", "asks")),
        ((), ("three.asks",), consent("safe asks", "never")),
        ((), ("three.safe",), consent("safe", "never", "asks")),
        (("three.asks",), (), consent("asks")),
        (("three.asks", "three.never"), ("three.asks",), consent("asks", "never")),
        (("three.never",), (), consent("", "never")),
    ],
)
def test_a_handler_that_asks_is_run_when_somebody_names_it(handlers, named, included, expected):
    """Whether it is named or included; one that never may be is not run in any case."""
    assert consent_of(handlers, named=named, included=included) == expected


@pytest.mark.parametrize(
    ("named", "included", "error", "culprit"),
    [
        (("three.ask",), (), UnknownHandlerError, "three.ask"),
        ((), ("three.ask",), UnknownHandlerError, "three.ask"),
        ((), ("three.never",), NeverReplayedError, "three.never"),
        (("three.safe",), ("three.asks",), UnnamedHandlerError, "three.asks"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_the_handler(
    handlers, named, included, error, culprit
):
    """Each in a class of its own, so that whoever is asked can say what to write instead."""
    with pytest.raises(error) as raised:
        consent_of(handlers, named=named, included=included)
    assert raised.value.handler == culprit
    assert culprit in str(raised.value)
