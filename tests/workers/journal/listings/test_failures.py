"""What failures have in common: the handler, the exception's type, and the plugin's innermost
line.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comethooks.workers.journal import Attempt, Filter, Journal, grouped
from comethooks.workers.journal.listings.failures import Cause, cause_of, place_in
from comethooks.workers.journal.listings.stored import StoredRun
from comethooks.workers.logs import MAX_TRACEBACK, traceback_text
from comethooks.workers.states import RunState
from tests.workers.journal.samples import event, run, settled


def failed(error: str | None, traceback: str | None = None) -> StoredRun:
    return StoredRun(
        event_id="event-1",
        handler="welcome.greet",
        replay=None,
        state=RunState.DEAD,
        attempts=1,
        started_at=1,
        finished_at=2,
        next_at=None,
        version=None,
        error=error,
        traceback=traceback,
    )


def attempts(*errors: str) -> tuple[Attempt, ...]:
    """One after the other, a second apart, from 10 s on."""
    return tuple(
        Attempt(number, 10_000 * number - 1, 10_000 * number, error)
        for number, error in enumerate(errors, 1)
    )


def defined(path: str, code: str, **names: Any) -> dict[str, Any]:
    """What `code` defines, as if it stood in the file `path`."""
    namespace: dict[str, Any] = names
    exec(compile(code, path, "exec"), namespace)
    return namespace


def traceback_of(call: Callable[..., Any], *arguments: Any) -> str:
    try:
        call(*arguments)
    except Exception as error:
        return traceback_text(error)
    raise AssertionError("it should have failed")


class TestPlace:
    """`file:line` of the plugin, whatever the plugin was in."""

    def test_is_the_line_of_the_plugin_and_not_of_the_library_that_it_called(self) -> None:
        library = defined(
            "/venv/lib/site-packages/lib.py", "def parse(text):\n    return int(text)\n"
        )
        plugin = defined(
            "/plugins/welcome.py", "def greet():\n\n    parse('x')\n", parse=library["parse"]
        )
        assert place_in(traceback_of(plugin["greet"]), "welcome.greet") == "/plugins/welcome.py:3"

    def test_is_the_innermost_of_several_files_of_the_plugin(self) -> None:
        inner = defined("/plugins/_help.py", "def help():\n    1 / 0\n")
        plugin = defined("/plugins/welcome.py", "def greet():\n    help()\n", help=inner["help"])
        assert place_in(traceback_of(plugin["greet"]), "welcome.greet") == "/plugins/_help.py:2"

    def test_a_single_installed_module_has_no_neighbours(self) -> None:
        """What is beside it in site-packages are libraries; what is in its package is its own."""
        library = defined("/lib/site-packages/other.py", "def help():\n    1 / 0\n")
        alone = defined(
            "/lib/site-packages/welcome.py", "def greet():\n    help()\n", help=library["help"]
        )
        assert (
            place_in(traceback_of(alone["greet"]), "welcome.greet")
            == "/lib/site-packages/welcome.py:2"
        )
        part = defined("/lib/site-packages/welcome/deep/part.py", "def help():\n\n    1 / 0\n")
        code = "def greet():\n    help()\n"
        package = defined("/lib/site-packages/welcome/__init__.py", code, help=part["help"])
        expected = "/lib/site-packages/welcome/deep/part.py:3"
        assert place_in(traceback_of(package["greet"]), "welcome.greet") == expected

    def test_libraries_of_an_environment_below_the_plugins_folder_are_not_its_own(self) -> None:
        library = defined("/app/.venv/lib/site-packages/lib.py", "def help():\n    1 / 0\n")
        plugin = defined("/app/welcome.py", "def greet():\n    help()\n", help=library["help"])
        assert place_in(traceback_of(plugin["greet"]), "welcome.greet") == "/app/welcome.py:2"

    def test_a_decorator_of_a_library_stands_above_the_plugin(self) -> None:
        library = defined("/lib/site-packages/deco.py", "def wrap(f):\n    return lambda: f()\n")
        plugin = defined("/p/welcome.py", "@wrap\ndef greet():\n    1 / 0\n", wrap=library["wrap"])
        assert place_in(traceback_of(plugin["greet"]), "welcome.greet") == "/p/welcome.py:3"

    def test_of_chained_exceptions_the_one_that_ended_the_run_counts(self) -> None:
        code = (
            "def greet():\n    try:\n        1 / 0\n    except Exception as error:\n"
            "        raise ValueError from error\n"
        )
        plugin = defined("/p/welcome.py", code)
        assert place_in(traceback_of(plugin["greet"]), "welcome.greet") == "/p/welcome.py:5"

    def test_a_traceback_that_was_cut_still_tells(self) -> None:
        """Its beginning, with the handler itself, is what is missing."""
        code = (
            "def greet(n):\n    if n:\n        other(n - 1)\n    1 / 0\ndef other(n):\n   "
            " greet(n)\n"
        )
        text = traceback_of(defined("/p/welcome.py", code)["greet"], 400)
        assert len(text) == MAX_TRACEBACK or "repeated" in text
        assert place_in("…" + text[-300:], "welcome.greet") == "/p/welcome.py:4"

    @pytest.mark.parametrize(
        "text", ["", "killed", 'File "x", line 3', "Traceback (most recent call last):"]
    )
    def test_without_frames_there_is_none(self, text: str) -> None:
        assert place_in(text, "welcome.greet") is None


class TestCause:
    @pytest.mark.parametrize(
        "error, kind",
        [
            ("ValueError: no user 7", "ValueError"),
            ("ValueError", "ValueError"),
            ("greet.<locals>.OddError: x: y", "greet.<locals>.OddError"),
            ("killed its worker twice (SIGKILL)", "killed its worker twice (SIGKILL)"),
        ],
    )
    def test_the_type_is_what_an_error_begins_with(self, error: str, kind: str) -> None:
        assert cause_of(failed(error)) == Cause("welcome.greet", kind, None)

    def test_runs_without_an_error_are_no_failures(self) -> None:
        assert grouped([failed(None)]) == []

    def test_it_was_first_seen_when_the_first_attempt_failed_of_it(self) -> None:
        """Attempts that failed of something else do not count, and the last one has no time when
        its process died.
        """
        made = attempts("KeyError: 1", "ValueError: 2", "ValueError: 3", "OSError", "ValueError: 5")
        run = replace(failed("ValueError: 5"), attempts=5, finished_at=60_000, attempts_made=made)
        other = replace(failed("ValueError: 1"), event_id="event-2", finished_at=40_000)
        for runs in ((run, other), (other, run)):
            (group,) = grouped(runs)
            assert (group.first_at, group.last_at, group.example_id) == (20_000, 50_000, "event-1")
        (group,) = grouped([replace(failed("OSError"), finished_at=None, attempts_made=made)])
        assert (group.first_at, group.last_at) == (40_000, 40_000)


class TestReading:
    """On both databases."""

    def test_only_what_failed_and_is_not_done_since_is_read(self, journal: Journal) -> None:
        ends = [
            run(RunState.DEAD, "a.dead", error="E: x", traceback="text"),
            run(RunState.RETRYING, "a.retrying", error="E: x", next_at=1),
            run(RunState.DISMISSED, "a.dismissed", error="E: x"),
            run(RunState.DONE, "a.done", error="E: of an attempt before"),
            run(RunState.SKIPPED, "a.skipped"),
        ]
        journal.write([settled(event(1), *ends), settled(event(2), run())])
        found = {each.handler: each.traceback for each in journal.failed_runs()}
        assert found == {"a.dead": "text", "a.retrying": None, "a.dismissed": None}
        dead = journal.failed_runs(Filter(state=RunState.DEAD))
        assert [each.handler for each in dead] == ["a.dead"]

    def test_pages_follow_each_other_without_a_gap(self, journal: Journal) -> None:
        """The newest event first."""
        records = [event(number) for number in range(450)]
        journal.write([settled(record, run(RunState.DEAD, error="E")) for record in records])
        found = [each.event_id for each in journal.failed_runs()]
        assert found == [record.id for record in reversed(records)]
        assert grouped(journal.failed_runs())[0].count == 450


def test_memory_does_not_grow_with_what_failed(tmp_path: Path) -> None:
    """2,000 runs with 8 kB each take a few portions of them."""
    from comethooks.workers.journal.tables import migrate

    url = f"sqlite:///{tmp_path}/journal.db"
    migrate.upgrade(url)
    journal = Journal.open(url)
    text = "x" * MAX_TRACEBACK
    for start in range(0, 2000, 200):
        numbers = range(start, start + 200)
        journal.write(
            [
                settled(event(number), run(RunState.DEAD, error="E", traceback=text))
                for number in numbers
            ]
        )
    tracemalloc.start()
    [group] = grouped(journal.failed_runs())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    journal.close()
    assert group.count == 2000
    assert peak < 8_000_000
