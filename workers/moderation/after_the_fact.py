"""What is done about a message that was sent or edited, or about what somebody pressed.

First the case is opened, so that whatever happens somebody may look at it. Then each measure is
tried, and one that fails keeps none of the others from being taken: the run is tried again, or is
dead, when all of them were tried. What a crash leaves:

| before the case is there | nothing; the run is repeated, and opens it |
| --- | --- |
| at deleting, kicking, banning or deactivating | it is done again, which changes nothing |
| before a warning | the run that is repeated sends it |
| in a warning | nobody knows whether it was sent, and it is not sent again |
| after the event `moderator.flagged` was made | it is made again under the same id |
"""

from collections.abc import Callable, Mapping, Sequence

from comethooks.schemas import Event
from comethooks.workers.cometchat.api_errors import CometChatError
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.journal import CaseOrigin, Reason, Suspect
from comethooks.workers.moderation.casework import open_case, open_dropped, suspect_of
from comethooks.workers.moderation.consequences import of_each_rule, why
from comethooks.workers.moderation.look import Look, look_of
from comethooks.workers.moderation.measures import Measures
from comethooks.workers.moderation.rule import AfterAction, Match, Rule
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.plugins.retry import Stop

FLAGGED = "flagged"
"""The event `moderator.flagged`: a rule with `notify` found something."""


def note_dropped(event: Event, ctx: Context, rules: Rules, *, decider: str) -> None:
    """Open the cases of a message that `decider` dropped by these rules, and tell of it."""
    suspect = suspect_of(event, look_of(event))
    for rule in open_dropped(event, ctx, suspect, rules, decider):
        if "notify" in rule.after:
            tell(ctx, suspect, rule, CaseOrigin.DROPPED)


def follow_up(event: Event, ctx: Context, found: Sequence[Match], look: Look) -> None:
    """Do what the rules say that found something. Raises `CometChatError`."""
    inside = Inside(ctx)
    matches = of_each_rule(found)
    for match in matches:
        if match.rule.shadow:
            inside.note(f"in shadow, {why(match)}: would {', '.join(match.rule.after)}")
    counted = [match for match in matches if not match.rule.shadow and match.rule.after]
    if not counted:
        return
    suspect = suspect_of(event, look)
    _flag(ctx, suspect, counted)
    errors: list[CometChatError] = []
    for action, take in _measures(event, ctx).items():
        wanting = [match.rule for match in counted if action in match.rule.after]
        if wanting:
            try:
                take(wanting[0])
            except CometChatError as error:
                inside.note(f"{action}: {error}")
                errors.append(error)
    for match in counted:
        if "notify" in match.rule.after:
            tell(ctx, suspect, match.rule, CaseOrigin.FLAGGED)
    if errors:
        # One after which another attempt may help comes first.
        raise min(errors, key=lambda error: isinstance(error, Stop))


def tell(ctx: Context, suspect: Suspect, rule: Rule, verdict: CaseOrigin) -> None:
    """Make the event which says that a rule found something, for whoever is to be told of it.
    `verdict` is what became of the message: dropped, or flagged.
    """
    ctx.emit(
        FLAGGED,
        {
            "rule": rule.name,
            "severity": rule.severity,
            "verdict": verdict.value,
            "messageId": suspect.message_id,
            "conversationId": suspect.conversation_id,
            "sender": suspect.sender,
            "eventId": suspect.event_id,
            "in_flight": rule.in_flight,
            "after": list(rule.after),
        },
    )


def _flag(ctx: Context, suspect: Suspect, counted: Sequence[Match]) -> None:
    inside = Inside(ctx)
    for match in counted:
        inside.note(why(match))
        if "flag" in match.rule.after:
            reason = Reason(match.rule.name, match.rule.severity, CaseOrigin.FLAGGED)
            open_case(ctx, suspect, reason)


def _measures(event: Event, ctx: Context) -> Mapping[AfterAction, Callable[[Rule], None]]:
    if event.interaction is not None or event.message is None or not event.message.id:
        return {}
    return Measures(event, ctx, event.message).by_action
