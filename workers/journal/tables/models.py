"""The tables: what SQL keeps of requests, events and runs, and of what is not as expected in
bodies.

A request became an event, or it is a row of `requests`. How often an event was repeated, when last
and by which request is asked of `requests`, never counted up, so that writing a batch again changes
nothing.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from comethooks.workers.journal.tables.columns import (
    ID,
    NAME,
    TEXT_LENGTH,
    Instant,
    partial_index,
)

LIVE = ""
"""The name of the replay that a live run belongs to."""


class Outcome(StrEnum):
    """What became of a request. An accepted one is an event and no row of `requests`."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

events = Table(
    "events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("source", String(TEXT_LENGTH), nullable=False),
    Column("trigger", String(TEXT_LENGTH)),
    Column("name", String(TEXT_LENGTH)),
    Column("app_id", String(TEXT_LENGTH)),
    Column("conversation_id", String(TEXT_LENGTH)),
    Column("sender", String(TEXT_LENGTH)),
    Column("occurred_at", Instant),
    Column("received_at", Instant, nullable=False),
    Column("partition", BigInteger),
    Column("size", BigInteger),
    Column("headers", Text, nullable=False),
    # Last, so that SQLite reads the other columns without the pages that a big body fills.
    Column("body", LargeBinary, nullable=False),
    # One index that grows at its end, and no other: see `workers.journal.blocks`.
    Index(None, "received_at"),
)

blocks = Table(
    "blocks",
    metadata,
    # What is among some rows of a table that are about the same time.
    Column("id", ID, primary_key=True),
    # The table's name: events, or requests.
    Column("of", String(16), nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    # A JSON list of source, trigger and canonical name.
    Column("names", Text, nullable=False),
    # Four bytes for each app, conversation, sender, decision and handler, or each app, outcome and
    # answer.
    Column("terms", LargeBinary, nullable=False),
    # The same for each handler of runs that were added later: whoever made the block writes all
    # else.
    Column("later", LargeBinary, nullable=False),
    Index(None, "of", "first_at", "id"),
    Index(None, "of", "last_at", "id"),
)

runs = Table(
    "runs",
    metadata,
    Column("event_id", ID, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("handler", NAME, primary_key=True),
    Column("replay", NAME, primary_key=True, server_default=LIVE),
    Column("state", String(16), nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("error", Text),
    Column("traceback", Text),
    # Where it failed: `file:line` of the plugin.
    Column("failed_in", Text),
    # When a retrying run is due; while one runs from a claim, when the claim expires.
    Column("next_at", Instant),
    # Who runs it: a member, `host|boot|pid`. While it runs, what else is here is about the attempt
    # before.
    Column("claim", String(TEXT_LENGTH)),
    Column("claimed_at", Instant),
    # How often its process died while it ran from a claim.
    Column("deaths", BigInteger, nullable=False, server_default="0"),
    # That of the plugin that ran.
    Column("version", String(TEXT_LENGTH)),
    # What it did to the outside: a JSON list of lines; null when that was nothing.
    Column("effects", Text),
    # Of an ordered handler's run that failed or waits: what orders it, and its place there; see
    # lines.py.
    Column("lane", NAME),
    Column("place", BigInteger),
    # Since when it waits for its plugin, which was left out; see runs/parked.py.
    Column("left_out_at", Instant),
    # Nearly every run is live, and done when it is written: it is in none of these indexes.
    partial_index("ix_runs_not_done", "state", "finished_at", where="state <> 'done'"),
    partial_index("ix_runs_due", "state", "next_at", where="next_at IS NOT NULL"),
    partial_index(
        "ix_runs_in_line", "handler", "lane", "place", where="lane IS NOT NULL AND state <> 'done'"
    ),
    partial_index("ix_runs_left_out", "handler", where="left_out_at IS NOT NULL"),
    partial_index("ix_runs_replayed", "replay", "state", where="replay <> ''"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    # Those that others followed; the last one is in `runs`. Nearly every run has but one.
    Column("event_id", ID, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("handler", NAME, primary_key=True),
    Column("replay", NAME, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("error", Text),
    Column("effects", Text),
    sqlite_with_rowid=False,
)

once_keys = Table(
    "once_keys",
    metadata,
    Column("plugin", NAME, primary_key=True),
    # Empty when the event is of no app.
    Column("app_id", NAME, primary_key=True),
    Column("key", NAME, primary_key=True),
    Column("state", String(16), nullable=False),
    # The attempt that took it.
    Column("token", String(36), nullable=False),
    # No foreign key: what has happened stays known when the event is deleted.
    Column("event_id", ID, nullable=False),
    Column("handler", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    # When the attempt that took it must have ended.
    Column("until", Instant, nullable=False),
    Index(None, "event_id"),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

requests = Table(
    "requests",
    metadata,
    Column("id", ID, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("status", BigInteger),
    Column("reason", Text),
    Column("errors", Text),
    Column("source", String(TEXT_LENGTH), nullable=False),
    Column("trigger", String(TEXT_LENGTH)),
    Column("app_id", String(TEXT_LENGTH)),
    # No foreign key: a duplicate is kept even when the first one is not journalled yet, or is
    # deleted.
    Column("event_id", ID),
    Column("headers", Text, nullable=False),
    Column("size", BigInteger),
    Column("body", LargeBinary),
    Index(None, "received_at"),
    Index(None, "event_id"),
)

drift = Table(
    "drift",
    metadata,
    Column("source", NAME, primary_key=True),
    Column("trigger", NAME, primary_key=True),
    Column("kind", NAME, primary_key=True),
    Column("path", NAME, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    # The latest event that has it, so that retention does not take it before this row.
    Column("example_id", ID, nullable=False),
    sqlite_with_rowid=False,
)

replays = Table(
    "replays",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("state", String(16), nullable=False),
    # Which events and which handlers: JSON.
    Column("request", Text, nullable=False),
    # Events a second; null is as fast as it goes.
    Column("rate", Double),
    Column("dry_run", Boolean, nullable=False),
    # How many events there were when it was made.
    Column("expected", BigInteger, nullable=False),
    # How many events and runs are recorded.
    Column("events", BigInteger, nullable=False, server_default="0"),
    Column("runs", BigInteger, nullable=False, server_default="0"),
    # The last event that is done, in order.
    Column("received_at", Instant),
    Column("event_id", ID),
    # When the next chunk is due.
    Column("next_at", Instant, nullable=False),
    # Who works on a chunk, `host|boot|pid`, and until when.
    Column("claim", String(TEXT_LENGTH)),
    Column("claimed_until", Instant),
    # How often a process died at the next event, and of how many events each run is to run alone
    # since one did.
    Column("deaths", BigInteger, nullable=False, server_default="0"),
    Column("alone", BigInteger, nullable=False, server_default="0"),
    Column("error", Text),
    sqlite_with_rowid=False,
)

replay_events = Table(
    "replay_events",
    metadata,
    # The events of a replay that was given a file. No foreign keys: they are written before the
    # replay is.
    Column("replay", NAME, primary_key=True),
    Column("event_id", ID, primary_key=True),
    sqlite_with_rowid=False,
)

identity = Table(
    "identity",
    metadata,
    # One row, made with the tables: whose the events in a Redis are is told by it.
    Column("id", ID, primary_key=True),
    sqlite_with_rowid=False,
)
