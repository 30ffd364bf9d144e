"""How SQL finds rows that may have to do with a user, so that few are read: those that hold the
bytes of the uid, and bodies in which some letter is escaped.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, func, literal, or_

from comethooks.schemas.forgotten_user import spellings

_ESCAPED_ASCII, _ESCAPED = b"\\u00", b"\\u"


def holds_any(
    dialect: str, columns: Iterable[Column[Any]], uid: str, *, escaped: bool = True
) -> ColumnElement[bool]:
    """The condition that a row holds the uid in one of `columns`. With `escaped` bodies count in
    which it may be written otherwise.
    """
    found: list[ColumnElement[bool]] = []
    for column in columns:
        is_blob = isinstance(column.type, LargeBinary)
        for spelling in spellings(uid):
            found.append(_holds(dialect, column, spelling.encode() if is_blob else spelling))
        if is_blob and escaped:
            found.append(_holds(dialect, column, _ESCAPED_ASCII if uid.isascii() else _ESCAPED))
    return or_(*found)


def _holds(dialect: str, column: Column[Any], needle: Any) -> ColumnElement[bool]:
    if dialect == "sqlite":
        return func.instr(column, needle) > 0
    if isinstance(needle, bytes):
        return func.position(literal(needle, LargeBinary).op("IN")(column)) > 0
    return func.strpos(column, needle) > 0
