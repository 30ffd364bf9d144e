"""A journal that tests tell of presses, one by one."""

from typing import Any

from comethooks.workers.journal import Journal, Judged
from comethooks.workers.presses.goals import Trusted
from tests.workers.journal.interactions.forms import APP, GROUP, NOW, an_id, press, seen


class Told:
    """A journal that is told things, each by an event of its own."""

    def __init__(self, journal: Journal, trusted: Trusted = Trusted.MEMBERS) -> None:
        self.kept = journal.interactions
        self.trusted = trusted
        self.now = NOW

    def press(self, number: int, *given: Any, live: bool = True, **changed: Any) -> Judged:
        """Tell of a press by event `number`."""
        by = an_id(number) if live else None
        told = press(number, *given, **changed)
        return self.kept.press(told, by=by, trusted=self.trusted, now=self.now)

    def see(self, number: int, *wanted: str, live: bool = True, **changed: Any) -> Judged:
        """Show the message by event `number`."""
        by = an_id(number) if live else None
        return self.kept.see(seen(*wanted, **changed), by=by, trusted=self.trusted, now=self.now)

    def joined(self, number: int, *users: str, **changed: Any) -> list[str]:
        """Tell that users are in the group; who completes by that."""
        moment = NOW + 1000 * number
        completions = self.kept.joined(
            APP,
            GROUP,
            users,
            moment=moment,
            by=an_id(number),
            trusted=self.trusted,
            now=self.now,
            **changed,
        )
        return [each.user for each in completions]


def users(judged: Judged) -> list[str]:
    """Who completes."""
    return [each.user for each in judged.completions]
