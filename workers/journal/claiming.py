"""Claims: who works on a row of SQL, until when, and what becomes of it when that process dies.

Runs and replays are claimed alike. A claim is a compare-and-set: whoever takes a row writes its
name on it and the time until which that holds, and what it writes later counts only while its name
is still there. Orphaned processes and repeated jobs are real, so nobody relies on being the only
one who knows of a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, func, select, update

from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.poison import deaths_allowed, killed_text

Condition = ColumnElement[bool]
Values = dict[str, Any]


class Claimant(NamedTuple):
    """A member that has claims, and when the first of them expires (milliseconds)."""

    member: str
    expires_at: int


class LostClaims(NamedTuple):
    """The claims that a member is to lose: all of them, or those that expired by `expired`.

    `ending` is how its process ended, as far as that is known. With `only`, those of them for which
    that holds.
    """

    member: str
    ending: str | None
    expired: int | None
    only: Condition | None = None

    @property
    def last_death(self) -> int:
        """How many deaths a row may have behind it before this one; with as many it is poison."""
        return deaths_allowed(self.ending) - 1


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims on the rows of `table`, which has the columns `claim`, `deaths` and `next_at`.

    `expires_at` is the column that says until when a claim holds, `claimed` the condition by which
    an index finds the rows that are claimed.
    """

    table: Table
    expires_at: Column[Any]
    claimed: Condition

    def taken(self, member: str, until: int) -> Values:
        """What is written when `member` claims a row."""
        return {"claim": searchable(member), self.expires_at.name: until}

    def held(self, member: str) -> Condition:
        """Whether `member` has the claim of a row."""
        return and_(self.claimed, self.table.c.claim == searchable(member))

    def renew(self, connection: Connection, member: str, until: int) -> int:
        """Let all that `member` has claimed be its until `until`; returns how many rows that is."""
        changed = {self.expires_at.name: until}
        return connection.execute(
            update(self.table).where(self.held(member)).values(changed)
        ).rowcount

    def claimants(self, connection: Connection) -> list[Claimant]:
        """Everybody who has claims."""
        # By member and not by row: whether a process lives is asked of the kernel, or of Redis.
        claim = self.table.c.claim
        expires_at = func.min(self.expires_at, type_=Instant)
        query = select(claim, expires_at).where(self.claimed, claim.is_not(None)).group_by(claim)
        return [Claimant(*row) for row in connection.execute(query)]

    def lost(self, claims: LostClaims) -> Condition:
        """Whether a row is among `claims`."""
        conditions = [self.held(claims.member)]
        if claims.expired is not None:
            conditions.append(self.expires_at <= claims.expired)
        if claims.only is not None:
            conditions.append(claims.only)
        return and_(*conditions)

    def free(
        self, connection: Connection, claims: LostClaims, *, now: int, due: Values, poison: Values
    ) -> None:
        """Take `claims` away: each row is due at `now`, has one death more, and gets `due`.

        What has died as often as `workers.poison` allows gets `poison` instead, with an error that
        says so.
        """
        deaths, lost = self.table.c.deaths, self.lost(claims)
        died = {"claim": None, "next_at": now, "deaths": deaths + 1}
        killed = {**died, "error": killed_text(claims.ending, claims.last_death + 1), **poison}
        # Poison first: then its rows are nobody's, and the second statement passes them over.
        is_poison = deaths >= claims.last_death
        connection.execute(update(self.table).where(lost, is_poison).values(killed))
        connection.execute(update(self.table).where(lost).values({**died, **due}))


def claims_to_free(
    claimants: list[Claimant],
    *,
    is_dead: Callable[[str], bool],
    ending: Callable[[str], str | None],
    expired: int | None,
) -> list[LostClaims]:
    """The claims of members that are dead, and all that expired by `expired`, if any are to.

    Each member is asked about once, and its `ending` only when it is to lose something.
    """
    found = []
    for member, expires_at in claimants:
        dead = is_dead(member)
        if dead or (expired is not None and expires_at <= expired):
            found.append(LostClaims(member, ending(member), None if dead else expired))
    return found
