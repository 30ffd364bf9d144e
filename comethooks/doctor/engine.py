"""The workers: whether they are there, whether they keep up, and what they could not do."""

from collections.abc import Iterator

from redis import Redis

from comethooks.doctor.finding import Finding, Level, from_health
from comethooks.webhooks import health
from comethooks.workers.journal import Journal
from comethooks.workers.states import RunState
from comethooks.workers.streams.overview import overview
from comethooks.workers.texts import number_of

LATE_SECONDS = 60.0
"""For how long a run may be due before that is worth a word."""


def check_workers(client: Redis, partitions: int | None) -> Iterator[Finding]:
    """Drainers, leases, what waits, the scheduler. Raises redis-py's errors."""
    state = overview(client, partitions)
    degraded = {found.what: found for found in health.engine_degraded(state)}
    for found in degraded.values():
        yield from_health("workers", found)
    if "drainers" not in degraded:
        yield Finding("workers.drainers", Level.OK, f"{state.drainers} alive")
        if "leases" not in degraded:
            yield Finding("workers.leases", Level.OK, "every partition has a drainer")
    if "age" not in degraded:
        waiting = sum(each.depth for each in state.partitions)
        detail = f"{number_of(waiting, 'event waits or is', 'events wait or are')} in progress"
        yield Finding("workers.age", Level.OK, detail)
    if "scheduler" not in degraded:
        yield Finding("workers.scheduler", Level.OK, "one leads and works")


def check_runs(journal: Journal, now: int) -> Iterator[Finding]:
    """Dead letters, and runs that wait; `now` is in milliseconds. Raises the journal's errors."""
    counts = journal.unfinished()
    if dead := counts.get(RunState.DEAD, 0):
        yield Finding(
            "workers.dead",
            Level.WARNING,
            number_of(dead, "dead letter"),
            "see: comethooks runs list --state dead; then `runs retry` or `runs dismiss`",
        )
    else:
        yield Finding("workers.dead", Level.OK, "no dead letters")
    retrying, due = counts.get(RunState.RETRYING, 0), journal.next_due()
    late = 0.0 if due is None else (now - due) / 1000
    detail = f"{number_of(retrying, 'run waits', 'runs wait')} for another attempt"
    if late > LATE_SECONDS:
        detail += f", the first has been due for {late:.0f} s"
        yield Finding(
            "workers.retries", Level.WARNING, detail, "start `comethooks worker`, or more of them"
        )
    else:
        yield Finding("workers.retries", Level.OK, detail)
