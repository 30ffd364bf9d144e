"""Having plugins forget a user, each by a function of its own, in a process of its own."""

import dis
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType

from comethooks.workers.logs import one_line
from comethooks.workers.plugins.forgetters.forgetter import Forgetter
from comethooks.workers.plugins.loaded import LoadedPlugin, Plugins
from comethooks.workers.processes import ending
from comethooks.workers.shipped import ships

_KEEPERS = frozenset(
    ("sqlite3", "sqlalchemy", "psycopg", "psycopg2", "asyncpg", "redis", "pymongo", "shelve", "dbm")
)
"""Modules that a plugin imports which has a table, or the like."""
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Forgot:
    """What became of one function: `error` is one line, None when it went well."""

    id: str
    where: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class KeepingPlugin:
    """A plugin that seems to keep something of users, and has no function that forgets them."""

    plugin: str
    why: str


def forget_in_plugins(
    plugins: Plugins, app_id: str, uid: str, *, seconds: float
) -> Iterator[Forgot]:
    """Have each function forget a user, whatever the others do; each may take so many seconds."""
    for plugin in plugins.loaded:
        for forgetter in plugin.forgetters:
            error = _call(forgetter, app_id, uid, seconds)
            yield Forgot(forgetter.id, forgetter.where, error)


@dataclass(frozen=True, slots=True)
class UnaskedPlugin:
    """A plugin that may have such a function, and is not loaded: why, in one line, and whether that
    is a failure.
    """

    plugin: str
    why: str
    is_broken: bool


def unasked(plugins: Plugins) -> list[UnaskedPlugin]:
    """Plugins that could not be asked to forget a user."""
    broken = [
        UnaskedPlugin(each.name, f"it cannot be loaded ({each.error})", is_broken=True)
        for each in plugins.broken
        if not each.name_is_taken
    ]
    disabled = [
        UnaskedPlugin(each.name, "a setting disables it", is_broken=False)
        for each in plugins.disabled
        if not ships(each.name)
    ]
    return broken + disabled


def keepers(plugins: Plugins, with_once_keys: Collection[str]) -> list[KeepingPlugin]:
    """Plugins that keep something, as far as that can be seen, and have no such function. Those
    that ship with us keep everything in the journal.
    """
    found = []
    for plugin in plugins.loaded:
        if plugin.forgetters or ships(plugin.name):
            continue
        if why := _why(plugin, with_once_keys):
            found.append(KeepingPlugin(plugin.name, why))
    return found


def _why(plugin: LoadedPlugin, with_once_keys: Collection[str]) -> str | None:
    functions = [each.function for each in plugin.handlers]
    functions += [each.decider.function for each in plugin.deciders]
    modules = {name for each in functions for name in _modules(each)}
    if keeping := sorted(modules & _KEEPERS):
        return f"it uses {', '.join(keeping)}"
    if plugin.name in with_once_keys or any(_uses_once(each) for each in functions):
        return "it uses ctx.once"
    return None


def _modules(function: Callable[..., object]) -> Iterator[str]:
    """The modules that are known where a function is written, and that it imports itself."""
    for value in getattr(function, "__globals__", {}).values():
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")
        yield (name or "").partition(".")[0]
    code = getattr(function, "__code__", None)
    if code is not None:
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME":
                yield str(step.argval).partition(".")[0]


def _uses_once(function: Callable[..., object]) -> bool:
    code = getattr(function, "__code__", None)
    return isinstance(code, CodeType) and "once" in code.co_names


def _call(forgetter: Forgetter, app_id: str, uid: str, seconds: float) -> str | None:
    """Call a function in a child, which may do what it likes; what went wrong, in one line."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _call_and_end(forgetter, app_id, uid, writing)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], seconds)
    said = os.read(reading, _MOST).decode("utf-8", "replace") if ready else ""
    os.close(reading)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not ready:
        return f"it takes longer than {seconds:g} s"
    if said:
        return said
    return None if status == 0 else f"its process ended: {ending(status)}"


def _call_and_end(forgetter: Forgetter, app_id: str, uid: str, writing: int) -> None:
    """In the child, which must not go on as its parent."""
    status = 1
    try:
        os.dup2(2, 1)  # standard output is for data of ours
        try:
            forgetter.function(app_id, uid)
            status = 0
        except BaseException as error:
            # Where, and never what the uid is: it may be in the error.
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            said = one_line(error).replace(uid, "<the uid>")
            os.write(writing, f"{said} (line {line})".encode()[:_MOST])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
