"""Telling a service that Apprise knows.

What Apprise logs may hold addresses, and these hold secrets. So its log goes nowhere; why something
was not taken is said in the error of the run, without the parts of the address.
"""

import logging
import re
from functools import cache
from typing import Any
from urllib.parse import unquote

from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.notify.sink_errors import NoServiceError, NotTakenError
from comethooks.workers.notify.sinks import AppriseSink
from comethooks.workers.texts import cut, without, without_secrets

_LONGEST_SAID = 300


def send(ctx: Context, sink: AppriseSink, text: str, *, key: str) -> None:
    """Send a text, at most once as far as Apprise tells. Raises `SinkError`."""
    service = service_of(sink)
    with ctx.once(key) as first:
        if not first:
            return
        if ctx.dry_run:
            Inside(ctx).note(f"would tell {sink.name} ({scheme_of(sink)}) {text!r}")
            return
        result = service.notify(body=text)
        if not result:
            said = "; ".join(entry.message for entry in result.logs())
            why = _without_address(said, sink) or "Apprise does not say why"
            raise NotTakenError(f"{sink.name}: it was not taken: {cut(why, _LONGEST_SAID)}")
        Inside(ctx).note(f"told {sink.name} ({scheme_of(sink)})")


def service_of(sink: AppriseSink) -> Any:
    """Apprise, with the service of the sink. Raises `NoServiceError`."""
    import apprise  # an extra; and a process that tells nobody need not load it

    _keep_quiet()
    # In the thread of the run, which is interrupted when its time is over.
    asset = apprise.AppriseAsset(async_mode=False, service_timeout=0)
    service = apprise.Apprise(asset=asset)
    if not service.add(sink.url):
        raise NoServiceError(
            f"{sink.name}: Apprise knows no service by its URL, which begins with"
            f" {scheme_of(sink)}://"
        )
    return service


def scheme_of(sink: AppriseSink) -> str:
    """The kind of service: all of the URL that is no secret."""
    return sink.url.partition("://")[0].lower()


@cache
def _keep_quiet() -> None:
    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [logging.NullHandler()], False
    log.setLevel(logging.WARNING)  # results have what is said from here on


def _without_address(said: str, sink: AppriseSink) -> str:
    parts = re.split(r"[/:@?&=#]+", sink.url.partition("://")[2])
    return without_secrets(without(said, [*parts, *map(unquote, parts)]))
