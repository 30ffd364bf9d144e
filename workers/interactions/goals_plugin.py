"""The plugin `interactions`: keeps presses, judges goals, and tells each completion once.

The order of steps of a press, and what a crash between any two of them leaves:

1. One transaction keeps the press and judges it. Crash before it ends: nothing of it is there, and
   the run is repeated. After: the press is there, and a goal that it completed is noted as this
   event's to tell. Where CometChat can be asked, a user who is not known does not count yet.
2. Where the message or the user is not known and there is a REST key, CometChat is asked, and what
   it says is kept (`asking`). Crash: it is asked again. While it does not answer, the run comes
   again; after a day it goes on without.
3. The press is judged once more, with what is known now. Crash: as in 1.
4. Each completion is emitted after its transaction. Crash before: the run is repeated, is told that
   the completion is its own, and emits. After: it emits again, under the same id, which is
   recognised.
5. CometChat is told that the elements were interacted with. Crash: it is told again, which changes
   nothing there.
"""

from marshmallow import fields

from comethooks.schemas import GroupEvent, InteractionEvent, MessageEvent
from comethooks.workers.clock import milliseconds
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.interactions.asking import (
    ask_about,
    asks,
    by,
    patiently,
    see,
    until_asked,
)
from comethooks.workers.interactions.from_events import message_of, press_of
from comethooks.workers.interactions.marking import Marked, mark
from comethooks.workers.interactions.telling import tell
from comethooks.workers.journal import Judged, ToldPress
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.presses.forms import problems_in
from comethooks.workers.presses.goals import Trust, Trusted

RETRY = Retry(attempts=12, cap=600)
"""For what fails here. While CometChat is away, no attempt counts."""
CATEGORIES = ("interactive", "card")
"""The categories of messages that somebody may press something on."""

plugin = Plugin(
    "interactions",
    config={
        "trust": fields.Enum(Trusted, by_value=True, load_default=Trusted.MEMBERS),
        "mark": fields.Enum(Marked, by_value=True, load_default=Marked.OURS),
    },
)


@plugin.on("interaction.received", retry=RETRY, replay="safe")
def pressed(event: InteractionEvent, ctx: Context) -> None:
    """Keep a press, and judge its user."""
    inside, told = Inside(ctx), press_of(event)
    for problem in event.interaction.problems:
        inside.note(problem)
    if ctx.dry_run or (told.message_id is None and told.muid is None):
        return
    trusted, is_asking = ctx.config.trust, asks(event, ctx)
    judged = _judged(event, inside, told, until_asked(trusted) if is_asking else trusted)
    if is_asking and judged.trust is not Trust.CONFIRMED:
        ask_about(event, ctx, told)
        judged = _judged(event, inside, told, trusted)
    _note(inside, told, judged)
    if event.replay is None:
        with patiently(event, inside):
            mark(ctx, inside, told, judged)


@plugin.on(
    "message.sent", "message.edited", retry=RETRY, replay="safe", category=CATEGORIES, own=True
)
def seen(event: MessageEvent, ctx: Context) -> None:
    """Keep what an interactive message asks for, and judge the presses that came before it."""
    shown = message_of(event.message, event.app_id, event.received_at)
    if shown is not None and not ctx.dry_run:
        see(event, ctx, shown)


@plugin.on("message.deleted", retry=RETRY, replay="safe", category=CATEGORIES, own=True)
def deleted(event: MessageEvent, ctx: Context) -> None:
    """Note that an interactive message is deleted: presses on it do not count from now on."""
    if event.message.id and not ctx.dry_run:
        inside = Inside(ctx)
        now = inside.services.clock()
        inside.interactions.deleted(event.app_id or "", event.message.id, now=now)


@plugin.on(
    "group.created",
    "group.deleted",
    "group.owner_transferred",
    "group.member_added",
    "group.member_joined",
    "group.member_left",
    "group.member_kicked",
    "group.member_banned",
    "group.member_scope_changed",
    retry=RETRY,
    replay="safe",
)
def members(event: GroupEvent, ctx: Context) -> None:
    """Keep who belongs to a group, and judge those of whom presses wait for that."""
    app_id, guid, trusted = event.app_id or "", event.group.guid, ctx.config.trust
    if not guid or ctx.dry_run or trusted is Trusted.ALL:
        return
    inside = Inside(ctx)
    moment = milliseconds(event.received_at)
    users = [member.uid for member in event.members if member.uid]
    what = (event.name or "").partition(".")[2]
    if what == "deleted":
        inside.interactions.no_group(app_id, guid)
    elif what in ("member_left", "member_kicked", "member_banned"):
        inside.interactions.left(app_id, guid, users, moment=moment)
    else:
        completed = inside.interactions.joined(
            app_id,
            guid,
            [*users, *_others(event)],
            moment=moment,
            by=by(event),
            trusted=trusted,
            now=inside.services.clock(),
            beginning=what == "created",
        )
        tell(inside, completed)


def _judged(event: InteractionEvent, inside: Inside, told: ToldPress, trusted: Trusted) -> Judged:
    """Keep a press, unless it is there, judge its user, and tell of what that completes."""
    now = inside.services.clock()
    judged = inside.interactions.press(told, by=by(event), trusted=trusted, now=now)
    tell(inside, judged.completions)
    return judged


def _others(event: GroupEvent) -> list[str]:
    """Who belongs to a group beside those whose membership changed."""
    by = event.sender.uid if event.sender is not None else None
    return [uid for uid in (event.group.owner, by) if uid and event.name == "group.created"]


def _note(inside: Inside, told: ToldPress, judged: Judged) -> None:
    """Say in the effects of the run what counts of a press, and what does not and why."""
    if judged.full:
        inside.note("not kept: too many presses of this app wait for their messages")
        return
    if judged.facts is None:
        inside.note("kept: it waits for its message to be seen")
        return
    for problem in problems_in(judged.facts, told.press):
        inside.note(problem)
    for left in judged.judgement.left_out if judged.judgement else ():
        if left.press.id == told.press.id:
            inside.note(
                f"does not count: {left.why}{f' ({left.element_id})' * bool(left.element_id)}"
            )
