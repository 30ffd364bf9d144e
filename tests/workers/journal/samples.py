"""Records and results for the journal's tests. Times count up from `T0`, one second for each
number.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from comethooks.workers.ids import id_at
from comethooks.workers.journal import Journal, RunResult, Settled
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import RunState

T0 = 1_760_000_000_000


def an_id(number: int) -> str:
    """The id of the request that came at second `number`."""
    return id_at(T0 + 1000 * number, number.to_bytes(10, "big"))


def event(number: int = 0, **changes: Any) -> Record:
    record = Record(
        kind=Kind.EVENT,
        id=an_id(number),
        received_at=T0 + 1000 * number,
        trigger="message_sent",
        name="message.sent",
        app_id="2611fa0c",
        conversation_id="group_hikers",
        sender="ines",
        occurred_at=T0 + 1000 * number - 40,
        size=17,
        headers={"content_type": "application/json", "remote": "192.0.2.7"},
        body=b'{"greeting":"hi"}',
    )
    return replace(record, **changes)


def duplicate(number: int, of: Record, **changes: Any) -> Record:
    changes = {
        "kind": Kind.DUPLICATE,
        "event_id": of.id,
        "conversation_id": None,
        "sender": None,
    } | changes
    return event(number, **changes)


def refusal(number: int, **changes: Any) -> Record:
    changes = {
        "kind": Kind.REFUSED,
        "status": 422,
        "reason": "does not fit the schema",
        "errors": {"data.message.sender": ["Missing data for required field."]},
    } | changes
    return event(number, **changes)


def run(
    state: RunState = RunState.DONE, handler: str = "welcome.greet", **changes: Any
) -> RunResult:
    result = RunResult(
        handler=handler,
        state=state,
        attempts=1,
        started_at=T0,
        finished_at=T0 + 12,
        error=None,
        traceback=None,
    )
    return replace(result, **changes)


def settled(record: Record, *runs: RunResult, partition: int = 3) -> Settled:
    return Settled(record, runs, partition)


def write_many(journal: Journal, count: int) -> None:
    """So many events of one second with a run that is done, made by SQL itself, which is quick."""
    with journal.engine.begin() as connection:
        connection.execute(text(_MANY_EVENTS), {"count": count, "body": b"{}"})
        connection.execute(text(_MANY_RUNS))
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


_MANY_EVENTS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO events (id, source, received_at, size, headers, body)
SELECT 'many-' || n, 'many', '2025-10-09T09:00:00.000Z', 2, '{}', :body FROM numbers
"""
_MANY_RUNS = """
INSERT INTO runs (event_id, handler, state, attempts)
SELECT id, 'welcome.greet', 'done', 1 FROM events WHERE source = 'many'
"""


def numbers(found) -> list[int]:
    """The seconds after `T0` at which the events or requests that were found were received."""
    return [(stored.received_at - T0) // 1000 for stored in found]
