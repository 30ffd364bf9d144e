from comethooks.workers.journal import Journal, Outcome, StoredEvent, StoredRequest
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, an_id, duplicate, event, refusal, run, settled


def test_an_event_as_json(journal: Journal):
    """An event has exactly the documented keys, times in ISO 8601, and null for what it does not
    have.
    """
    first = event(1, name=None, occurred_at=None)
    failed = run(
        RunState.DEAD, error="ValueError: no such user", attempts=2, traceback="Traceback …"
    )
    journal.write([settled(first, failed, run(handler="audit.note", replay="july"))])
    journal.write([settled(duplicate(5, first))])
    assert [stored.as_json() for stored in journal.events()] == [
        {
            "id": an_id(1),
            "trigger": "message_sent",
            "name": None,
            "source": "cometchat",
            "app_id": "2611fa0c",
            "conversation_id": "group_hikers",
            "sender": "ines",
            "occurred_at": None,
            "received_at": "2025-10-09T08:53:21.000Z",
            "status": "dead",
            "decision": None,
            "votes": [],
            "runs": [
                {
                    "handler": "welcome.greet",
                    "state": "dead",
                    "attempts": 2,
                    "error": "ValueError: no such user",
                    "replay": None,
                    "dry_run": False,
                },
                {
                    "handler": "audit.note",
                    "state": "done",
                    "attempts": 1,
                    "error": None,
                    "replay": "july",
                    "dry_run": False,
                },
            ],
            "duplicates": {
                "count": 1,
                "last_at": "2025-10-09T08:53:25.000Z",
                "last_request_id": an_id(5),
            },
        }
    ]


def test_a_run_as_json(journal: Journal):
    """A run by itself names its event and says when it began and ended."""
    journal.write([settled(event(1), run(version="1.4"))])
    assert [stored.as_json() for stored in journal.runs()] == [
        {
            "event_id": an_id(1),
            "handler": "welcome.greet",
            "state": "done",
            "attempts": 1,
            "error": None,
            "replay": None,
            "dry_run": False,
            "started_at": "2025-10-09T08:53:20.000Z",
            "finished_at": "2025-10-09T08:53:20.012Z",
            "next_at": None,
            "version": "1.4",
            "waits_for": None,
            "left_out_at": None,
        }
    ]


def test_a_run_says_when_it_is_due_again(journal: Journal):
    """Only one that is to be tried again: for a running one the time means something else."""
    waiting, running = (
        run(RunState.RETRYING, "a.b", next_at=T0),
        run(RunState.RUNNING, "c.d", next_at=T0),
    )
    journal.write([settled(event(1), waiting, running)])
    assert [stored.as_json()["next_at"] for stored in journal.runs()] == [
        "2025-10-09T08:53:20.000Z",
        None,
    ]


def test_a_request_as_json(journal: Journal):
    """A refused request says what it was answered and why, field by field."""
    journal.write([settled(refusal(2, trigger=None))])
    assert [stored.as_json() for stored in journal.requests()] == [
        {
            "id": an_id(2),
            "received_at": "2025-10-09T08:53:22.000Z",
            "outcome": "refused",
            "status": 422,
            "reason": "does not fit the schema",
            "errors": {"data.message.sender": ["Missing data for required field."]},
            "source": "cometchat",
            "trigger": None,
            "app_id": "2611fa0c",
            "event_id": None,
            "headers": {"content_type": "application/json", "remote": "192.0.2.7"},
            "size": 17,
        }
    ]


def test_an_event_in_its_stream_looks_as_it_will_in_the_journal(journal: Journal):
    """A record that is not journalled yet shows the same text, except that it is queued."""
    record = event(1, sender="i\x00nes" * 200, occurred_at=2**80)
    queued = StoredEvent.from_record(record, 3)
    journal.write([settled(record, partition=3)])
    stored = journal.event(record.id)
    assert stored is not None
    assert queued.as_json() == stored.as_json() | {"status": "queued"}
    assert (queued.status, queued.runs, queued.body) == (EventStatus.QUEUED, (), record.body)
    assert (queued.headers, queued.size, queued.partition) == (
        stored.headers,
        stored.size,
        stored.partition,
    )


def test_a_request_in_its_stream_looks_as_it_will_in_the_journal(journal: Journal):
    """Accepted, repeated or refused: the same request before and after it is journalled."""
    first = event(1)
    records = [first, duplicate(2, first), refusal(3)]
    journal.write([settled(record) for record in records])
    for record, outcome in zip(records, Outcome, strict=True):
        assert StoredRequest.from_record(record) == journal.request(record.id)
        assert StoredRequest.from_record(record).outcome is outcome
    assert StoredRequest.from_record(first).event_id == first.id


def test_only_live_runs_count_for_the_status(journal: Journal):
    """A replay that fails leaves the event's status as it is."""
    journal.write([settled(event(1), run(RunState.DONE), run(RunState.DEAD, replay="july"))])
    journal.write([settled(event(2), run(RunState.DEAD, replay="july"))])
    assert [stored.status for stored in journal.events()] == [
        EventStatus.UNHANDLED,
        EventStatus.DONE,
    ]


def test_times_are_milliseconds_in_python(journal: Journal):
    """What was written comes back to the millisecond, whatever the database's own time zone."""
    journal.write([settled(event(1, received_at=T0 + 1, occurred_at=-5), run(started_at=T0 + 7))])
    stored = journal.event(an_id(1))
    assert stored is not None
    assert (stored.received_at, stored.occurred_at, stored.runs[0].started_at) == (
        T0 + 1,
        -5,
        T0 + 7,
    )
