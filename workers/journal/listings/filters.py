"""What a filter means: as conditions of SQL, and in memory for what is not in a table yet.

The two sides stand beside each other and a test holds each against the other, so that an event is
listed by the same rules before and after it is journalled.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    exists,
    false,
    select,
)

from comethooks.schemas.event.kept import BACKFILLED
from comethooks.workers.journal.about_messages import events_about, message_of
from comethooks.workers.journal.decisions import has_decision
from comethooks.workers.journal.listings.patterns_of_rows import means, meant
from comethooks.workers.journal.listings.queries import Condition, in_states
from comethooks.workers.journal.listings.statuses import has_status, runs_of_status
from comethooks.workers.journal.listings.stored import StoredEvent, StoredRun
from comethooks.workers.journal.replaying.dry_runs import NO_DRY_RUN, REPLAYED
from comethooks.workers.journal.runs.waiting_lines import HOLDS_UP
from comethooks.workers.journal.tables.models import LIVE, Outcome, events, requests, runs
from comethooks.workers.journal.tables.rows import OUTCOMES, searchable
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import DecisionAction, EventStatus, RunMode, RunState

_OF_EVENTS = ("app_id", "conversation_id", "sender")
_OF_REQUESTS = ("app_id",)
_OF_RUNS = ("handler", "replay")
"""The fields that rows have under the same name, and that have to be equal to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list; None means any. Times are ms on received_at, from `since` to before `until`.

    A listing of events uses all fields but `outcome` and `answer`; `handler`, `replay` and `state`
    ask for one run that is all of them. A listing of runs uses the same, and shows only those runs.
    A listing of requests uses `event_id`, `trigger`, `app_id`, `outcome`, `answer`, the times, and
    `conversation_id` and `sender`, which only accepted requests have. What counts or changes runs
    uses what a listing of runs does, but for `limit`. `event_id` is a whole id.
    """

    event_id: str | None = None
    trigger: str | None = None
    """A pattern: a trigger, a canonical name, or either with `*`."""
    conversation_id: str | None = None
    sender: str | None = None
    app_id: str | None = None
    message_id: str | None = None
    """The id of the message that it is about, as CometChat gives it; SQL knows it of any event, and
    memory of those whose bodies are there."""
    backfilled: bool = False
    """Whether only events are meant that were fetched, since their webhooks never came."""
    status: EventStatus | None = None
    decision: DecisionAction | None = None
    """What was decided on a message in flight."""
    handler: str | None = None
    replay: str | None = None
    """The name of a replay; empty for live runs. Runs of a dry run are found by its name alone:
    nobody has to act on what failed there."""
    state: RunState | None = None
    outcome: Outcome | None = None
    answer: int | None = None
    """The HTTP status that a request was answered with."""
    holds_up: bool = False
    """Whether only failed runs of ordered handlers are meant that others wait for; SQL alone knows.
    """
    since: int | None = None
    until: int | None = None
    limit: int | None = None

    # ---- in SQL

    def event_conditions(
        self, *, besides: str | None = None, runs_first: bool = True
    ) -> list[Condition]:
        """The conditions on `events` of a listing of events or of runs.

        The status is as if the replay `besides` had run nothing: one that is about events which
        nobody handled must not lose them by what it does itself. With `runs_first`, SQL finds the
        `indexed_runs` and then their events: right as long as they are few.
        """
        conditions = self._about(events, events.c.id, _OF_EVENTS)
        if self.message_id is not None:
            conditions.append(events.c.id.in_(events_about(self.message_id)))
        if self.backfilled:
            conditions.append(events.c.headers.contains(f'"{BACKFILLED}":'))
        if self.status is not None:
            conditions.append(has_status(self.status, besides))
        if self.decision is not None:
            conditions.append(has_decision(self.decision))
        indexed = self.indexed_runs(besides)
        if runs_first:
            conditions += [events.c.id.in_(ids) for ids in indexed]
        if self._asks_for_a_run and not (runs_first and self._has_indexed_run):
            same = runs.c.event_id == events.c.id
            conditions.append(exists().where(same, *self.run_conditions()))
        return conditions

    def indexed_runs(self, besides: str | None) -> list[Select[Any]]:
        """The queries of event ids, by indexes of runs that usually have few, that each event has
        to be among: by the run asked for, and by the status.
        """
        found = []
        if self._has_indexed_run:
            of_replay = [REPLAYED] if self.replay else []
            found.append(select(runs.c.event_id).where(*of_replay, *self.run_conditions()))
        if self.status is not None:
            found += runs_of_status(self.status, besides)
        return [query.correlate(None) for query in found]

    def failed_conditions(self) -> list[Condition]:
        """The conditions on `events` that a run asked for has failed and is not done since."""
        states = [state for state in RunState if state is not RunState.DONE]
        ids = select(runs.c.event_id).where(
            in_states(states), runs.c.error.is_not(None), *self.run_conditions()
        )
        return [*self._status_conditions(), events.c.id.in_(ids)]

    def run_conditions(self) -> list[Condition]:
        """The conditions on `runs` of a listing of events or of runs."""
        conditions = self._equal(runs, _OF_RUNS)
        if self.replay is None:
            conditions.append(NO_DRY_RUN)
        if self.state is not None:
            conditions.append(in_states([self.state]))
        return [*conditions, HOLDS_UP] if self.holds_up else conditions

    def chosen_runs(
        self, states: Collection[RunState], *columns: ColumnElement[Any]
    ) -> Select[Any]:
        """`columns` of the runs asked for that are in one of `states`, with their events."""
        joined = select(*columns).join_from(runs, events, events.c.id == runs.c.event_id)
        return joined.where(in_states(states), *self.run_conditions(), *self._status_conditions())

    def accepted_conditions(self) -> list[Condition]:
        """The conditions on `events` of a listing of requests."""
        of_events = self._about(events, events.c.id, _OF_EVENTS)
        return [*of_events, *([false()] if self.no_accepted else [])]

    def request_conditions(self) -> list[Condition]:
        """The conditions on `requests` of a listing of requests."""
        conditions = self._about(requests, requests.c.event_id, _OF_REQUESTS)
        if self.no_others:
            conditions.append(false())  # rather than look at every row
        if self.outcome is not None:
            conditions.append(requests.c.outcome == self.outcome.value)
        if self.answer is not None:
            conditions.append(requests.c.status == self.answer)
        return conditions

    @property
    def no_accepted(self) -> bool:
        """Whether a listing of requests has none that became an event."""
        return self.outcome not in (None, Outcome.ACCEPTED) or self.answer not in (None, 200)

    @property
    def no_others(self) -> bool:
        """Whether a listing of requests has only those that became an event."""
        return self._asks_for_accepted or self.outcome is Outcome.ACCEPTED

    # ---- in memory

    def fits_event(self, event: Record | StoredEvent) -> bool:
        """Whether a listing of events has it. A record waits: it is queued, and has no runs."""
        status, runs = (
            (event.status, event.runs)
            if isinstance(event, StoredEvent)
            else (EventStatus.QUEUED, ())
        )
        return (
            self._fits(event, event.id, _OF_EVENTS)
            and means(self.trigger, event, named=True)
            and self.status in (None, status)
            and self.decision in (None, event.decision)
            and (not self.backfilled or BACKFILLED in event.headers)
            and (self.message_id is None or searchable(self.message_id) == message_of(event))
            and (not self._asks_for_a_run or any(map(self.fits_run, runs)))
        )

    def fits_run(self, run: StoredRun) -> bool:
        """Whether a run on an event that fits is one of those asked for."""
        return (
            searchable(self.handler) in (None, run.handler)
            and (
                run.mode is not RunMode.DRY
                if self.replay is None
                else searchable(self.replay) == (run.replay or LIVE)
            )
            and self.state in (None, run.state)
        )

    def fits_request(self, record: Record) -> bool:
        """Whether a listing of requests has the request behind a record."""
        is_event = record.kind is Kind.EVENT
        return (
            self.answer in (None, record.status)
            and self.outcome in (None, OUTCOMES[record.kind])
            and (is_event or not self._asks_for_accepted)
            and self._fits(
                record,
                record.id if is_event else record.event_id,
                _OF_EVENTS if is_event else _OF_REQUESTS,
            )
            and means(self.trigger, record, named=is_event)
        )

    # ---- parts of both

    @property
    def _asks_for_a_run(self) -> bool:
        return any(each is not None for each in (self.handler, self.replay, self.state))

    @property
    def _asks_for_accepted(self) -> bool:
        return self.conversation_id is not None or self.sender is not None

    @property
    def _has_indexed_run(self) -> bool:
        """Whether a run is asked for that an index of few knows: one that is not done, or of a
        replay.
        """
        return bool(self.replay) or self.state not in (None, RunState.DONE)

    def _status_conditions(self) -> list[Condition]:
        return replace(self, handler=None, replay=None, state=None).event_conditions()

    def _about(
        self, table: Table, event_id: Column[Any], names: Collection[str]
    ) -> list[Condition]:
        conditions = self._equal(table, names) + between(
            table.c.received_at, self.since, self.until
        )
        if self.event_id is not None:
            conditions.append(event_id == searchable(self.event_id))
        if self.trigger is not None:
            conditions.append(meant(self.trigger, table))
        return conditions

    def _equal(self, table: Table, names: Collection[str]) -> list[Condition]:
        wanted = ((name, searchable(getattr(self, name))) for name in names)
        return [table.c[name] == value for name, value in wanted if value is not None]

    def _fits(
        self, item: Record | StoredEvent, event_id: str | None, names: Collection[str]
    ) -> bool:
        """What `_about` asks of a row, but for the trigger."""
        return (
            self.event_id in (None, event_id)
            and (self.since is None or item.received_at >= self.since)
            and (self.until is None or item.received_at < self.until)
            and all(
                searchable(getattr(self, name)) in (None, searchable(getattr(item, name)))
                for name in names
            )
        )


EVERYTHING = Filter()


def between(column: Column[Any], since: int | None, until: int | None) -> list[Condition]:
    """The conditions that a time (ms) is `since` or later, and before `until`."""
    return [
        *([] if since is None else [column >= since]),
        *([] if until is None else [column < until]),
    ]
