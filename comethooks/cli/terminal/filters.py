"""The options that say what is to be shown, and the filter that they become."""

from collections.abc import Iterable

import click

from comethooks.cli.terminal.options import Decorator, together
from comethooks.cli.terminal.parameters import Identifier, Moment, ReplayName, TriggerPattern
from comethooks.workers.journal import Filter, MessageFilter
from comethooks.workers.states import DecisionAction, EventStatus, RunState

trigger: Decorator = click.option(
    "--trigger",
    type=TriggerPattern(),
    metavar="NAME",
    help="Only this trigger or canonical name; * stands for any text: 'message.*'.",
)
app: Decorator = click.option("--app", metavar="ID", help="Only this app.")
limit: Decorator = click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N; without it 50, and all with --json.",
)
status: Decorator = click.option(
    "--status",
    type=click.Choice([status.value for status in EventStatus]),
    help="Only events with this status, or runs on these.",
)
decision: Decorator = click.option(
    "--decision",
    type=click.Choice([action.value for action in DecisionAction]),
    help="Only messages in flight on which this was decided.",
)
message: Decorator = click.option(
    "--message", metavar="ID", help="Only what is about this message, by its id at CometChat."
)
backfilled: Decorator = click.option(
    "--backfilled", is_flag=True, help="Only what `comethooks backfill` has fetched."
)

about = together(
    trigger,
    click.option("--conversation", metavar="ID", help="Only this conversation."),
    click.option("--user", metavar="UID", help="Only what this user sent or caused."),
    app,
)
"""The options that say which events are meant."""


def of_runs(states: Iterable[RunState]) -> Decorator:
    """The options that say which runs are meant, by themselves and by their events, in `states`."""
    return together(
        click.option(
            "--state",
            type=click.Choice([state.value for state in states]),
            help="Only runs in this state.",
        ),
        click.option(
            "--replay",
            type=ReplayName(live=True),
            metavar="NAME",
            help='Only runs of this replay; "" means live ones.',
        ),
        click.option("--handler", metavar="PLUGIN.FUNCTION", help="Only runs of this handler."),
        click.option(
            "--event",
            "event_prefix",
            type=Identifier(),
            metavar="ID",
            help="Only runs on this event.",
        ),
        about,
        within,
    )


def times(what: str) -> Decorator:
    """The options that say when it was: `Received`, say."""
    how = "an ISO date or time (UTC unless it says otherwise), or how long ago: 2h, 7d."
    return together(
        click.option("--since", type=Moment(), metavar="TIME", help=f"{what} at or after: {how}"),
        click.option(
            "--until", type=Moment(), metavar="TIME", help=f"{what} before; written like --since."
        ),
    )


within = times("Received")
"""The options that say when it was received."""

of_messages = together(
    app,
    click.option("--conversation", metavar="ID", help="Only this conversation."),
    click.option("--tag", metavar="TAG", help="Only messages with this tag."),
    times("Sent"),
)
"""The options that say which interactive messages are meant."""


def check_times(since: int | None, until: int | None) -> None:
    """End the command as wrong use when there is no time between the two."""
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since is not before --until, so nothing can be in between")


def asked(
    *,
    trigger: str | None,
    conversation: str | None,
    user: str | None,
    app: str | None,
    status: str | None = None,
    decision: str | None = None,
    message: str | None = None,
    backfilled: bool = False,
    state: str | None = None,
    handler: str | None = None,
    replay: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Filter:
    """What the options ask for, but for `--event`: the stores know which id begins so."""
    check_times(since, until)
    return Filter(
        trigger=trigger,
        conversation_id=conversation,
        sender=user,
        app_id=app,
        message_id=message,
        backfilled=backfilled,
        status=None if status is None else EventStatus(status),
        decision=None if decision is None else DecisionAction(decision),
        handler=handler,
        replay=replay,
        state=None if state is None else RunState(state),
        since=since,
        until=until,
    )


def asked_messages(
    *,
    app: str | None,
    conversation: str | None,
    tag: str | None,
    since: int | None,
    until: int | None,
) -> MessageFilter:
    """What the options ask for of interactive messages."""
    check_times(since, until)
    return MessageFilter(
        app_id=app, conversation_id=conversation, tag=tag, since=since, until=until
    )
