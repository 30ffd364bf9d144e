"""Rows that others change while a user is being forgotten, and rows that only look as if they were
about the user.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, update

from comethooks.workers.journal import Journal
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.tables.interaction_tables import interactive_messages
from comethooks.workers.journal.tables.models import events, once_keys, replays, runs
from comethooks.workers.states import OnceState, RunState
from tests.workers.journal.forgetting.people import APP, OMAR, ZOE, record, sent, settled, user
from tests.workers.journal.samples import T0, an_id, run

ALIAS, OTHER_ALIAS = "forgotten-0a1b2c3d", "forgotten-99999999"
OpenJournal = Callable[[], Journal]


def after_reading(engine: Engine, *parts: str, act: Callable[[], object]) -> None:
    """Do something once, right after the first query that has all these parts."""
    acted: list[bool] = []

    def executed(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if not acted and all(part in statement for part in parts):
            acted.append(True)
            act()

    event.listen(engine, "after_cursor_execute", executed)


def forget(journal: Journal, uid: str, alias: str) -> None:
    ForgettingJournal(journal.engine, pause=lambda seconds: None).forget(APP, uid, alias)


def column(journal: Journal, of: Any) -> list[Any]:
    with journal.engine.connect() as connection:
        return list(connection.scalars(select(of)))


class TestAtTheSameTime:
    def test_two_users_are_forgotten(self, open_journal: OpenJournal) -> None:
        """Who are in the same bodies: neither of them comes back."""
        journal, other = open_journal(), open_journal()
        journal.write([settled(record(n, sent(n, OMAR, ZOE, "hello"))) for n in (1, 2)])
        after_reading(
            journal.engine, "decisions.votes", act=lambda: forget(other, ZOE, OTHER_ALIAS)
        )
        forget(journal, OMAR, ALIAS)
        pair = "_user_".join(sorted((ALIAS, OTHER_ALIAS)))
        assert column(journal, events.c.conversation_id) == [pair, pair]
        for body in column(journal, events.c.body):
            assert OMAR.encode() not in body
            assert ZOE.encode() not in body

    def test_a_row_is_changed_by_its_plugin(self, open_journal: OpenJournal) -> None:
        """What it has written meanwhile is there, without the user."""
        journal, other = open_journal(), open_journal()
        row = {"app_id": APP, "message_id": "1", "deleted": False, "changed_at": T0}
        row |= {"wire": f'{{"sender":"{OMAR}"}}', "facts": f'{{"sender":"{OMAR}","elements":null}}'}

        def edit() -> None:
            with other.engine.begin() as connection:
                told = f'{{"sender":"{OMAR}","sentAt":5}}'
                connection.execute(update(interactive_messages).values(wire=told))

        with journal.engine.begin() as connection:
            connection.execute(insert(interactive_messages).values(row))
        after_reading(journal.engine, "FROM interactive_messages", act=edit)
        forget(journal, OMAR, ALIAS)
        assert column(journal, interactive_messages.c.wire) == [
            f'{{"sender":"{ALIAS}","sentAt":5}}'
        ]

    def test_a_run_fails_again(self, open_journal: OpenJournal) -> None:
        """With another error, which is not taken for the one that was read."""
        journal, other = open_journal(), open_journal()
        failed = run(RunState.DEAD, error=f"KeyError: {OMAR}", traceback=f"… {OMAR}")
        journal.write([settled(record(1, sent(1, ZOE, "ann", "x")), failed)])

        def fail() -> None:
            with other.engine.begin() as connection:
                connection.execute(update(runs).values(error="ValueError: else", traceback="…"))

        after_reading(journal.engine, "runs.error", "EXISTS", act=fail)
        forget(journal, OMAR, ALIAS)
        assert column(journal, runs.c.error) == ["ValueError: else"]


def test_a_dry_run_counts_lines_of_ordered_handlers(journal: Journal) -> None:
    """Of which nothing but the name changes, as they are changed then."""
    waits = run(RunState.WAITING, lane=f"{APP}/{OMAR}_user_{ZOE}", place=1)
    told = run(RunState.RETRYING, error=f"KeyError: {OMAR}", lane=f"{APP}/{OMAR}_user_{ZOE}")
    journal.write(
        [
            settled(record(1, sent(1, ZOE, OMAR, "x")), waits),
            settled(record(2, sent(2, ZOE, OMAR, "x")), told),
            settled(record(3, sent(3, OMAR, ZOE, "x")), waits),
            settled(record(4, sent(4, ZOE, "ann", "x")), run(lane=f"{APP}/ann_user_{ZOE}")),
        ]
    )
    forgetting = ForgettingJournal(journal.engine, pause=lambda seconds: None)
    counted = forgetting.count(APP, OMAR)
    assert counted["runs"] == 2
    assert counted == forgetting.forget(APP, OMAR, ALIAS)
    assert [each for each in column(journal, runs.c.lane) if OMAR in each] == []
    assert forgetting.forget(APP, OMAR, ALIAS) == {}


def test_what_is_at_work_is_waited_for(journal: Journal) -> None:
    """Runs about the user that somebody has claimed, whatever is claimed later, and chunks."""
    failed = run(RunState.RETRYING, next_at=T0)
    journal.write(
        [
            settled(record(1, sent(1, OMAR, ZOE, "x")), failed),
            settled(record(2, sent(2, ZOE, "ann", "x")), failed),
            settled(record(3, sent(3, ZOE, OMAR, "x")), failed),
        ]
    )
    forgetting = ForgettingJournal(journal.engine, pause=lambda seconds: None)
    forgetting.forget(APP, OMAR, ALIAS)
    assert forgetting.at_work(ALIAS).number == 0
    claimed = update(runs).where(runs.c.event_id != an_id(3))
    chunk = {"name": "again", "created_at": T0, "state": "running", "request": "{}"}
    chunk |= {"dry_run": False, "expected": 1, "next_at": T0, "claim": "h|b|2"}
    with journal.engine.begin() as connection:
        taken = {"state": RunState.RUNNING.value, "claim": "h|b|1", "next_at": T0}
        connection.execute(claimed.values(**taken, claimed_at=T0))
        connection.execute(insert(replays).values(chunk))
    before = forgetting.at_work(ALIAS)
    assert (len(before.runs), len(before.chunks)) == (1, 1)
    assert forgetting.wait_until_ended(before, ALIAS, 0) == 2
    with journal.engine.begin() as connection:
        connection.execute(update(runs).values(**taken, claimed_at=T0 + 1))
        connection.execute(update(replays).values(event_id=an_id(1)))
    assert forgetting.wait_until_ended(before, ALIAS, 9) == 0
    assert forgetting.at_work(ALIAS).number == 3


def test_what_came_after_a_tombstone_is_written_once(journal: Journal) -> None:
    """As long as it stands, which is two days."""
    later = record(1, sent(1, OMAR, ZOE, "x"))
    journal.forgetting.put_tombstone(APP, OMAR, later.received_at)
    begun: list[Connection] = []
    event.listen(journal.engine, "begin", begun.append)
    journal.write([settled(later)])
    assert len(begun) == 1
    assert column(journal, events.c.sender) == [OMAR]


def test_what_came_before_it_is_written_twice_once(journal: Journal) -> None:
    """The next batch is expected to be about the user, until one is not."""
    later = record(9, sent(9, OMAR, ZOE, "x"))
    stone = journal.forgetting.put_tombstone(APP, OMAR, later.received_at)
    begun: list[Connection] = []
    event.listen(journal.engine, "begin", begun.append)
    numbers = []
    for number in (1, 2, 3, 9, 10):
        journal.write([settled(record(number, sent(number, OMAR, ZOE, "x")))])
        numbers.append(len(begun))
        begun.clear()
    assert numbers == [2, 1, 1, 1, 1]
    senders = [each.sender for each in sorted(journal.whole_events(), key=lambda each: each.id)]
    assert senders == [stone.alias] * 3 + [OMAR] * 2


class TestOnceKeys:
    def keep(self, journal: Journal, *keys: tuple[str, int]) -> None:
        """Keys, each of an event."""
        row = {"plugin": "p", "app_id": APP, "state": OnceState.DONE.value, "token": "t"}
        row |= {"handler": "p.h", "at": T0, "until": T0}
        with journal.engine.begin() as connection:
            for key, number in keys:
                given = {**row, "key": key, "event_id": an_id(number)}
                connection.execute(insert(once_keys).values(given))

    def test_of_another_whose_uid_goes_on_stay(self, journal: Journal) -> None:
        """What happened for that one would happen again."""
        longer = f"vip-{OMAR}"
        journal.write([settled(record(1, sent(1, longer, OMAR, "x")))])
        self.keep(journal, (f"welcome_{longer}", 1), (f"welcome_{OMAR}", 1), (f"hi:{OMAR}", 1))
        forget(journal, OMAR, ALIAS)
        assert sorted(column(journal, once_keys.c.key)) == [f"hi:{ALIAS}", f"welcome_{longer}"]

    @pytest.mark.parametrize("uid", ["42", "step", "a"])
    def test_with_a_word_in_them_stay_if_their_event_is_about_others(
        self, journal: Journal, uid: str
    ) -> None:
        """Those of events about the user go, or get the other name."""
        mentions = sent(3, ZOE, "ann", "x", mentions={uid: user(uid)})
        journal.write(
            [
                settled(record(1, sent(1, ZOE, "ann", "x"))),
                settled(record(2, sent(2, uid, ZOE, "x"))),
                settled(record(3, mentions)),
            ]
        )
        others = [(f"{uid}:zoe", 1), (f"order_{uid}", 1)]
        gone = (f"welcome_{uid}", 2)
        self.keep(journal, *others, gone, (f"welcome:{uid}", 2), (f"met:{uid}", 3), (f"{uid}:x", 9))
        forgetting = ForgettingJournal(journal.engine, pause=lambda seconds: None)
        assert forgetting.count(APP, uid)["once_keys"] == 4
        assert forgetting.forget(APP, uid, ALIAS)["once_keys"] == 4
        found = set(column(journal, once_keys.c.key))
        assert found == {
            *(key for key, _ in others),
            *(f"welcome:{ALIAS}", f"met:{ALIAS}", f"{ALIAS}:x"),
        }
        assert forgetting.forget(APP, uid, ALIAS) == {}


def test_the_device_of_the_user_is_forgotten(journal: Journal) -> None:
    """Presses come from it with its address; what CometChat sends does not."""
    device = {"remote_address": "192.0.2.7", "user_agent": "Omar's phone", "content_type": "json"}
    from_cometchat = {**device, "credential": "cometchat"}
    journal.write(
        [
            settled(record(1, sent(1, OMAR, ZOE, "x"), headers=device)),
            settled(record(2, sent(2, OMAR, ZOE, "x"), headers=from_cometchat)),
            settled(record(3, sent(3, ZOE, OMAR, "x"), headers=device)),
        ]
    )
    forget(journal, OMAR, ALIAS)
    found = [each.headers for each in journal.whole_events()]
    assert sorted(found, key=len) == [{"content_type": "json"}, device, from_cometchat]


@pytest.mark.parametrize("uid", ["json", "phone", "192", "message"])
def test_words_of_a_call_name_nobody(journal: Journal, uid: str) -> None:
    """Everybody's events would change."""
    device = {"user_agent": "phone", "content_type": "application/json"}
    kept = record(1, sent(1, ZOE, "ann", "x"), headers=device)
    journal.write([settled(kept)])
    forget(journal, uid, ALIAS)
    [found] = journal.whole_events()
    assert (found.headers, found.body) == (device, kept.body)
