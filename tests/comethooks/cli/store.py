"""Putting things where the command looks for them."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from comethooks import schemas
from comethooks.workers.ids import id_at, new_id
from comethooks.workers.journal import Journal, RunResult, Settled
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import RunState
from comethooks.workers.streams.accept import Streams
from tests.webhooks.samples import message, raw

START = 1_790_000_000_000
"""When the first thing was received: 2026-09-21, in milliseconds. Every next one comes a second
later."""
TOKEN = "plantedTokenThatNobodyMaySee"


@dataclass
class Store:
    """Keeps events as the web process does, and journals them as a drainer does."""

    streams: Streams
    journal: Journal
    _seconds: Any = field(default_factory=itertools.count)

    def record(self, sent: Any = None, /, *, at: int | None = None, **fields: Any) -> Record:
        """The record of an event; `fields` replace what the body says."""
        if sent is None:
            sent = message(id=new_id(), authToken=TOKEN)
        parsed = schemas.parse(sent, raw(sent))
        received_at = START + 1000 * next(self._seconds) if at is None else at
        known = {
            "kind": Kind.EVENT,
            "id": id_at(received_at),
            "received_at": received_at,
            "trigger": parsed.trigger,
            "name": parsed.name,
            "app_id": parsed.app_id,
            "conversation_id": parsed.conversation_id,
            "sender": parsed.sender,
            "occurred_at": parsed.occurred_at,
            "key": parsed.key,
            "size": len(raw(sent)),
            "headers": {"content_type": "Application/json", "credential": "cometchat"},
            "drift": tuple((found.kind.value, found.path) for found in parsed.drift),
            "body": raw(sent),
        }
        return Record(**{**known, **fields})

    def accept(self, sent: Any = None, /, *, key: bytes = b"", **fields: Any) -> Record:
        """Put an event into its stream; an equal `key` makes the second one a duplicate."""
        record = self.record(sent, **fields)
        self.streams.accept(record, duplicate_key=key, has_time=True)
        return record

    def refused(self, **fields: Any) -> Record:
        """The record of a request that was refused."""
        known = {
            "kind": Kind.REFUSED,
            "status": 422,
            "reason": "the body does not fit the schema",
            "errors": {"data.message.id": ["Missing data for required field."]},
            "conversation_id": None,
            "sender": None,
            "name": None,
        }
        return self.record(**{**known, **fields})

    def settle(self, record: Record, *runs: RunResult, partition: int = 0) -> Record:
        """Put a record into the journal."""
        self.journal.write([Settled(record=record, runs=runs, partition=partition)])
        return record

    def journalled(self, *runs: RunResult, **fields: Any) -> Record:
        """Put an event into the journal, with these runs."""
        return self.settle(self.record(**fields), *runs)


def run(
    handler: str = "welcome.greet", state: RunState = RunState.DONE, **fields: Any
) -> RunResult:
    """A run that ended; a dead one with an error and a traceback."""
    failure = {}
    if state is RunState.DEAD:
        failure = {
            "error": "ValueError: no such user",
            "traceback": 'Traceback:\n  File "welcome.py", line 7\nValueError: no such user\n',
        }
    known = {"attempts": 1, "started_at": START, "finished_at": START + 42, **failure}
    return RunResult(handler=handler, state=state, **{**known, **fields})
