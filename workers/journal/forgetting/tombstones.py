"""Tombstones: what is known of a user who is being forgotten, for what is still on its way.

A tombstone names the user by a hash with a key of its own, and says what stands in the place of the
uid, so that a repeated command writes the same name. What was received before it, and is journalled
after, is journalled without the user (`workers.journal.forgetting.arrivals`). It ends after two
days: by then everything is journalled that was accepted before, or an outage has become more than
that.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, delete, insert, select, text

from comethooks.schemas.forgotten_user import ForgottenUser, may_be_a_word
from comethooks.workers.ids import new_id
from comethooks.workers.journal.tables.forgetting_table import tombstones

LASTS_MS = 48 * 3600 * 1000
_ALIAS = "forgotten-"
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A user who is being forgotten. `at` and `until` are in milliseconds."""

    app_id: str
    digest: str
    key: str
    alias: str
    is_word: bool
    at: int
    until: int

    def is_about(self, app_id: str | None, received_at: int) -> bool:
        """Whether something of an app that was received then may have to do with it."""
        return received_at < self.at and (app_id is None or app_id == self.app_id)

    def user(self) -> ForgottenUser:
        """The user, who is found by the hash."""
        # Of what a body holds most repeats: keys, kinds, ids.
        known = lru_cache(_REMEMBERED)(lambda uid: _digest(self.key, uid) == self.digest)
        return ForgottenUser(self.alias, known, is_word=self.is_word)


def standing(connection: Connection) -> list[Tombstone]:
    """All tombstones: nearly always there are none."""
    # Every batch of every drainer asks, so not by a statement that is built first.
    if connection.exec_driver_sql("SELECT 1 FROM tombstones LIMIT 1").first() is None:
        return []
    rows = connection.execute(select(tombstones).order_by(tombstones.c.at))
    return [
        Tombstone(each.app_id, each.digest, each.key, each.alias, each.is_word, each.at, each.until)
        for each in rows
    ]


def of_user(connection: Connection, app_id: str, uid: str) -> Tombstone | None:
    """The tombstone of a user; None when there is none."""
    return next((each for each in standing(connection) if _is_of(each, app_id, uid)), None)


def put(connection: Connection, app_id: str, uid: str, now: int) -> Tombstone:
    """Put up the tombstone of a user. One that stands keeps its name, and is about what was
    received until now.
    """
    if connection.dialect.name == "postgresql":
        # Whoever is writing has ended then, and whoever writes later sees it: none is missed.
        connection.execute(text("LOCK TABLE events, requests IN SHARE ROW EXCLUSIVE MODE"))
    known = of_user(connection, app_id, uid)
    key = secrets.token_hex(32)
    alias = _ALIAS + secrets.token_hex(4) if known is None else known.alias
    put_up = Tombstone(
        app_id, _digest(key, uid), key, alias, may_be_a_word(uid), now, now + LASTS_MS
    )
    if known is not None:
        connection.execute(delete(tombstones).where(tombstones.c.key == known.key))
    row = {name: getattr(put_up, name) for name in put_up.__slots__}
    connection.execute(insert(tombstones).values(id=new_id(), **row))
    return put_up


def remove_old(connection: Connection, now: int) -> int:
    """Remove those whose time is over: then nobody knows any more who it was."""
    return connection.execute(delete(tombstones).where(tombstones.c.until <= now)).rowcount


def _is_of(each: Tombstone, app_id: str, uid: str) -> bool:
    return each.app_id == app_id and _digest(each.key, uid) == each.digest


def _digest(key: str, uid: str) -> str:
    written = uid.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(written, key=bytes.fromhex(key), digest_size=32).hexdigest()
