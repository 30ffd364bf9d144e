"""Marks: what Redis knows of a run between its start and its row in the journal.

A mark is a field of the partition's hash `progress`, `entry/handler`. It says that the run has
started, that it runs alone, or how it ended. What nearly none has stands at the end, and only
where there is some: effects, attempts that ended with their process, the place of a failure. A mark
of another format counts as started: the run is repeated.

What is done about a run that a take-over finds started or alone: see `workers.drain.poison_runs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import structlog
from redis import Redis

from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import LeaseLostError
from comethooks.workers.streams.scripts import entry_scripts

FORMAT = 1
STARTED = "started"
ALONE = "alone"
_FIELDS_OF_A_CALL = 2000
"""Arguments of one script call: Lua unpacks at most about 8,000."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was in progress: in which drainer, and how many processes had died of it before.

    `died` are the attempts that ended so, as far as they are known. Of one that was `alone` also
    since when (ms), and of which version of the plugin.
    """

    member: str
    deaths: int
    alone: bool = False
    started_at: int | None = None
    version: str | None = None
    died: tuple[Attempt, ...] = ()


@dataclass(slots=True)
class EntryMarks:
    """The marks of one entry: results, and runs that were in progress, by handler."""

    results: list[RunResult] = field(default_factory=list)
    begun: dict[str, Begun] = field(default_factory=dict)

    @property
    def handlers(self) -> frozenset[str]:
        """Every handler that has a mark."""
        return frozenset((*(result.handler for result in self.results), *self.begun))


def mark_of(result: RunResult) -> bytes:
    """The mark of a run that ended."""
    mark = [
        FORMAT,
        result.state,
        result.attempts,
        result.started_at,
        result.finished_at,
        result.error,
        result.traceback,
        result.next_at,
        result.version,
    ]
    # Nearly every mark is of a run that ended well at once: Redis writes each byte of it to disk.
    if result.effects or result.earlier or result.failed_in or result.left_out_at:
        mark += [result.effects, _listed(result.earlier), result.failed_in, result.left_out_at]
    return orjson.dumps(mark)


def start_mark(member: str, died: Sequence[Attempt] = (), *, unrun: bool = False) -> bytes:
    """The mark of a run that begins among others in the drainer `member`, after attempts that
    `died`.

    One that is `unrun` was handed back: it has no more deaths behind it than before.
    """
    deaths = died[-1].number - unrun if died else 0
    told = [_listed(died)] if died else []
    return orjson.dumps([FORMAT, STARTED, member, deaths, *told])


def alone_mark(member: str, died: Sequence[Attempt], started_at: int, version: str | None) -> bytes:
    """The mark of a run that is about to run in a process of its own, after attempts that
    `died`.
    """
    deaths = died[-1].number if died else 0
    return orjson.dumps([FORMAT, ALONE, member, deaths, started_at, version, _listed(died)])


def marks_in(progress: Mapping[bytes, bytes]) -> dict[str, EntryMarks]:
    """The marks of a partition, by stream entry."""
    found: dict[str, EntryMarks] = {}
    for name, mark in progress.items():
        entry, _, handler = name.decode("utf-8", "replace").partition("/")
        marks = found.setdefault(entry, EntryMarks())
        try:
            _read(marks, handler, orjson.loads(mark))
        except (TypeError, ValueError) as error:
            log.error(
                "a mark cannot be read; its run counts as started", entry=entry, handler=handler
            )
            log.debug("unreadable mark", error=type(error).__name__)
            # To run it again is right whatever the mark said; to take it for done is not.
            marks.begun[handler] = Begun(member="", deaths=0)
    return found


def read_marks(client: Redis, partition: int) -> dict[str, EntryMarks]:
    """What an earlier drainer left of a partition, by entry. Only the lease makes it reliable."""
    return marks_in(cast(dict[bytes, bytes], client.hgetall(keys.progress(partition))))


def _read(marks: EntryMarks, handler: str, mark: list[Any]) -> None:
    version, state, *values = mark
    if version != FORMAT:
        raise ValueError("another format")
    if state == STARTED:
        member, deaths, *rest = values
        marks.begun[handler] = Begun(member, deaths, died=_attempts(*rest))
        return
    if state == ALONE:
        member, deaths, started_at, plugin_version, died = values
        marks.begun[handler] = Begun(
            member,
            deaths,
            alone=True,
            started_at=started_at,
            version=plugin_version,
            died=_attempts(died),
        )
        return
    attempts, started_at, finished_at, error, traceback, next_at, plugin_version, *rest = values
    effects, earlier, failed_in, left_out_at = rest or [(), (), None, None]
    marks.results.append(
        RunResult(
            handler=handler,
            state=RunState(state),
            attempts=attempts,
            started_at=started_at,
            finished_at=finished_at,
            error=error,
            traceback=traceback,
            next_at=next_at,
            version=plugin_version,
            effects=tuple(effects),
            earlier=_attempts(earlier),
            failed_in=failed_in,
            left_out_at=left_out_at,
        )
    )


def _listed(died: Sequence[Attempt]) -> list[list[Any]]:
    # Of an attempt that ended with its process no effects are known.
    return [[each.number, each.started_at, each.finished_at, each.error] for each in died]


def _attempts(listed: Sequence[Sequence[Any]] = ()) -> tuple[Attempt, ...]:
    return tuple(Attempt(*each) for each in listed)


class MarkWriter:
    """One connection that marks are written on in groups, with the answers that are outstanding.

    It never reconnects: after an error nobody knows what arrived, so whoever writes marks has to
    end.
    """

    def __init__(self, client: Redis) -> None:
        self._connection: Any = client.connection_pool.get_connection()
        self._mark = client.script_load(entry_scripts.MARK)
        self._unmark = client.script_load(entry_scripts.UNMARK)
        self._groups: dict[tuple[str, int, str], list[str | bytes]] = {}
        self._outstanding = 0

    def add(self, partition: int, lease: str, entry: str, handler: str, mark: bytes) -> None:
        """Put a mark into the group."""
        group = self._groups.setdefault((self._mark, partition, lease), [])
        group += (f"{entry}/{handler}", mark)

    def remove(self, partition: int, lease: str, entry: str, handler: str) -> None:
        """Put the removal of the mark of a run that did not start into the group."""
        self._groups.setdefault((self._unmark, partition, lease), []).append(f"{entry}/{handler}")

    def send(self) -> None:
        """Send the group; do not wait for the answers."""
        if not self._groups:
            return
        commands = [
            (
                "EVALSHA",
                script,
                2,
                keys.lease(number),
                keys.progress(number),
                lease,
                *fields[start : start + _FIELDS_OF_A_CALL],
            )
            for (script, number, lease), fields in self._groups.items()
            for start in range(0, len(fields), _FIELDS_OF_A_CALL)
        ]
        # Not through the client, which would wait for each answer, and would repeat a command after
        # a lost connection: a mark that arrives late would stay for ever.
        self._connection.send_packed_command(self._connection.pack_commands(commands))
        self._outstanding += len(commands)
        self._groups = {}

    def confirm(self) -> None:
        """Wait for all answers. Raises `LeaseLostError` when the partition is no longer ours."""
        while self._outstanding:
            answer = self._connection.read_response()
            self._outstanding -= 1
            if not answer:
                raise LeaseLostError("a mark was refused: the partition belongs to another drainer")
