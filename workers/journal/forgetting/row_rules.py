"""What a row of each table becomes without a user."""

from collections.abc import Mapping
from typing import Any

import orjson

from comethooks.schemas.forgetting import forgotten_message, forgotten_value
from comethooks.schemas.forgotten_user import BETWEEN, ForgottenUser
from comethooks.workers.journal.forgetting.without import (
    app_in,
    body_without,
    error_without,
    headers_without,
    holds,
)
from comethooks.workers.states import RunState
from comethooks.workers.texts import dumps

DONE = RunState.DONE.value
OF_EVENT = ("sender", "conversation_id", "body")
"""What a rule may have to know of a row's event."""


def of_run(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A run or an attempt: what it says goes if it names the user."""
    changed: dict[str, Any] = {}
    if user.is_told_of(row.error):
        changed["error"] = error_without(row.error)
    for name in ("traceback", "effects"):
        if user.is_told_of(getattr(row, name, None)):
            changed[name] = None
    # One that waits has its new name already: all of a line get it at once.
    if (lane := getattr(row, "lane", None)) is not None and row.state == DONE:
        changed |= {"lane": user.in_key(lane)} if user.in_key(lane) != lane else {}
    return changed


def of_once_key(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any] | None:
    """A key: what happened once for the user does not happen again for the other name. `row` also
    has what the key's event says, None where that is deleted.

    A key of another user stays, or what happened for that one would happen again: one that has the
    uid as a part of a longer uid, and one of an event that is about others, where the uid may be
    any word.
    """
    if user.is_word and row.event_body is not None and not _is_about(row, user):
        return {}
    renamed = user.in_key(row.key)
    if renamed != row.key:
        return {"key": renamed}
    others = (row.event_sender, *(row.event_conversation_id or "").split(BETWEEN))
    rest = row.key
    for other in others:
        if other and not user.is_it(other):
            rest = rest.replace(other, "")
    # Beside a `_` it is no word by itself, but what plugins write: `welcome_omar`.
    return None if user.is_part_of(rest) else {}


def _is_about(row: Any, user: ForgottenUser) -> bool:
    """Whether the event of a row is about the user, who may be forgotten there already."""
    said = (row.event_sender, row.event_conversation_id)
    if any(each is not None and (user.alias in each or user.in_id(each) != each) for each in said):
        return True
    body: bytes = row.event_body
    return user.alias.encode() in body or body_without(body, user, by_user=False) != body


def of_request(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A request that became no event: it loses a body that names the user."""
    if not row.app_id and app_in(row.body) not in (None, app_id):
        return {}
    is_named = holds(row.body or b"", user, app_id)
    headers = headers_without(orjson.loads(row.headers), user, by_user=is_named)
    changed = {
        "reason": None if row.reason is None else user.in_value(row.reason),
        "errors": _json(row.errors, user),
        "headers": _written(headers, row.headers),
        "body": None if is_named else row.body,
    }
    return _different(row, changed)


def of_drift(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A path in bodies, in which a key that nobody expects may be a uid."""
    return _different(row, {"path": user.in_id(row.path)})


def of_replay(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """What a replay was asked for, unless that is of another app."""
    asked = orjson.loads(row.request).get("asked", {})
    if asked.get("app_id") not in (None, app_id):
        return {}
    error = row.error
    changed = {
        "request": _json(row.request, user),
        "error": error_without(error) if user.is_told_of(error) else error,
    }
    return _different(row, changed)


def of_message(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """An interactive message: of one of the user's the contents go, and the goal stays."""
    facts = None if row.facts is None else forgotten_value(orjson.loads(row.facts), user)
    if facts is not None and facts["sender"] == user.alias and facts["elements"] is not None:
        facts["elements"] = {name: [None, *rest] for name, (_, *rest) in facts["elements"].items()}
    wire = None if row.wire is None else forgotten_message(orjson.loads(row.wire), user)
    return _different(
        row,
        {
            "muid": _id(row.muid, user),
            "conversation_id": _id(row.conversation_id, user),
            "tags": _json(row.tags, user),
            "facts": _written(facts, row.facts),
            "wire": _written(wire, row.wire),
        },
    )


def of_muid(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A muid of a message."""
    return _different(row, {"muid": user.in_id(row.muid)})


def of_press(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A press: of one of the user's the answers go. What was pressed stays."""
    is_mine = row.uid is not None and (user.is_it(row.uid) or row.uid == user.alias)
    answers = None if is_mine else _json(row.answers, user)
    return _different(
        row,
        {
            "muid": _id(row.muid, user),
            "uid": _uid(row.uid, user),
            "element_id": None if row.element_id is None else user.in_value(row.element_id),
            "answers": answers,
            "answered": _json(row.answered, user),
        },
    )


def of_uid(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A row about one user."""
    return {"uid": user.alias} if user.is_it(row.uid) else {}


def of_case(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """A case of moderation: of one about the user nothing stays of what was written."""
    is_mine = row.sender is not None and (user.is_it(row.sender) or row.sender == user.alias)
    changed: dict[str, Any] = {
        "muid": _id(row.muid, user),
        "conversation_id": _id(row.conversation_id, user),
        "sender": _uid(row.sender, user),
        "closed_by": _id(row.closed_by, user),
    }
    for name in ("excerpt", "failure", "note"):
        text = getattr(row, name)
        changed[name] = None if (is_mine and name != "failure") or user.is_told_of(text) else text
    return _different(row, changed)


def of_moderated(row: Any, user: ForgottenUser, app_id: str) -> dict[str, Any]:
    """What is known of a message, by its id or its muid."""
    failure = None if user.is_told_of(row.failure) else row.failure
    return _different(row, {"message": user.in_id(row.message), "failure": failure})


def _id(text: str | None, user: ForgottenUser) -> str | None:
    return None if text is None else user.in_id(text)


def _uid(text: str | None, user: ForgottenUser) -> str | None:
    return None if text is None else user.in_uid(text)


def _json(text: str | None, user: ForgottenUser) -> str | None:
    return None if text is None else _written(forgotten_value(orjson.loads(text), user), text)


def _written(document: Any, before: str | None) -> str | None:
    if before is None or document == orjson.loads(before):
        return before
    return dumps(document, scrubs=True).decode()


def _different(row: Any, changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changed.items() if getattr(row, name) != value}
