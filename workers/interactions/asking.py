"""What CometChat is asked where there is a REST key: for a message that was not seen, and whether a
user belongs to its group.

Presses name messages and users as whoever holds a URL wants: so not more is asked in a minute than
`MOST_MESSAGES` and `MOST_MEMBERS`, and a message that was not found is not asked for again for a
while. Both are counted by all processes together, as the calls themselves are.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from comethooks.schemas import Event, Message
from comethooks.schemas.triggers.identity import digest
from comethooks.workers.clock import milliseconds
from comethooks.workers.cometchat.api_errors import (
    ApiBusyError,
    ApiFailedError,
    ApiRefusedError,
    NoAnswerError,
)
from comethooks.workers.cometchat.message_calls import GONE
from comethooks.workers.cometchat.rate_limits import CallLimit
from comethooks.workers.cometchat.retry_after import spread
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.interactions.from_events import message_of
from comethooks.workers.interactions.telling import tell
from comethooks.workers.journal import Judged, SeenMessage, ToldPress
from comethooks.workers.plugins.retry import NotYet
from comethooks.workers.presses.goals import Trust, Trusted

MOST_ASKED = 50
"""So many users of presses that waited for a message are asked for in one run; the next ones in
another."""
MOST_MESSAGES = 60
MOST_MEMBERS = 300
"""So many messages and memberships of an app are asked for in a minute."""
NOT_FOUND_SECONDS = 600.0
"""For so long a message that was not found is not asked for again."""
_ONE_MESSAGE = 10
"""So often one message is asked for in a minute."""
SHORTEST_SECONDS, LONGEST_SECONDS = 30.0, 600.0
"""The waits between two questions while CometChat does not answer: a quarter of the event's age,
within these."""
PATIENCE_MS = 24 * 3600 * 1000
"""How old an event is when nobody waits for CometChat any more."""


def asks(event: Event, ctx: Context) -> bool:
    """Whether CometChat is asked: live, and of an app with a REST key."""
    return event.replay is None and ctx.app is not None and bool(ctx.app.rest_key)


def by(event: Event) -> str | None:
    """The event that tells of what it completes: none in a replay."""
    return None if event.replay is not None else event.id


def until_asked(trusted: Trusted) -> Trusted:
    """Whose presses count as long as CometChat has not been asked: what is completed cannot be
    taken back.
    """
    return Trusted.CONFIRMED if trusted is Trusted.MEMBERS else trusted


@contextmanager
def patiently(event: Event, inside: Inside) -> Iterator[None]:
    """Have the run come again while CometChat does not answer, which costs no attempt: in an hour's
    outage nothing is given up. After a day it goes on without the answer.
    """
    try:
        yield
    except (ApiBusyError, ApiFailedError, NoAnswerError) as error:
        age = inside.services.clock() - milliseconds(event.received_at)
        if age > PATIENCE_MS:
            inside.note(f"CometChat is not waited for any longer: {error}")
            return
        usual = min(max(age / 4000, SHORTEST_SECONDS), LONGEST_SECONDS)
        asked = error.seconds if isinstance(error, ApiBusyError) else 0.0
        raise NotYet(round(spread(max(usual, asked)), 1), str(error)) from None


def see(event: Event, ctx: Context, shown: SeenMessage) -> None:
    """Keep what a body shows of a message, and judge the presses that waited for it.

    The message is kept first. From then on whoever presses is asked for by that press; those who
    had pressed before are found, asked for and judged here, and nobody else is: a press that is
    written meanwhile counts for nothing until its own question is answered.
    """
    inside, trusted = Inside(ctx), ctx.config.trust
    is_group = shown.facts.receiver_type == "group"
    is_asked = asks(event, ctx) and is_group and trusted is not Trusted.ALL
    first = until_asked(trusted) if is_asked else trusted
    judged = inside.interactions.see(
        shown, by=by(event), trusted=first, now=inside.services.clock()
    )
    tell(inside, judged.completions)
    if is_asked:
        _ask_for_all(event, ctx, shown)


def ask_about(event: Event, ctx: Context, told: ToldPress) -> None:
    """Ask for the message of a press and for its user's membership, where they are not known."""
    inside = Inside(ctx)
    known = inside.interactions.look(told)
    if known.facts is None and told.message_id is not None:
        message = _fetched(event, ctx, told.message_id)
        if message and (shown := message_of(message, event.app_id, event.received_at)):
            see(event, ctx, shown)
            known = inside.interactions.look(told)
    if _is_to_ask(ctx, known):
        assert known.facts is not None
        assert known.user is not None
        _ask_for(event, ctx, known.facts.receiver or "", known.user, told.received_at)


def _fetched(event: Event, ctx: Context, message_id: str) -> Message | None:
    """The message, if it is asked for and found."""
    inside, limiter = Inside(ctx), Inside(ctx).services.pacing.limiter
    name = digest((message_id,)).hex()
    this = CallLimit(f"{event.app_id}:message:{name}", _ONE_MESSAGE)
    if limiter.take([CallLimit(f"{event.app_id}:messages asked for", MOST_MESSAGES), this]):
        inside.note("CometChat is not asked for the message: it was not found, or too many are")
        return None
    try:
        with patiently(event, inside):
            return ctx.cometchat.message(message_id)
    except ApiRefusedError as error:
        inside.note(f"the message was not found: {error}")
        if error.code in GONE:
            limiter.pause(this, NOT_FOUND_SECONDS)
    return None


def _is_to_ask(ctx: Context, known: Judged) -> bool:
    is_named = known.facts is not None and known.user is not None
    return is_named and ctx.config.trust is not Trusted.ALL and known.trust is Trust.UNKNOWN


def _ask_for_all(event: Event, ctx: Context, shown: SeenMessage) -> None:
    """Ask for those who pressed before the message was seen, and judge them. Raises `NotYet` while
    there are more.
    """
    inside, trusted = Inside(ctx), ctx.config.trust
    unknown = inside.interactions.unknown_users(shown)
    asked, moment = unknown[:MOST_ASKED], milliseconds(event.received_at)
    for user in asked:
        _ask_for(event, ctx, shown.facts.receiver or "", user, moment)
    left = [user for user in inside.interactions.unknown_users(shown) if user in set(unknown)]
    more = len(unknown) > len(asked)
    if more and len(left) < len(unknown):
        raise NotYet(1.0, f"{len(left)} more users who pressed are to be asked for")
    # Of those who are left, CometChat does not say whether they belong to the group.
    judged = inside.interactions.judge(
        shown.app_id,
        shown.message_id,
        left,
        by=by(event),
        trusted=trusted,
        now=inside.services.clock(),
    )
    tell(inside, judged.completions)


def _ask_for(event: Event, ctx: Context, guid: str, user: str, moment: int) -> None:
    """Ask whether a user is in a group, as was of interest at that moment, and keep the answer.

    Raises `NotYet` when that is asked too often in this minute.
    """
    inside, app_id = Inside(ctx), event.app_id or ""
    limit = CallLimit(f"{app_id}:members asked for", MOST_MEMBERS)
    if wait := inside.services.pacing.limiter.take([limit]):
        raise NotYet(round(spread(wait), 1), f"whether {user} belongs to the group is asked later")
    is_member = None
    try:
        with patiently(event, inside):
            is_member = ctx.cometchat.member(guid, user).has_joined
    except ApiRefusedError as error:
        # Whatever is refused, a key, a plan, a group: it tells nothing of the user. What does is
        # no error, see `people_calls.NOT_JOINED`.
        inside.note(f"whether {user} belongs to the group is not known: {error}")
    if is_member:
        completed = inside.interactions.joined(
            app_id,
            guid,
            [user],
            moment=moment,
            by=by(event),
            trusted=ctx.config.trust,
            now=inside.services.clock(),
        )
        tell(inside, completed)
    elif is_member is False:
        inside.interactions.absent(app_id, guid, user, moment=inside.services.clock())
