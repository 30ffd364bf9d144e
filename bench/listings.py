"""What a listing costs beside a million events and as many repeated and refused requests.

Measured in processor time, which other work on the machine does not change much: that of this
process, in which SQLite runs, and of PostgreSQL's.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.report import Report
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import id_at
from comethooks.workers.journal import Filter, Journal, Outcome, RunResult, Settled
from comethooks.workers.record import Kind, Record, Vote
from comethooks.workers.states import DecisionAction, EventStatus, RunState
from tests.servers import running_postgres
from tests.tables import make_tables

LISTED = 50
"""What a listing shows on a terminal."""
MOST_MS = 100
_BATCH = 1_000
_ROUNDS = 3
_BODY = b'{"data":"' + b"x" * 600 + b'"}'
_CONVERSATIONS = 1_000
_APART_MS = 10
"""Between an event and the next."""
_RARE = 5
"""So many rows have what few have."""


def listings(report: Report, events: int) -> None:
    """List the newest 50 of ten times `--events` by every filter, in SQLite and PostgreSQL."""
    with tempfile.TemporaryDirectory() as directory:
        _measure(report, "SQLite", f"sqlite:///{directory}/journal.db", 10 * events)
    with running_postgres(on_disk=True) as server:
        _measure(report, "PostgreSQL", server.url, 10 * events, server.pid)


def _measure(
    report: Report, database: str, url: str, number: int, server: int | None = None
) -> None:
    make_tables(url)
    journal = Journal.open(url, durable=False)
    fill(journal, number)
    for title, listing in LISTINGS.items():
        for what, asked in listing.filters.items():
            cost = min(_cost(journal, listing, asked, server) for _ in range(_ROUNDS))
            report.line(f"{database}: {title} {what}".rstrip(), cost, "ms", most=MOST_MS)
    journal.close()


def _cost(journal: Journal, listing: "Listing", asked: Filter, server: int | None) -> float:
    before = processor_ms(server)
    for _ in islice(listing.read(journal, replace(asked, limit=LISTED)), LISTED):
        pass
    return processor_ms(server) - before


def processor_ms(server: int | None) -> float:
    """Processor time of this process and, if it is given, of PostgreSQL's with this first one."""
    return time.process_time() * 1000 + (0 if server is None else _server_ms(server))


def _server_ms(first: int) -> float:
    """The processor time of PostgreSQL's processes, those that have ended included."""
    total = 0.0
    threads = Path(f"/proc/{first}/task").glob("*/children")
    for pid in [first, *(int(pid) for file in threads for pid in file.read_text().split())]:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    ended = Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[13:15]
    return total + sum(map(int, ended)) * 10


@dataclass(frozen=True)
class Listing:
    """One listing, and the filters it is asked with, by the options of its command."""

    read: Callable[[Journal, Filter], Iterable[object]]
    filters: dict[str, Filter]


_ABOUT = {
    "": Filter(),
    "--conversation (a thousandth)": Filter(conversation_id="group_7"),
    "--conversation (five)": Filter(conversation_id="group_rare"),
    "--conversation (none)": Filter(conversation_id="group_none"),
    "--user (all)": Filter(sender="ada"),
    "--user (five)": Filter(sender="rare"),
    "--app (all)": Filter(app_id="app1"),
    "--app (five)": Filter(app_id="rare"),
    "--app (none)": Filter(app_id="none"),
    "--trigger (nine tenths)": Filter(trigger="message_sent"),
    "--trigger (five)": Filter(trigger="user_blocked"),
    "--trigger 'user.*' (five)": Filter(trigger="user.*"),
    "--trigger (none)": Filter(trigger="call_ended"),
}
_RUNS = {
    "--handler (all)": Filter(handler="reader.read"),
    "--handler (five)": Filter(handler="seldom.read"),
    "--handler (the oldest tenth)": Filter(handler="early.read"),
    "--handler (none)": Filter(handler="never.run"),
    "--replay (five)": Filter(replay="small"),
    "--replay (the oldest tenth)": Filter(replay="big"),
    "--replay (none)": Filter(replay="none"),
    "--state done": Filter(state=RunState.DONE),
    "--state dead (a twentieth)": Filter(state=RunState.DEAD),
    "--state retrying (five)": Filter(state=RunState.RETRYING),
    "--state skipped (none)": Filter(state=RunState.SKIPPED),
}
_OF_THE_DEAD = {
    "--status dead --conversation (five, none dead)": Filter(conversation_id="group_rare"),
    "--status dead --conversation (a thousandth, none dead)": Filter(conversation_id="group_7"),
    "--status dead --conversation (a thousandth, all dead)": Filter(conversation_id="group_20"),
    "--status dead --app (all)": Filter(app_id="app1"),
    "--status dead --app (five, none dead)": Filter(app_id="rare"),
    "--status dead --trigger (five, none dead)": Filter(trigger="user_blocked"),
    "--status dead --trigger (a tenth, none dead)": Filter(trigger="message_read_receipt"),
}
_STATUSES = {
    "--status done": Filter(status=EventStatus.DONE),
    "--status unhandled (five)": Filter(status=EventStatus.UNHANDLED),
    "--status retrying (five)": Filter(status=EventStatus.RETRYING),
    "--status replayed (five)": Filter(status=EventStatus.REPLAYED),
    "--status dead (a twentieth)": Filter(status=EventStatus.DEAD),
    **{what: replace(asked, status=EventStatus.DEAD) for what, asked in _OF_THE_DEAD.items()},
}
_DECISIONS = {
    "--decision allow (a tenth)": Filter(decision=DecisionAction.ALLOW),
    "--decision drop (five)": Filter(decision=DecisionAction.DROP),
    "--decision annotate (none)": Filter(decision=DecisionAction.ANNOTATE),
}
_OF_DEAD_RUNS = {
    what.replace("--status", "--state"): replace(asked, state=RunState.DEAD)
    for what, asked in _OF_THE_DEAD.items()
}
LISTINGS = {
    "events list": Listing(Journal.events, {**_ABOUT, **_STATUSES, **_DECISIONS}),
    "runs list": Listing(Journal.runs, {**_ABOUT, **_RUNS, **_OF_DEAD_RUNS}),
    "requests list": Listing(
        Journal.requests,
        {
            **_ABOUT,
            **{f"--outcome {each}": Filter(outcome=each) for each in Outcome},
            "--status 200": Filter(answer=200),
            "--status 422 (a fifth)": Filter(answer=422),
            "--status 413 (five)": Filter(answer=413),
            "--status 500 (none)": Filter(answer=500),
            "--outcome refused --trigger (five)": Filter(
                outcome=Outcome.REFUSED, trigger="user_blocked"
            ),
            "--outcome refused --app (none)": Filter(outcome=Outcome.REFUSED, app_id="none"),
        },
    ),
}


# ---- what is listed


def fill(journal: Journal, number: int) -> None:
    """Have `number` events in the journal, most with a run that is done, and `number` repeated and
    refused requests.
    """
    began = now_ms() - _APART_MS * number
    rare = {number * each // (_RARE + 1): each for each in range(1, _RARE + 1)}
    for first in range(0, number, _BATCH):
        numbers = range(first, min(number, first + _BATCH))
        journal.write([each for n in numbers for each in _of(n, number, began, n in rare)])


def _of(place: int, number: int, began: int, rare: bool) -> Iterator[Settled]:
    at = began + _APART_MS * place
    event = _event(place, at, rare)
    yield Settled(event, tuple(_runs(place, number, at, rare)), 3)
    if rare:  # one that nobody handled, and one that only a replay did
        again = RunResult("reader.read", RunState.DONE, 1, at, at, replay="small")
        yield Settled(replace(event, id=id_at(at)), (), 3)
        yield Settled(replace(event, id=id_at(at)), (again,), 3)
    yield Settled(_other(event, place, at + 1, rare), (), 3)


def _event(place: int, at: int, rare: bool) -> Record:
    receipt = place % 10 == 9
    record = Record(
        kind=Kind.EVENT,
        id=id_at(at),
        received_at=at,
        trigger="message_read_receipt" if receipt else "message_sent",
        name="message.read" if receipt else "message.sent",
        app_id="app1",
        conversation_id=f"group_{place % _CONVERSATIONS}",
        sender="ada",
        occurred_at=at,
        size=len(_BODY),
        headers={"content_type": "application/json", "remote": "127.0.0.1"},
        body=_BODY,
    )
    if not rare:
        return _decided(record, DecisionAction.ALLOW) if place % 10 == 8 else record
    return replace(
        _decided(record, DecisionAction.DROP),
        trigger="user_blocked",
        name="user.blocked",
        app_id="rare",
        conversation_id="group_rare",
        sender="rare",
    )


def _decided(record: Record, action: DecisionAction) -> Record:
    return replace(record, decision=action, votes=(Vote("decider.decide", action, 0.5),))


def _other(event: Record, place: int, at: int, rare: bool) -> Record:
    record = replace(event, id=id_at(at), received_at=at, kind=Kind.DUPLICATE, event_id=event.id)
    if place % 5 < 3 and not rare:
        return replace(record, body=b"", status=200)
    return replace(
        record,
        kind=Kind.REFUSED,
        event_id=None,
        status=413 if rare else 401 if place % 5 == 3 else 422,
        reason="does not fit the schema",
    )


def _runs(place: int, number: int, at: int, rare: bool) -> Iterator[RunResult]:
    def run(handler: str, state: RunState = RunState.DONE, **more: Any) -> RunResult:
        return replace(RunResult(handler, state, 1, at, at, version="1"), **more)

    if rare:
        yield run("seldom.read")
        yield run("reader.read", RunState.RETRYING, next_at=at, error="ValueError: no")
        yield run("seldom.read", replay="small")
        return
    failed = place % 20 == 0
    state, error = (RunState.DEAD, "ValueError: no") if failed else (RunState.DONE, None)
    yield run("reader.read", state, error=error)
    if place < number // 10:
        yield run("early.read")
        yield run("reader.read", replay="big")
