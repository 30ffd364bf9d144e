"""A user is gone from every row, and everybody else's rows are what they were."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.journal import Filter, Journal, KeptBuckets
from comethooks.workers.journal.forgetting import tombstones
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.forgetting.other_rows import PLACES
from comethooks.workers.journal.tables.models import metadata, once_keys
from comethooks.workers.states import RunState
from tests.workers.journal.forgetting.people import (
    APP,
    OMAR,
    OTHER_APP,
    SECRET,
    ZOE,
    decided,
    of_both,
    record,
    sent,
    settled,
)
from tests.workers.journal.samples import T0, an_id, refusal, run

ALIAS = "forgotten-0a1b2c3d"
NOW = T0 + DAY_MS


@pytest.fixture
def forgetting(journal: Journal) -> ForgettingJournal:
    """What forgets in the journal, without waiting."""
    return ForgettingJournal(journal.engine, pause=lambda seconds: None)


def whole(journal: Journal) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with journal.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


def holding(journal: Journal, *words: str) -> list[str]:
    """The tables with rows that hold one of the words."""
    return [
        f"{name}: {row}"
        for name, rows in whole(journal).items()
        for row in rows
        if any(word in repr(row) for word in words)
    ]


def fold(journal: Journal) -> None:
    kept = KeptBuckets.at(NOW, minute_days=40_000, hour_days=40_000)
    while journal.figures.fold(kept):
        pass


class TestEvents:
    def test_nothing_names_the_user_any_more(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """Neither the uid, nor what the user wrote, nor what runs told of it."""
        journal.write([*of_both(), decided(8, OMAR)])
        changed = forgetting.forget(APP, OMAR, ALIAS)
        left = [row for row in holding(journal, OMAR, OMAR.title(), SECRET) if "47111" not in row]
        assert [row for row in left if OTHER_APP not in row] == []
        assert changed["events"] == 5
        assert changed["decisions"] == 1
        assert changed["runs"] == 2

    def test_others_are_as_they_were(self, journal: Journal, forgetting: ForgettingJournal) -> None:
        """Byte for byte: those who are not named, whose uids begin so, and users of other apps."""
        journal.write([*of_both()])
        before = {event.id: event.body for event in journal.whole_events()}
        forgetting.forget(APP, OMAR, ALIAS)
        after = {event.id: event.body for event in journal.whole_events()}
        for number in (4, 6, 7):
            assert after[an_id(number)] == before[an_id(number)]
        assert before.keys() == after.keys()

    def test_what_another_wrote_stays(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """The text of whoever wrote to the user, or mentioned the user, with the other name."""
        journal.write([*of_both()])
        forgetting.forget(APP, OMAR, ALIAS)
        fine, asked = journal.event(an_id(2)), journal.event(an_id(3))
        assert fine is not None
        assert fine.body is not None
        assert b'"fine"' in fine.body
        assert asked is not None
        assert asked.body is not None
        assert f"ask <@uid:{ALIAS}>".encode() in asked.body

    def test_escaped_spellings_are_found(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """JSON may write any letter as its number."""
        kept = record(1, sent(1, ZOE, OMAR, "fine"))
        escaped = kept.body.replace(OMAR.encode(), b"\\u006fmar\\u002D4711")
        journal.write([settled(record(2, sent(2, ZOE, "ann", "x")))])
        body = escaped.replace(b"zoe", b"zoe")
        from dataclasses import replace

        journal.write([settled(replace(kept, body=body, conversation_id=None))])
        forgetting.forget(APP, OMAR, ALIAS)
        found = journal.event(an_id(1))
        assert found is not None
        assert found.body is not None
        assert b"\\u006f" not in found.body
        assert ALIAS.encode() in found.body

    def test_is_listed_by_the_new_name_alone(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """Blocks tell of the new names, and do not tell of the old ones, but for another app's."""
        journal.write([*of_both()])
        forgetting.forget(APP, OMAR, ALIAS)
        new = [event.id for event in journal.events(Filter(sender=ALIAS))]
        assert new == [an_id(5), an_id(1)]
        assert [event.id for event in journal.events(Filter(sender=OMAR))] == [an_id(6)]
        conversation = "_user_".join(sorted((ALIAS, ZOE)))
        listed = [event.id for event in journal.events(Filter(conversation_id=conversation))]
        assert listed == [an_id(5), an_id(2), an_id(1)]

    def test_blocks_lose_the_hash_of_the_uid(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """What somebody could compare a uid with."""
        from comethooks.workers.journal.blocks import term

        journal.write([each for each in of_both() if each.record.app_id == APP])
        forgetting.forget(APP, OMAR, ALIAS)
        [row] = whole(journal)["blocks"]
        assert term("sender", OMAR) not in row[5]
        assert term("sender", ALIAS) in row[5]
        assert term("sender", ZOE) in row[5]

    def test_figures_stay(self, journal: Journal, forgetting: ForgettingJournal) -> None:
        """Those that are there, those still to be added up, and those of a rebuild."""
        first, *rest = of_both()
        journal.write([first])
        fold(journal)
        journal.write(rest)
        forgetting.forget(APP, OMAR, ALIAS)
        fold(journal)
        rows = {name: sorted(found) for name, found in whole(journal).items() if "figure" in name}
        assert [row for row in rows["figure_users"] if OMAR in row and OTHER_APP not in row] == []
        assert any(ALIAS in row for row in rows["figure_users"])
        plan = journal.figures.plan_rebuild(since=0, bodies_since=0)
        journal.figures.begin_rebuild(plan)
        kept = KeptBuckets.at(NOW, minute_days=40_000, hour_days=40_000)
        while not journal.figures.rebuild_step(kept).done:
            pass
        again = {name: sorted(found) for name, found in whole(journal).items() if "figure" in name}
        assert again["figures"] == rows["figures"]
        assert again["figure_users"] == rows["figure_users"]

    def test_counting_changes_nothing(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """And counts what would change."""
        journal.write([*of_both()])
        before = whole(journal)
        counted = forgetting.count(APP, OMAR)
        assert whole(journal) == before
        assert counted == forgetting.forget(APP, OMAR, ALIAS)
        assert forgetting.count(APP, OMAR) == {}

    def test_a_stranger_is_in_no_row(self, journal: Journal, forgetting: ForgettingJournal) -> None:
        """Whom nobody knows is forgotten at once."""
        journal.write([*of_both()])
        before = whole(journal)
        assert forgetting.forget(APP, "nobody-1", ALIAS) == {}
        assert whole(journal) == before


def test_a_refused_body_is_lost(journal: Journal, forgetting: ForgettingJournal) -> None:
    """If it names the user of that app; what else is known of the request stays."""
    mine = record(0, sent(1, OMAR, ZOE, SECRET)).body
    theirs = record(0, sent(1, OMAR, ZOE, SECRET), OTHER_APP).body
    refused = [
        refusal(1, body=mine, app_id=APP, reason=f"no {OMAR}"),
        refusal(2, body=theirs, app_id=None),
        refusal(3, body=b"not json " + OMAR.encode(), app_id=None),
        refusal(4, body=b"not json", app_id=None),
    ]
    journal.write([settled(each) for each in refused])
    assert forgetting.forget(APP, OMAR, ALIAS) == {"requests": 2}
    bodies = [journal.request(each.id) for each in refused]
    assert [each and each.body for each in bodies] == [None, theirs, None, b"not json"]
    assert bodies[0] is not None
    assert bodies[0].reason == f"no {ALIAS}"


def test_every_other_place_loses_the_uid(journal: Journal, forgetting: ForgettingJournal) -> None:
    """A row of each table, made of nothing but columns that hold the uid where they may."""
    journal.write([settled(record(1, sent(1, ZOE, "ann", "x")))])
    with journal.engine.begin() as connection:
        for number, place in enumerate(PLACES):
            connection.execute(insert(place.table).values(_row(place.table, place.columns, number)))
    changed = forgetting.forget(APP, OMAR, ALIAS)
    assert changed.keys() >= {place.table.name for place in PLACES}
    assert holding(journal, OMAR) == []
    assert forgetting.remains(APP, OMAR).named == {}


def test_a_once_key_is_known_by_the_new_name(
    journal: Journal, forgetting: ForgettingJournal
) -> None:
    """What happened once does not happen again in a replay; what cannot be renamed is gone."""
    with journal.engine.begin() as connection:
        others = (f"welcome:{ZOE}", f"welcome_{OMAR}1")
        for key in (f"welcome:{OMAR}", f"welcome_{OMAR}", f"{OMAR}_welcome", *others):
            connection.execute(insert(once_keys).values(_row(once_keys, (), 1) | {"key": key}))
    forgetting.forget(APP, OMAR, ALIAS)
    keys = {row[2] for row in whole(journal)["once_keys"]}
    assert keys == {f"welcome:{ALIAS}", *others}


JSON = {
    "errors": f'{{"a":["{OMAR}"]}}',
    "headers": f'{{"uid":"{OMAR}"}}',
    "effects": f'["told {OMAR}"]',
    "request": f'{{"asked":{{"sender":"{OMAR}"}},"handlers":[]}}',
    "facts": f'{{"sender":"{OMAR}","receiver":"x","elements":{{"a":[["b"],true,false]}}}}',
    "wire": f'{{"id":"1","sender":"{OMAR}","text":"secret"}}',
    "tags": f'["{OMAR}"]',
    "answers": f'{{"a":"{OMAR}"}}',
    "answered": '["a"]',
    "body": f'{{"sender":"{OMAR}","appId":"{APP}"}}'.encode(),
}


def _row(table: Table, columns: tuple[str, ...], number: int) -> dict[str, Any]:
    """A row of a table with the uid in those columns."""
    row: dict[str, Any] = {}
    for column in table.c:
        if column.name in columns:
            row[column.name] = JSON.get(column.name, OMAR)
        elif column.name == "app_id":
            row["app_id"] = APP
        elif column.name in ("event_id", "example_id"):
            row[column.name] = an_id(1)
        elif not column.nullable and column.server_default is None:
            row[column.name] = _value(column, number)
    if "request" in table.c and "request" not in row:
        row["request"] = "{}"
    return row


def _value(column: Any, number: int) -> Any:
    kind = type(column.type).__name__
    if kind == "Boolean":
        return False
    if kind == "Instant":
        return T0
    return number if kind == "BigInteger" else f"some {number}"


class TestTombstones:
    def test_what_was_received_before_is_written_without_the_user(self, journal: Journal) -> None:
        """Whoever writes it, with its runs; what is received later is written as it is."""
        stone = journal.forgetting.put_tombstone(APP, OMAR, T0 + 4500)
        journal.write([*of_both()])
        rows = [row for row in holding(journal, OMAR, SECRET) if "47111" not in row]
        late = [row for row in rows if an_id(5) not in row and OTHER_APP not in row]
        assert [row for row in late if row.startswith(("events", "runs"))] == []
        assert [event.id for event in journal.events(Filter(sender=stone.alias))] == [an_id(1)]

    def test_what_a_run_in_progress_says_is_left_out(
        self, journal: Journal, forgetting: ForgettingJournal
    ) -> None:
        """It was claimed before, knows the user, and ends afterwards."""
        due = run(RunState.RETRYING, next_at=T0)
        journal.write([settled(record(1, sent(1, OMAR, ZOE, SECRET)), due)])
        [claimed] = journal.claim("host|boot|1", now=T0 + 1, until=T0 + 9, limit=1)
        assert claimed.record.sender == OMAR
        stone = journal.forgetting.put_tombstone(APP, OMAR, NOW)
        forgetting.forget(APP, OMAR, stone.alias)
        told = run(RunState.DEAD, attempts=2, error=f"KeyError: {SECRET}", traceback=SECRET)
        assert journal.finish("host|boot|1", [(claimed.record.id, told)]) == 1
        assert holding(journal, OMAR, SECRET) == []
        assert [each.error for each in journal.runs()] == ["KeyError: forgotten"]

    def test_a_repeated_command_gives_the_same_name(self, journal: Journal) -> None:
        """As long as the tombstone stands; the row says of nobody who it is."""
        first = journal.forgetting.put_tombstone(APP, OMAR, NOW)
        again = journal.forgetting.put_tombstone(APP, OMAR, NOW + 1)
        assert (again.alias, again.at) == (first.alias, NOW + 1)
        assert journal.forgetting.put_tombstone(OTHER_APP, OMAR, NOW).alias != first.alias
        assert holding(journal, OMAR) == []

    def test_it_ends(self, journal: Journal) -> None:
        """Two days later nobody can tell any more who it was."""
        stone = journal.forgetting.put_tombstone(APP, OMAR, NOW)
        assert journal.forgetting.remove_tombstones(NOW + tombstones.LASTS_MS - 1) == 0
        assert journal.forgetting.remove_tombstones(NOW + tombstones.LASTS_MS) == 1
        assert journal.forgetting.tombstone(APP, OMAR) is None
        assert journal.forgetting.put_tombstone(APP, OMAR, NOW).alias != stone.alias


def test_it_goes_on_after_it_was_stopped(open_journal: Callable[[], Journal]) -> None:
    """Stopped after any step and repeated, it ends as if it had never been stopped."""
    journal = open_journal()
    journal.write([*of_both(), decided(8, OMAR)])

    class Stopped(Exception):
        pass

    steps = 0

    def stop_after(most: int) -> Callable[[float], None]:
        def pause(seconds: float) -> None:
            nonlocal steps
            steps += 1
            if steps >= most:
                raise Stopped

        return pause

    for most in range(1, len(PLACES)):
        steps = 0
        with pytest.raises(Stopped):
            ForgettingJournal(journal.engine, stop_after(most)).forget(APP, OMAR, ALIAS)
    ForgettingJournal(journal.engine, lambda seconds: None).forget(APP, OMAR, ALIAS)
    assert [
        row for row in holding(journal, OMAR, SECRET) if OTHER_APP not in row and "47111" not in row
    ] == []


@pytest.mark.parametrize("vacuum", [False, True])
def test_the_database_loses_what_no_row_holds(journal: Journal, vacuum: bool) -> None:
    """Beside a connection that reads, and with every page written anew if that is asked for."""
    journal.write([*of_both()])
    journal.forgetting.forget(APP, OMAR, ALIAS)
    emptied = journal.forgetting.empty_free_space(vacuum=vacuum)
    assert (emptied.log_truncated, emptied.rewritten) == (True, vacuum)
    assert len(list(journal.events())) == len(list(of_both()))
