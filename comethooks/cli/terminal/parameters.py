"""How times, ids, triggers and names are written on the command line."""

import time
from typing import Any

import click

from comethooks.cli import load_settings
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import workers_at_work
from comethooks.workers.journal import PREFIX_LENGTH, TEXT_LENGTH, from_text
from comethooks.workers.patterns import KNOWN, pattern_of, unknown
from comethooks.workers.settings.values import parse_duration
from comethooks.workers.texts import meant


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A time: an ISO date or time (UTC unless it says otherwise), or how long ago. Milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The moment that was written."""
        if isinstance(value, int):
            return value
        try:
            return max(0, from_text(value))
        except ValueError:
            return self._ago(value, param, ctx)

    def _ago(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return max(0, int((time.time() - parse_duration(value)) * 1000))
        except ValueError:
            self.fail(
                f"{value!r} is no time: write 2026-10-03, 2026-10-03T14:30:00Z, or how long ago:"
                " 2h, 7d",
                param,
                ctx,
            )


class Duration(click.ParamType):  # type: ignore[type-arg]
    """How long: `90s`, `15m`, `24h`, `7d`. Seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds that were written."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError:
            self.fail(f"{value!r} is no duration: write 90s, 15m, 24h, 7d", param, ctx)


class Identifier(click.ParamType):  # type: ignore[type-arg]
    """An id, or the beginning of one."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id as ids are written."""
        text = str(value).strip().lower()
        if len(text) < PREFIX_LENGTH:
            self.fail(
                f"{value!r} is too short; give at least {PREFIX_LENGTH} characters of the id",
                param,
                ctx,
            )
        return text


class TriggerPattern(click.ParamType):  # type: ignore[type-arg]
    """A trigger, a canonical name, or either with `*`.

    A pattern that no known trigger fits is warned of, unless it names a plugin, whose events it
    then means. It is not wrong use, because events with unknown triggers are kept too.
    """

    name = "trigger"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The pattern without spaces around it."""
        text = str(value).strip()
        if not text:
            self.fail("write a trigger, a canonical name, or either with *", param, ctx)
        if not pattern_of(text).is_known and unknown(text, _plugins()):
            advice = meant(text, KNOWN) or "see: comethooks triggers"
            hint(f'Warning: no trigger of CometChat\'s that is known here fits "{text}"; {advice}')
        return text


def _plugins() -> frozenset[str]:
    """The names of the plugins that are found here, whose code that does not run, or at work."""
    from comethooks.workers.plugins.discovery import loadables  # most names are known without

    settings = load_settings()
    workers = workers_at_work(settings) or ()
    return frozenset(
        (
            *(loadable.name for loadable in loadables(settings)),
            *(plugin.name for worker in workers for plugin in worker.plugins),
        )
    )


class ReplayName(click.ParamType):  # type: ignore[type-arg]
    """The name of a replay without spaces around it; with `live` it may be empty, for live runs."""

    name = "name"

    def __init__(self, *, live: bool = False) -> None:
        self._least = 0 if live else 1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is kept."""
        text = str(value).strip()
        if not self._least <= len(text) <= TEXT_LENGTH or not text.isprintable():
            self.fail(f"a name has 1 to {TEXT_LENGTH} printable characters", param, ctx)
        return text
