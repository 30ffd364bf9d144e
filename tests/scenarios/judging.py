"""The judgement after a fault: what the clients' ledger, the effects, the journal and Redis say of
every event.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.journal import Journal, StoredRun
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.scenarios.load import Poster, acknowledged
from tests.scenarios.stack import Effects, Stack, by_conversation
from tests.waiting import wait_for
from tests.workers.analytics.recounting import differences, figures_of, recounted

KILLED_TWICE = "killed its worker twice"


class Repeat(NamedTuple):
    """A handler got an event again: where it ran first and then, and when (ns)."""

    event: str
    first_pid: int
    first_at: int
    again_pid: int
    again_at: int


@dataclass(frozen=True)
class Verdict:
    """What became of everything that was acknowledged, once nothing was left in Redis."""

    acknowledged: int
    lost: set[str]
    """Events without a finished run in the journal, or whose handler never ran."""
    disordered: int
    repeats: list[Repeat]
    dead: list[StoredRun]
    """Runs whose process was killed twice."""
    states: Counter[RunState]
    effects: Effects

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {len(self.lost)} lost, {self.disordered}"
            f" disordered, {len(self.repeats)} repeated, {len(self.dead)} dead by two kills"
        )


def journal_of(stack: Stack) -> Journal:
    """The journal of a deployment."""
    return Journal.open(Settings.load(stack.environment).database_url)


def waiting(client: Redis) -> int:
    """Entries in all streams."""
    return sum(client.xlen(name) for name in client.scan_iter(match=f"{keys.PREFIX}events:*"))


def marks(client: Redis) -> list[bytes]:
    """The marks of runs in Redis."""
    names = client.scan_iter(match=f"{keys.PREFIX}progress:*")
    return [mark for name in names for mark in client.hvals(name)]


def _is_journalled(stack: Stack, client: Redis) -> bool:
    """Whether nothing waits any more: in the spool first, which goes to the streams, and then in
    these. Redis may just have been killed.
    """
    if SpoolGlance.of(Settings.load(stack.environment)).holds:
        return False
    with suppress(RedisError):
        return not waiting(client)
    return False


def judge(
    stack: Stack, posters: Sequence[Poster], client: Redis, *, seconds: float = 60.0
) -> Verdict:
    """Wait until everything is journalled, and say what became of it.

    Fails the test when something is left over in Redis, when a run is in no final state, or was
    counted twice, or when the figures differ from a plain count of what is in the journal.
    """
    ledger = acknowledged(posters)
    ids = {event for _, event in ledger}
    wait_for(lambda: _is_journalled(stack, client), "everything is journalled", seconds=seconds)
    assert not marks(client)
    assert int(client.get(keys.BACKLOG) or 0) == 0
    journal = journal_of(stack)
    runs = list(journal.runs())
    wait_for(lambda: not journal.figures.is_anything_left(), "all of it is in the figures")
    assert differences(figures_of(journal), recounted(journal)) == {}
    journal.close()
    effects = stack.effects()
    found = [run for run in runs if run.event_id in ids]
    dead = [
        run
        for run in found
        if run.state is RunState.DEAD and (run.error or "").startswith(KILLED_TWICE)
    ]
    finished = {run.event_id for run in found if run.state is RunState.DONE} & effects.ids
    verdict = Verdict(
        acknowledged=len(ids),
        lost=ids - finished - {run.event_id for run in dead},
        disordered=effects.disorders(by_conversation(ledger)),
        repeats=[repeat for repeat in repeats(effects) if repeat.event in ids],
        dead=dead,
        states=Counter(run.state for run in runs),
        effects=effects,
    )
    # Every end of a run was counted exactly once, those of further attempts a moment later.
    wait_for(
        lambda: counted(client) == len(runs),
        f"{counted(client)} runs of {len(runs)} are counted",
        seconds=5,
    )
    return verdict


def counted(client: Redis) -> int:
    """How many runs came to an end, as the metrics have it; what is to be tried again has not."""
    counts = client.hgetall(keys.RUNS)
    return sum(int(count) for name, count in counts.items() if b"|retrying|" not in name)


def repeats(effects: Effects) -> list[Repeat]:
    """Every time that the handler got an event again."""
    first: dict[str, tuple[int, int]] = {}
    found = []
    for line, at in zip(effects.lines, effects.times, strict=True):
        if line[0] in first:
            pid, first_at = first[line[0]]
            found.append(Repeat(line[0], pid, first_at, line[3], at))
        else:
            first[line[0]] = line[3], at
    return found
