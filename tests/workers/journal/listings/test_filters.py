"""What a filter means is the same in SQL and in memory, on both databases."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import and_

from comethooks.workers.journal import Filter, Journal, Outcome, StoredEvent, blocks
from comethooks.workers.journal.listings import searching
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.patterns import pattern_of
from comethooks.workers.record import Record
from comethooks.workers.states import DecisionAction, EventStatus, RunState
from tests.workers.journal.samples import T0, duplicate, event, refusal, run, settled

LONG = "x" * 300
ODD = "odd\x00%\nname \udc00[a-z]_"
"""What a column cannot hold, and what means something in a pattern of SQL."""
SOURCES = ("cometchat", "comethooks", "tickets")
TRIGGERS = (
    *(
        "message_sent",
        "after_message",
        "Message_sent",
        "messageXsent",
        "user_blocked",
        "welcome.hi",
    ),
    *("message.sent", "unheard_of", LONG, ODD, None),
)
NAMES = ("message.sent", "message.echo", "user.blocked", LONG, ODD, None)
TEXTS = ("ines", "Ines", "i%", LONG, ODD, None)
HANDLERS = ("welcome.greet", "welcome.gree_", "ledger.book")
REPLAYS = (None, "again", "aga%")
PATTERNS = (
    *(each for each in (*TRIGGERS, *NAMES) if each),
    *("*", "message_*", "*sent", "m*_*t", "message.*", "*.e*", "user.*", "welcome.*", "x*", "odd*"),
    *("*name *", "message?sent", "[a-z]*", "unheard", "tickets:*", "tickets:message.sent"),
    *("comethooks:*", "tickets:message_*", "nobody:*", "message_*sent"),
)
TIMES = st.none() | st.integers(-4, 404).map(lambda half: T0 + 500 * half)


def maybe(*values):
    return st.none() | st.sampled_from([each for each in values if each is not None])


about = st.builds(
    Filter,
    trigger=maybe(*PATTERNS),
    conversation_id=maybe(*TEXTS),
    sender=maybe(*TEXTS),
    app_id=maybe(*TEXTS),
    since=TIMES,
    until=TIMES,
)


@st.composite
def filters(draw, **more):
    """Filters that ask for one thing, or for several at once."""
    whole = draw(st.builds(lambda asked, **fields: replace(asked, **fields), about, **more))
    given_fields = [name for name in whole.__slots__ if getattr(whole, name) is not None]
    kept = draw(st.sets(st.sampled_from(sorted({*given_fields, "trigger"})), max_size=3))
    return Filter(**{name: getattr(whole, name) for name in kept})


RUN_FIELDS = {
    "handler": maybe(*HANDLERS),
    "replay": maybe("", *REPLAYS),
    "state": maybe(*RunState),
}
checked = settings(
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def records(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Events, duplicates and refused requests of all kinds, which are journalled, too; some events
    with runs, live ones and those of a replay and of a dry run. They are in many blocks.
    """
    monkeypatch.setattr(blocks, "SIZE", 7)
    chance = random.Random(7)
    made: list[Record] = []
    for number in range(200):
        fields = {
            "source": chance.choice(SOURCES),
            "trigger": chance.choice(TRIGGERS),
            "name": chance.choice(NAMES),
            "app_id": chance.choice(TEXTS),
        }
        whose = {"conversation_id": chance.choice(TEXTS), "sender": chance.choice(TEXTS)}
        kind = chance.choice(("event", "event", "event", "duplicate", "refused"))
        if kind == "duplicate" and made:
            made.append(duplicate(number, chance.choice(made), **fields))
        elif kind == "refused":
            made.append(refusal(number, status=chance.choice((401, 422)), **fields))
        else:
            decision = chance.choice((*DecisionAction, None, None))
            made.append(event(number, **fields, **whose, decision=decision))
    runs = [
        run(chance.choice(list(RunState)), handler, replay=chance.choice(REPLAYS))
        for _ in range(50)
        for handler in HANDLERS
    ]
    request = ReplayRequest(asked=Filter(), handlers=frozenset())
    Replays(journal.engine).create("aga%", request, now=T0, expected=0, dry_run=True)
    batch = [
        settled(record, *({each.handler: each for each in chance.sample(runs, 2)}.values()))
        if chance.random() < 0.6 and record.kind == "event"
        else settled(record)
        for record in made
    ]
    # As several drainers do: their blocks are about the same times.
    journal.write(batch[::2])
    journal.write(batch[1::2])
    return made


@pytest.fixture
def stored(journal: Journal, records: list[Record]) -> list[StoredEvent]:
    """The events of them, as the journal gives them back."""
    return list(journal.events())


@checked
@given(
    asked=filters(status=maybe(*EventStatus), decision=maybe(*DecisionAction), **RUN_FIELDS),
    many=st.booleans(),
)
def test_events_are_what_was_asked_for_in_sql_and_in_memory(
    journal: Journal,
    stored: list[StoredEvent],
    monkeypatch: pytest.MonkeyPatch,
    asked: Filter,
    many: bool,
) -> None:
    """However many runs there are of those that an index knows."""
    monkeypatch.setattr(searching, "FEW_RUNS", 1 if many else 1000)
    monkeypatch.setattr(searching, "TIMES", 3)
    found = [each.id for each in journal.events(asked)]
    assert found == [each.id for each in stored if asked.fits_event(each)]


@checked
@given(asked=filters(decision=maybe(*DecisionAction)))
def test_an_event_that_waits_is_found_by_what_will_find_it_in_the_journal(
    journal: Journal, records: list[Record], asked: Filter
) -> None:
    found = {each.id for each in journal.events(asked)}
    assert found == {each.id for each in records if each.kind == "event" and asked.fits_event(each)}


@checked
@given(asked=filters(**RUN_FIELDS))
def test_runs_are_what_was_asked_for_in_sql_and_in_memory(
    journal: Journal, stored: list[StoredEvent], asked: Filter
) -> None:
    found = [(each.event_id, each.handler, each.replay) for each in journal.runs(asked)]
    assert found == [
        (run.event_id, run.handler, run.replay)
        for each in stored
        if asked.fits_event(each)
        for run in each.runs
        if asked.fits_run(run)
    ]
    assert journal.count_runs(asked) == len(found)


@checked
@given(asked=filters(outcome=maybe(*Outcome), answer=maybe(200, 401, 422)))
def test_requests_are_what_was_asked_for_in_sql_and_in_memory(
    journal: Journal, records: list[Record], asked: Filter
) -> None:
    found = [each.id for each in journal.requests(asked)]
    assert found == [each.id for each in reversed(records) if asked.fits_request(each)]


@pytest.mark.parametrize("number", [0, 1])
def test_an_id_that_is_asked_for_is_that_of_the_event(
    journal: Journal, records: list[Record], stored: list[StoredEvent], number: int
) -> None:
    """Of a request, the event that it became or repeats."""
    asked = Filter(event_id=[each.event_id for each in records if each.event_id][number])
    assert [each.id for each in journal.requests(asked)] == [
        each.id for each in reversed(records) if asked.fits_request(each)
    ]
    assert [each.id for each in journal.events(asked)] == [
        each.id for each in stored if asked.fits_event(each)
    ]


def test_an_expression_is_read_alike_by_python_and_by_both_databases(journal: Journal) -> None:
    """Whatever stands in a pattern beside `*` means itself."""
    special = r"a.b^c$d|e(f)g{1}h[i]j\k+l?m-n&o~p#q%r_s t"
    journal.write([settled(event(1, trigger=special)), settled(event(2, trigger="a.b"))])
    for written in (f"{special}*", f"*{special[5:]}", f"{special[:20]}*{special[20:]}"):
        assert pattern_of(written).fits(special)
        assert len(list(journal.events(Filter(trigger=written)))) == 1


def test_of_accepted_requests_no_row_of_the_others_is_read() -> None:
    """They are events, and the others may be a million."""
    assert str(and_(*Filter(outcome=Outcome.ACCEPTED).request_conditions())) == "false"
