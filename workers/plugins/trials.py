"""What the import of a plugin did to its process, when that was more than an exception.

An import may block, end the process or crash it, and then no plugin runs in any process. So each
process notes what it is about to import, in a file of its own, and takes the note back afterwards.
What takes too long ends its process, once it has said where it stood. Who has started the process,
and sees it die, judges by the note what it died of. Either way the *content* is remembered, by its
hash: until it changes, it is left out, and the rest runs. Since a service that an import asks may
have been away, it is tried again by and by, by one process at a time.

```
imports/<content>.json   what is left out, why, and until when
imports/<pid>.at         what that process is importing just now
```

Nothing here imports what plugins are made of: workers, which load none, read this too.
"""

import contextlib
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Self

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.processes import EXIT_FAILED, ending, is_dead_here, member_name
from comethooks.workers.settings import paths
from comethooks.workers.settings.settings import NAMES, Settings

KILLS = 3
"""So many times in a row somebody may have killed the process in the middle of an import: a deploy,
or the kernel for want of memory. Then it was the import."""
FIRST_PAUSE_MS = 600_000
"""After so long what was left out is tried again; the pause doubles each time."""
LONGEST_PAUSE_MS = 24 * 3600 * 1000
_ABANDONED_SECONDS = 600.0
_LATE_SECONDS = 2.0
_LOOK_SECONDS = 0.005
_CAME_BACK_STATUS = 123
"""The exit status of a child that has loaded everything: no plugin happens to use this one."""
_CAME_BACK = f"exit status {_CAME_BACK_STATUS}"
_SERVES = "serves"
"""In the note of a process that has other things to do than to load plugins."""
_NOBODYS = ("SIGTERM", "SIGINT", "SIGHUP")
"""How processes are asked to end: no import's doing."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Importing:
    """What is about to be imported: the hash of its content, and its file for people."""

    content: str
    where: str


@dataclass(frozen=True, slots=True)
class ImportVerdict:
    """What is known of a content. Without a reason it is only suspected."""

    where: str
    reason: str | None = None
    until: int = 0
    """When it is tried again (ms)."""
    times: int = 0
    """How often it was left out."""
    kills: int = 0
    """How often its process was killed while it was imported."""


class Trials:
    """What is kept in one folder, for imports that may take `seconds`.

    Where the folder cannot be written to, imports are made all the same.

    A process that serves others as well gives an `end` of its own, which is called when an import
    takes too long. What was left out it tries only when nobody else has for a while, and it is
    judged by `judge_dead`, since nobody waits for it who knows what it was.
    """

    def __init__(
        self, folder: Path, seconds: float, end: Callable[[], object] | None = None
    ) -> None:
        self._folder = folder
        self.seconds = seconds
        self._end_process = end

    @classmethod
    def of(cls, settings: Settings, end: Callable[[], object] | None = None) -> Self:
        """Those that the processes of this host share."""
        return cls(paths.imports_dir(settings.data_dir), settings.import_timeout, end)

    def verdict(self, content: str) -> ImportVerdict | None:
        """What is known of a content; None when nothing is."""
        try:
            return ImportVerdict(**json.loads(self._entry(content).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def reason(self, content: str) -> str | None:
        """Why a content is not to be imported now; None when it may be.

        Whoever is told so has it to try: others are not for a while.
        """
        known = self.verdict(content)
        if known is None or known.reason is None:
            return None
        patience = 0 if self._end_process is None else FIRST_PAUSE_MS
        if known.until + patience > now_ms():
            return known.reason
        pause = round(2000 * self.seconds) + 60_000
        self._write(content, replace(known, until=now_ms() + pause))
        return None

    @contextmanager
    def importing(self, what: Importing) -> Iterator[None]:
        """Import `what` in the block. When that takes too long, this process ends."""
        note = self._note(os.getpid())
        noted = {"member": member_name(os.getpid()), **asdict(what)}
        if self._end_process is not None:
            noted[_SERVES] = True
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            note.write_text(json.dumps(noted))
        thread, is_late = threading.get_ident(), threading.Event()
        timer = threading.Timer(self.seconds, lambda: self._end(what, thread, note, is_late))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # It did not end its process, whatever else came of it.
            for file in () if is_late.is_set() else (note, self._entry(what.content)):
                with contextlib.suppress(OSError):
                    file.unlink()

    def judge(self, pid: int, how: str | None) -> ImportVerdict | None:
        """The child `pid` has ended, `how` in the words of `processes.ending`: what it was
        importing, if it was, is why. Returns what is known of that now.
        """
        note = self._note(pid)
        try:
            noted = json.loads(note.read_bytes())
            what = Importing(noted["content"], noted["where"])
            note.unlink(missing_ok=True)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        if noted.get("member") != member_name(pid) or how is None or how in _NOBODYS:
            return None
        known = self.verdict(what.content) or ImportVerdict(what.where)
        if how == signal.SIGKILL.name and known.kills + 1 < KILLS:
            suspected = replace(known, kills=known.kills + 1)
            self._write(what.content, suspected)
            return suspected
        return self._leave_out(what, f"its import ended the process ({how})")

    def judge_dead(self, how: str = signal.SIGKILL.name) -> Iterator[ImportVerdict]:
        """Judge the processes of this host that served others as well and are dead, in the middle
        of an import. Unless it is known `how` they ended, somebody may have killed them. Gives what
        is known of each content now.
        """
        for note in self._notes():
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                noted = json.loads(note.read_bytes())
                if noted.get(_SERVES) and is_dead_here(noted["member"]):
                    verdict = self.judge(int(note.stem), how)
                    if verdict is not None:
                        yield verdict

    def withdraw(self, pid: int) -> None:
        """The process `pid` ends in good order, whatever it is importing."""
        with contextlib.suppress(OSError):
            self._note(pid).unlink(missing_ok=True)

    def is_late(self, pid: int) -> bool:
        """Whether that process has been at one import for longer than it may, and cannot say so."""
        try:
            with self._note(pid).open("rb") as note:
                began = os.fstat(note.fileno()).st_mtime
                member = json.load(note)["member"]
        except (OSError, ValueError, TypeError, KeyError):
            return False
        # A container that is started again gives out the same numbers, and finds old notes.
        return member == member_name(pid) and time.time() - began > self.seconds + _LATE_SECONDS

    def forget_abandoned(self) -> None:
        """Remove the notes of processes that died together with those who would have judged."""
        for note in self._notes():
            with contextlib.suppress(OSError):
                old = time.time() - note.stat().st_mtime > _ABANDONED_SECONDS
                if old and not self._is_of_one_that_lives(note):
                    note.unlink(missing_ok=True)

    def _is_of_one_that_lives(self, note: Path) -> bool:
        """Whether a process of this container wrote it that lives. Nothing is known of those of
        other containers, but that no import takes so long.
        """
        with contextlib.suppress(ValueError, TypeError, KeyError):
            member = json.loads(note.read_bytes())["member"]
            return bool(member == member_name(int(note.stem))) and not is_dead_here(member)
        return False

    def _notes(self) -> list[Path]:
        with contextlib.suppress(OSError):
            return list(self._folder.glob("*.at"))
        return []

    def _end(self, what: Importing, thread: int, note: Path, is_late: threading.Event) -> None:
        """In the thread of a timer: the import takes too long."""
        is_late.set()
        frame = sys._current_frames().get(thread)
        line = _line_of(frame, what.where) or what.where
        setting = NAMES["import_timeout"]
        reason = f"its import takes longer than {self.seconds:g} s ({setting}), at {line}"
        self._leave_out(what, reason)
        with contextlib.suppress(OSError):
            note.unlink()  # it is judged
        log.error("an import takes too long; this process ends", where=line, seconds=self.seconds)
        if self._end_process is None:
            os._exit(EXIT_FAILED)
        self._end_process()

    def _leave_out(self, what: Importing, reason: str) -> ImportVerdict:
        known = self.verdict(what.content) or ImportVerdict(what.where)
        pause = min(FIRST_PAUSE_MS << min(known.times, 20), LONGEST_PAUSE_MS)
        verdict = ImportVerdict(what.where, reason, now_ms() + pause, known.times + 1)
        self._write(what.content, verdict)
        return verdict

    def _write(self, content: str, verdict: ImportVerdict) -> None:
        draft = self._folder / f".{secrets.token_hex(8)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_text(json.dumps(asdict(verdict)))
            draft.replace(self._entry(content))
        except OSError as error:
            log.warning("what an import did cannot be kept", reason=error.strerror or str(error))

    def _entry(self, content: str) -> Path:
        return self._folder / f"{content}.json"

    def _note(self, pid: int) -> Path:
        return self._folder / f"{pid}.at"


def _line_of(frame: FrameType | None, where: str) -> str | None:
    """The innermost line of the file or folder `where` that a thread is at, as `file:line`."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(where):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def try_in_child(load: Callable[[], object], trials: Trials, *, most: int) -> None:
    """Have children of this process `load`, one after the other, until one survives it.

    It is to go by `trials`, which leave out what earlier children died of. There are so many things
    to load as `most`.
    """
    for _ in range(KILLS * most + 1):
        pid = os.fork()
        if not pid:
            _load_and_end(load)
        how = _ending_of(pid, trials)
        if how == _CAME_BACK:
            return
        trials.judge(pid, how)


def _load_and_end(load: Callable[[], object]) -> None:
    """In a child, which must not go on as its parent, and says nothing: the parent does."""
    try:
        nobody = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nobody, number)
        load()
    finally:
        os._exit(_CAME_BACK_STATUS)


def _ending_of(pid: int, trials: Trials) -> str:
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return ending(status)
        if trials.is_late(pid):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return f"no end within {trials.seconds:g} s"
        time.sleep(_LOOK_SECONDS)
