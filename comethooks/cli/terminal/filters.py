"""The options and arguments that say what is to be shown."""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from comethooks.cli.terminal.output import hint
from comethooks.workers.journal import Filter
from comethooks.workers.journal.listings.identifiers import PREFIX_LENGTH
from comethooks.workers.journal.tables.models import TEXT_LENGTH
from comethooks.workers.journal.times import from_text
from comethooks.workers.patterns import near, pattern_of
from comethooks.workers.settings.values import parse_duration
from comethooks.workers.states import EventStatus, RunState

_Function = TypeVar("_Function", bound=Callable[..., Any])
Decorator = Callable[[_Function], _Function]


class Moment(click.ParamType):  # type: ignore[type-arg]
    """An ISO date or time, or how long ago; becomes milliseconds since the epoch. Without a zone it
    is UTC.
    """

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

    One that fits nothing which this version knows is said, and is no wrong use: what came under a
    name that nobody knew is kept, too.
    """

    name = "trigger"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The pattern without spaces around it."""
        text = str(value).strip()
        if not text:
            self.fail("write a trigger, a canonical name, or either with *", param, ctx)
        if not pattern_of(text).is_known:
            close = near(text)
            advice = f"did you mean {' or '.join(close)}?" if close else "see: comethooks triggers"
            hint(f'Warning: no trigger of CometChat\'s that is known here fits "{text}"; {advice}')
        return text


class ReplayName(click.ParamType):  # type: ignore[type-arg]
    """The name of a replay, without spaces around it; with `live`, it may be empty, which means
    live runs.
    """

    name = "name"

    def __init__(self, *, live: bool = False) -> None:
        self._least = 0 if live else 1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is kept."""
        text = str(value).strip()
        if not self._least <= len(text) <= TEXT_LENGTH or not text.isprintable():
            self.fail(f"a name has 1 to {TEXT_LENGTH} printable characters", param, ctx)
        return text


trigger: Decorator[Any] = click.option(
    "--trigger",
    type=TriggerPattern(),
    metavar="NAME",
    help="Only this trigger or canonical name; * stands for any text: 'message.*'.",
)
limit: Decorator[Any] = click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N; without it 50, and all with --json.",
)
status: Decorator[Any] = click.option(
    "--status",
    type=click.Choice([status.value for status in EventStatus]),
    help="Only events with this status, or runs on these.",
)


def about(function: _Function) -> _Function:
    """The options that say which events are meant."""
    for option in reversed(
        (
            trigger,
            click.option("--conversation", metavar="ID", help="Only this conversation."),
            click.option("--user", metavar="UID", help="Only what this user sent or caused."),
            click.option("--app", metavar="ID", help="Only this app."),
        )
    ):
        function = option(function)
    return function


def of_runs(states: Iterable[RunState]) -> Decorator[Any]:
    """The options that say which runs are meant, by themselves and by their events; they may be in
    `states`.
    """

    def decorate(function: _Function) -> _Function:
        for option in (
            within,
            about,
            click.option(
                "--event",
                "event_prefix",
                type=Identifier(),
                metavar="ID",
                help="Only runs on this event.",
            ),
            click.option("--handler", metavar="PLUGIN.FUNCTION", help="Only runs of this handler."),
            click.option(
                "--replay",
                type=ReplayName(live=True),
                metavar="NAME",
                help='Only runs of this replay; "" means live ones.',
            ),
            click.option(
                "--state",
                type=click.Choice([state.value for state in states]),
                help="Only runs in this state.",
            ),
        ):
            function = option(function)
        return function

    return decorate


def within(function: _Function) -> _Function:
    """The options that say when it was received."""
    how = "an ISO date or time (UTC unless it says otherwise), or how long ago: 2h, 7d."
    until = click.option(
        "--until", type=Moment(), metavar="TIME", help="Received before; written like --since."
    )
    since = click.option(
        "--since", type=Moment(), metavar="TIME", help=f"Received at or after: {how}"
    )
    return since(until(function))


def check_times(since: int | None, until: int | None) -> None:
    """End the command with wrong use when nothing can be between the two."""
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since is not before --until, so nothing can be in between")


def asked(
    *,
    trigger: str | None,
    conversation: str | None,
    user: str | None,
    app: str | None,
    status: str | None = None,
    state: str | None = None,
    handler: str | None = None,
    replay: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Filter:
    """What the options ask for, but for the id in `--event`: only a source knows which one begins
    so.
    """
    check_times(since, until)
    return Filter(
        trigger=trigger,
        conversation_id=conversation,
        sender=user,
        app_id=app,
        status=None if status is None else EventStatus(status),
        handler=handler,
        replay=replay,
        state=None if state is None else RunState(state),
        since=since,
        until=until,
    )
