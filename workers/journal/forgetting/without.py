"""What is left of a record, and of what its runs say, without a user."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from comethooks import schemas
from comethooks.schemas import Vote
from comethooks.schemas.forgetting import forgotten, forgotten_value
from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal.settled import RunResult, Settled
from comethooks.workers.record import CREDENTIAL, Kind, Record
from comethooks.workers.shipped import MODERATOR
from comethooks.workers.texts import dumps

Item = TypeVar("Item", Record, RunResult, Vote)
FORGOTTEN = "forgotten"
"""What is said in the place of an error that named the user, or what the user wrote."""
_OF_THE_DEVICE = ("remote_address", "user_agent")
_OF_THE_CALL = ("content_type", CREDENTIAL, *_OF_THE_DEVICE)
"""Headers in which no uid is."""
_KIND_OF_ERROR = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?=:)")


def is_by(record: Record, user: ForgottenUser) -> bool:
    """Whether the user caused an event."""
    return user.is_it(record.sender) or record.sender == user.alias


def event_without(record: Record, user: ForgottenUser) -> Record:
    """An event without the user; the same object when the user is not in it."""
    by_user = is_by(record, user)
    changed: dict[str, Any] = {
        "conversation_id": _id(record.conversation_id, user),
        "sender": _uid(record.sender, user),
        "key": user.in_id(record.key),
        "headers": headers_without(record.headers, user, by_user=by_user),
        "body": body_without(record.body, user, by_user=by_user),
        "votes": votes_without(record.votes, user, by_user=by_user),
        "drift": tuple((kind, user.in_id(path)) for kind, path in record.drift),
    }
    return _replaced(record, changed)


def refused_without(record: Record, user: ForgottenUser) -> Record:
    """A refused request without the user: it loses a body that names the user."""
    errors = None if record.errors is None else forgotten_value(dict(record.errors), user)
    is_named = holds(record.body, user, record.app_id)
    changed: dict[str, Any] = {
        "headers": headers_without(record.headers, user, by_user=is_named),
        "reason": None if record.reason is None else user.in_value(record.reason),
        "errors": errors,
        "body": b"" if is_named else record.body,
        "key": user.in_id(record.key),
        "conversation_id": _id(record.conversation_id, user),
        "sender": _uid(record.sender, user),
    }
    return _replaced(record, changed)


def settled_without(settled: Settled, user: ForgottenUser) -> Settled:
    """What is settled without the user; the same object when the user is not in it."""
    record = settled.record
    if record.kind is not Kind.EVENT:
        changed = refused_without(record, user)
        return settled if changed is record else replace(settled, record=changed)
    by_user = is_by(record, user)
    changed = event_without(record, user)
    runs = tuple(result_without(each, user, by_user=by_user) for each in settled.runs)
    if changed is record and all(
        one is other for one, other in zip(runs, settled.runs, strict=True)
    ):
        return settled
    return replace(settled, record=changed, runs=runs)


def result_without(result: RunResult, user: ForgottenUser, *, by_user: bool) -> RunResult:
    """The result of a run without the user; of an event of the user's nothing is told."""

    def tells(text: str | None) -> bool:
        return text is not None and (by_user or user.is_told_of(text))

    earlier = tuple(
        replace(
            each,
            error=error_without(each.error) if tells(each.error) else each.error,
            effects=effects_without(each.effects, tells),
        )
        for each in result.earlier
    )
    changed = {
        "error": error_without(result.error) if tells(result.error) else result.error,
        "traceback": None if tells(result.traceback) else result.traceback,
        "effects": effects_without(result.effects, tells),
        "earlier": earlier if earlier != result.earlier else result.earlier,
        "lane": None if result.lane is None else user.in_key(result.lane),
    }
    return _replaced(result, changed)


def effects_without(effects: Sequence[str], tells: Callable[[str | None], bool]) -> tuple[str, ...]:
    """Lines that say what a run did, but for those that tell of the user."""
    return tuple(line for line in effects if not tells(line))


def error_without(error: str | None) -> str | None:
    """What kind of error it was, and nothing else of it."""
    if error is None or error.endswith(FORGOTTEN):
        return error
    kind = _KIND_OF_ERROR.match(error)
    return FORGOTTEN if kind is None else f"{kind[0]}: {FORGOTTEN}"


def votes_without(votes: Sequence[Vote], user: ForgottenUser, *, by_user: bool) -> tuple[Vote, ...]:
    """Votes without what tells of the user. Reasons of `moderator` say nothing of messages."""
    return tuple(_vote_without(vote, user, by_user=by_user) for vote in votes)


def _vote_without(vote: Vote, user: ForgottenUser, *, by_user: bool) -> Vote:
    told = by_user and not vote.decider.startswith(f"{MODERATOR}.")
    changed = {
        name: None if told or user.is_told_of(text) else text
        for name, text in (("error", vote.error), ("reason", vote.reason))
    }
    return _replaced(vote, changed)


def headers_without(
    headers: Mapping[str, str], user: ForgottenUser, *, by_user: bool
) -> dict[str, str]:
    """What is known of a request, without the user. One that the user caused, and that proves
    itself by no credential of CometChat's, may come from the user's own device.
    """
    gone = _OF_THE_DEVICE if by_user and CREDENTIAL not in headers else ()
    return {
        name: value if name in _OF_THE_CALL else user.in_value(value)
        for name, value in headers.items()
        if name not in gone
    }


def body_without(body: bytes, user: ForgottenUser, *, by_user: bool) -> bytes:
    """A body without the user: byte for byte as it was when the user is not in it."""
    if not body:
        return body
    try:
        decoded = schemas.decode(body)
        changed = forgotten(decoded, user, by_user=by_user)
    except (schemas.NotJsonError, RecursionError):
        return b"" if by_user or user.is_told_of(body.decode("utf-8", "replace")) else body
    return body if changed == decoded else dumps(changed)


def holds(body: bytes, user: ForgottenUser, app_id: str | None) -> bool:
    """Whether a body that was refused names the user of that app."""
    if not body:
        return False
    try:
        decoded = schemas.decode(body)
        changed = forgotten_value(decoded, user)
    except (schemas.NotJsonError, RecursionError):
        return user.is_told_of(body.decode("utf-8", "replace"))
    return bool(changed != decoded)


def app_in(body: bytes | None) -> str | None:
    """The app that a body names, which nothing else is known of."""
    try:
        found = schemas.decode(body or b"").get("appId")
    except (schemas.NotJsonError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _id(text: str | None, user: ForgottenUser) -> str | None:
    return None if text is None else user.in_id(text)


def _uid(text: str | None, user: ForgottenUser) -> str | None:
    return None if text is None else user.in_uid(text)


def _replaced(item: Item, changed: Mapping[str, Any]) -> Item:
    different = {name: value for name, value in changed.items() if getattr(item, name) != value}
    return replace(item, **different) if different else item


def record_without(record: Record, user: ForgottenUser) -> Record:
    """A record without the user; the same object when the user is not in it."""
    is_event = record.kind is Kind.EVENT
    return event_without(record, user) if is_event else refused_without(record, user)


def names_user(record: Record, user: ForgottenUser) -> bool:
    """Whether a record has anything to do with the user."""
    return record_without(record, user) is not record
