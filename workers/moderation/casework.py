"""What becomes of cases: those that are opened, and what CometChat says of them."""

from collections.abc import Mapping
from datetime import datetime

from comethooks.schemas import Event, Message
from comethooks.workers.clock import milliseconds
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.journal import AtCometChat, CaseOrigin, Reason, Suspect
from comethooks.workers.moderation.consequences import rule_in
from comethooks.workers.moderation.look import Look, look_of
from comethooks.workers.moderation.rule import Rule
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.states import DecisionAction

COMETCHATS_RULE = "CometChat"
"""The rule of a case of CometChat's whose rule it does not name."""
UNKNOWN_SEVERITY = "medium"
"""How bad it is what a rule found that the file does not have any more, or CometChat's."""
_SAID: Mapping[str, AtCometChat] = {
    "moderation.failed": AtCometChat.FAILED,
    "moderation.approved": AtCometChat.APPROVED,
    "moderation.blocked": AtCometChat.BLOCKED,
    "moderation.manually_approved": AtCometChat.REVIEWED,
}
SAYS = tuple(_SAID)
"""The events in which CometChat's moderation says something of a message."""


def open_dropped(
    event: Event, ctx: Context, suspect: Suspect, rules: Rules, decider: str
) -> tuple[Rule, ...]:
    """Open a case for each rule by which `decider` dropped a message; those of the rules that there
    still are.
    """
    names = dict.fromkeys(
        rule_in(vote.reason or "")
        for vote in event.votes
        if vote.decider == decider and vote.verdict is DecisionAction.DROP and not vote.shadow
    )
    known = {rule.name: rule for rule in rules.rules}
    for name in filter(None, names):
        severity = known[name].severity if name in known else UNKNOWN_SEVERITY
        open_case(ctx, suspect, Reason(name, severity, CaseOrigin.DROPPED))
    return tuple(known[name] for name in names if name in known)


def open_case(ctx: Context, suspect: Suspect, reason: Reason) -> str | None:
    """Open a case, or find the one that there is; its id. In a dry run, only say so."""
    inside = Inside(ctx)
    if ctx.dry_run:
        inside.note(f"would open a case of the rule {reason.rule}")
        return None
    case = inside.cases.open(suspect, reason, now=inside.services.clock())
    inside.note(f"case {case.id} of the rule {reason.rule}")
    return case.id


def note_standing(event: Event, ctx: Context) -> None:
    """Note what CometChat's moderation says of a message."""
    message, moderation = event.message, event.moderation
    if ctx.dry_run or message is None or not message.id or moderation is None:
        return
    standing = _SAID[event.name or ""]
    has_failed = standing is AtCometChat.FAILED
    origin = CaseOrigin.FAILED if has_failed else CaseOrigin.BLOCKED
    inside = Inside(ctx)
    cases = inside.cases.stand(
        suspect_of(event, look_of(event)),
        standing,
        Reason(_rule_of(event), "low" if has_failed else UNKNOWN_SEVERITY, origin),
        now=inside.services.clock(),
        failure=_failure(event) if has_failed else None,
    )
    for case in cases:
        inside.note(f"case {case.id} of the rule {case.rule}: {standing.value} at CometChat")


def forget_deleted(event: Event, ctx: Context) -> None:
    """Drop what cases hold of a message that is deleted, unless it was us who deleted it."""
    if event.message is not None and event.message.id and not ctx.dry_run:
        inside = Inside(ctx)
        now = inside.services.clock()
        if inside.cases.deleted(event.app_id or "", event.message.id, now=now):
            inside.note("its cases keep no excerpt")


def suspect_of(event: Event, look: Look) -> Suspect:
    """What an event is about, for a case, which keeps the beginning of all that was looked at."""
    message = None if event.interaction is not None else event.message
    written_at = event.received_at if message is None else written(event, message)
    sender = event.sender if message is None else message.sender
    return Suspect(
        app_id=event.app_id or "",
        event_id=event.id,
        as_of=milliseconds(written_at),
        message_id=(message.id or None) if message is not None else None,
        muid=message.muid if message is not None else None,
        conversation_id=event.conversation_id,
        sender=(sender.uid or None) if sender is not None else None,
        text="\n".join(look.texts),
    )


def written(event: Event, message: Message) -> datetime:
    """When a message was written or, since then, edited: which version of it an event is about."""
    edited_at = message.edited_at or (event.occurred_at if event.edited else None)
    return edited_at or message.sent_at or event.received_at


def _rule_of(event: Event) -> str:
    moderation = event.moderation
    assert moderation is not None
    contexts = [failure.get("context") for failure in moderation.failures]
    failed = [context.get("rule") for context in contexts if isinstance(context, Mapping)]
    for rule in (*moderation.rules, *failed):
        if isinstance(rule, Mapping) and (name := rule.get("name") or rule.get("id")):
            return str(name)
    return COMETCHATS_RULE


def _failure(event: Event) -> str | None:
    """Why CometChat could not judge a message: each kind of failure, and what it says of it."""
    assert event.moderation is not None
    said = dict.fromkeys(
        ": ".join(str(each[key]) for key in ("category", "errorMessage") if each.get(key))
        for each in event.moderation.failures
    )
    return "; ".join(filter(None, said)) or "it does not say why"
