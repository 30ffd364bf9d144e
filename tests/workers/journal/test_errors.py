import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comethooks.workers.journal import (
    Journal,
    JournalError,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    JournalUrlError,
)
from comethooks.workers.journal.tables.models import events
from tests.workers.journal.samples import event, refusal, run, settled

NAMELESS: Any = None
HUSH = "hush-hush"


class Unknown:
    """Something that no driver takes for a value."""

    def __repr__(self) -> str:
        return HUSH


class TestRefused:
    def printed(self, call: Callable[[], object]) -> str:
        """All that a log with a traceback would say about the error of `call`."""
        with pytest.raises(JournalRefusedError) as caught:
            call()
        return "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize(
        "refused",
        [
            settled(event(1, id=NAMELESS, sender=HUSH, body=HUSH.encode())),
            settled(refusal(1, id=NAMELESS, reason=HUSH, body=HUSH.encode())),
            settled(refusal(1, reason=HUSH, body=Unknown())),
            settled(event(1, sender=HUSH), run(error=HUSH, handler=NAMELESS)),
        ],
        ids=["event", "request", "type", "run"],
    )
    def test_no_error_shows_what_was_to_be_written(self, journal: Journal, refused: Any):
        """PostgreSQL's own words quote the whole row, body and all; ours name the table and the
        column.
        """
        text = self.printed(lambda: journal.write([refused]))
        assert HUSH not in text
        assert HUSH.encode().hex() not in text

    def test_the_place_is_named(self, journal: Journal):
        """Whoever reads the log learns where the row did not fit."""
        with pytest.raises(JournalRefusedError, match=r"events\.id"):
            journal.write([settled(event(1, id=NAMELESS))])

    def test_statements_of_sqlalchemy_hide_their_parameters(self, journal: Journal):
        """An error that nobody translates says no more than the driver's own message does."""
        with (
            pytest.raises(Exception, match="parameters hidden") as caught,
            journal.engine.begin() as connection,
        ):
            connection.execute(
                events.insert(), [{"id": "i", "sender": HUSH, "body": HUSH.encode()}]
            )
        assert HUSH not in str(caught.value).partition("DETAIL")[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda journal: journal.write([settled(event(1))]),
        lambda journal: next(journal.events()),
        lambda journal: journal.request("0199c820"),
    ],
    ids=["write", "events", "request"],
)
class TestEveryCall:
    def test_without_tables_says_what_to_run(self, url: str, call: Callable[[Journal], object]):
        """A database that was never upgraded is an error that names the command."""
        journal = Journal.open(url, make=True)
        with pytest.raises(JournalOutdatedError, match="run: comethooks db upgrade"):
            call(journal)
        journal.close()

    @pytest.mark.parametrize(
        "nowhere",
        ["sqlite:////nonexistent/journal.db", "postgresql://u:hush-hush@/d?host=/nonexistent"],
    )
    def test_without_a_database_is_unavailable(
        self, call: Callable[[Journal], object], nowhere: str
    ):
        """SQL that is away may come back: its error is another one, and has no password in it."""
        with pytest.raises(JournalUnavailableError) as caught:
            call(Journal.open(nowhere))
        assert HUSH not in str(caught.value)


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hush-hush",
            "mysql://u:hush-hush@h/d",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///file:x?mode=memory",
            "sqlite+pysqlite:////d",
        ],
    )
    def test_what_cannot_be_used_is_named_without_the_password(self, url: str):
        """The text says what to write instead, and it is what the settings refuse, too."""
        with pytest.raises(JournalUrlError, match="DATABASE_URL") as caught:
            Journal.open(url)
        assert HUSH not in str(caught.value)

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_postgresql_may_be_called_as_hosts_call_it(self, scheme: str):
        """Whatever the scheme, the driver is psycopg 3."""
        assert Journal.open(f"{scheme}://u:p@h/d").engine.driver == "psycopg"

    def test_opening_touches_nothing(self, tmp_path: Path):
        """A journal can be opened where there is no database yet, and none is made."""
        Journal.open(f"sqlite:///{tmp_path}/journal.db").close()
        assert list(tmp_path.iterdir()) == []


def test_every_error_is_a_journal_error():
    """One root to catch."""
    ours = (JournalUrlError, JournalUnavailableError, JournalRefusedError, JournalOutdatedError)
    assert all(issubclass(error, JournalError) for error in ours)
