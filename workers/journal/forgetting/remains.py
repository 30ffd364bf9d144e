"""Where a uid still stands: every column of every table that can hold text or bytes is looked at,
whatever anybody meant to keep there.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Select, String, Table, Text, null, select

from comethooks import schemas
from comethooks.schemas.common_words import is_common
from comethooks.schemas.forgotten_user import ForgottenUser, known_user, spellings
from comethooks.schemas.no_users import is_named_in
from comethooks.workers.journal.forgetting import other_rows
from comethooks.workers.journal.forgetting.needles import holds_any
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.figure_tables import figure_deltas
from comethooks.workers.journal.tables.models import events, metadata

_MOST = 10_000
"""Rows of a table that are looked at, of those that hold the letters."""
_WRITTEN = frozenset(
    (
        *("body", "wire", "answers", "excerpt", "note", "failure", "error", "errors", "reason"),
        *("traceback", "effects", "votes", "counted"),
    )
)
"""Columns in which somebody's words stand, or what tells of them."""
_UIDS = frozenset(("uid", "sender", "muid", "key"))
"""Columns in which a word that is common elsewhere is a uid."""
_BLOCKS = frozenset(("terms", "later"))
"""Columns of hashes, in which a few letters may stand by chance."""


@dataclass(slots=True)
class Remains:
    """How many rows hold a uid, by `table.column`.

    `named`: as a word of its own. `letters`: as part of another word or, where the uid may be a
    word, in a text. `other_apps`: rows of other apps, which are no business of this one.
    """

    named: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    other_apps: Counter[str] = field(default_factory=Counter)


def columns_of_text(table: Table) -> list[Column[Any]]:
    """The columns of a table that can hold text or bytes."""
    return [
        column
        for column in table.c
        if isinstance(column.type, String | Text | LargeBinary)
        and not isinstance(column.type, Instant)
    ]


def remains_of(connection: Connection, app_id: str, uid: str) -> Remains:
    """Where the uid of a user of an app still stands."""
    found, user = Remains(), known_user(uid, "")
    for table in metadata.sorted_tables:
        columns = columns_of_text(table)
        if not columns:
            continue
        held = holds_any(connection.dialect.name, columns, uid, escaped=False)
        for row in connection.execute(_query(table, columns).where(held).limit(_MOST)):
            app = row.app
            holds: str | None
            for column, value in zip(columns, row[1:], strict=True):
                if column is figure_deltas.c.counted:  # of several apps at once
                    holds = "named" if other_rows.is_in_tally(value, user, app_id) else "letters"
                elif column is events.c.body and not user.is_word:
                    holds = _holding_in_body(user, uid, value)
                else:
                    holds = _holding(user, uid, column.name, value)
                if holds:
                    where = f"{table.name}.{column.name}"
                    of_other = app not in (None, "", app_id)
                    (found.other_apps if of_other else getattr(found, holds))[where] += 1
    return found


def _query(table: Table, columns: list[Column[Any]]) -> Select[Any]:
    """The rows of a table with the app that each belongs to; null where nobody knows."""
    if "app_id" in table.c:
        return select(table.c.app_id.label("app"), *columns)
    if "event_id" in table.c or "example_id" in table.c:
        event_id = table.c["event_id" if "event_id" in table.c else "example_id"]
        joined = table.outerjoin(events, events.c.id == event_id)
        return select(events.c.app_id.label("app"), *columns).select_from(joined)

    return select(null().label("app"), *columns)


def _holding(user: ForgottenUser, uid: str, name: str, value: Any) -> str | None:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if text is None or not any(each in text for each in spellings(uid)):
        return None
    if name in _BLOCKS or (name in _WRITTEN and user.is_word) or _is_no_user(uid, name):
        return "letters"
    return "named" if user.names(text) or text == uid else "letters"


def _is_no_user(uid: str, name: str) -> bool:
    """Whether a uid is something else in a column: an app, a message's number, a word of ours."""
    if name == "message_id":
        return uid.isdigit()
    return name == "app_id" or (is_common(uid) and name not in _UIDS)


def _holding_in_body(user: ForgottenUser, uid: str, body: bytes) -> str | None:
    """The same of a body, in which a group, a message or a kind of message may be called so."""
    found = _holding(user, uid, events.c.body.name, body)
    if found != "named":
        return found
    try:
        return "named" if is_named_in(schemas.decode(body), user) else "letters"
    except (schemas.NotJsonError, RecursionError):
        return found
