"""Where a run failed: `file:line` of the plugin, whatever the plugin was in, kept with the run."""

import threading
from collections.abc import Callable
from typing import Any

from comethooks.workers.drain.marks import mark_of, marks_in
from comethooks.workers.handlers.run import HandlerTimeoutError, execute
from comethooks.workers.handlers.runners import Runners
from comethooks.workers.journal import RunResult, Settled
from comethooks.workers.record import event_of
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.engine import handler, record, services


def defined(path: str, code: str, **names: Any) -> dict[str, Any]:
    """What `code` defines, as if it stood in the file `path`."""
    namespace: dict[str, Any] = names
    exec(compile(code, path, "exec"), namespace)
    return namespace


def failed(function: Callable[..., Any]) -> RunResult:
    """The result of a run of the handler `welcome.greet`, which calls this."""
    return execute(handler(function, "welcome.greet"), event_of(record()), services())


def test_it_is_the_line_of_the_plugin_and_not_of_the_library_that_it_called() -> None:
    """The author cannot mend the library."""
    library = defined("/venv/lib/site-packages/lib.py", "def parse(text):\n    return int(text)\n")
    code = "def greet(event, ctx):\n\n    parse('x')\n"
    plugin = defined("/plugins/welcome.py", code, parse=library["parse"])
    assert failed(plugin["greet"]).failed_in == "/plugins/welcome.py:3"


def test_it_is_the_innermost_of_several_files_of_the_plugin() -> None:
    """What is in the handler's folder is the author's, too."""
    inner = defined("/plugins/_help.py", "def help():\n    1 / 0\n")
    code = "def greet(event, ctx):\n    help()\n"
    plugin = defined("/plugins/welcome.py", code, help=inner["help"])
    assert failed(plugin["greet"]).failed_in == "/plugins/_help.py:2"


def test_a_single_installed_module_has_no_neighbours() -> None:
    """What is beside it in site-packages are libraries; what is in its package is its own."""
    code = "def greet(event, ctx):\n    help()\n"
    library = defined("/lib/site-packages/other.py", "def help():\n    1 / 0\n")
    alone = defined("/lib/site-packages/welcome.py", code, help=library["help"])
    assert failed(alone["greet"]).failed_in == "/lib/site-packages/welcome.py:2"
    part = defined("/lib/site-packages/welcome/deep/part.py", "def help():\n\n    1 / 0\n")
    package = defined("/lib/site-packages/welcome/__init__.py", code, help=part["help"])
    assert failed(package["greet"]).failed_in == "/lib/site-packages/welcome/deep/part.py:3"


def test_libraries_of_an_environment_below_the_plugins_folder_are_not_its_own() -> None:
    """Many keep it beside their code."""
    library = defined("/app/.venv/lib/site-packages/lib.py", "def help():\n    1 / 0\n")
    code = "def greet(event, ctx):\n    help()\n"
    plugin = defined("/app/welcome.py", code, help=library["help"])
    assert failed(plugin["greet"]).failed_in == "/app/welcome.py:2"


def test_a_decorator_of_a_library_stands_above_the_plugin() -> None:
    """The handler is known by its name."""
    wrap = "def wrap(f):\n    return lambda event, ctx: f(event, ctx)\n"
    library = defined("/lib/site-packages/deco.py", wrap)
    code = "@wrap\ndef greet(event, ctx):\n    1 / 0\n"
    plugin = defined("/p/welcome.py", code, wrap=library["wrap"])
    assert failed(plugin["greet"]).failed_in == "/p/welcome.py:3"


def test_of_chained_exceptions_the_one_that_ended_the_run_counts() -> None:
    """And of a group the last one in it."""
    code = (
        "def greet(event, ctx):\n    try:\n        1 / 0\n    except Exception as error:\n"
        "        raise ValueError from error\n"
    )
    assert failed(defined("/p/welcome.py", code)["greet"]).failed_in == "/p/welcome.py:5"
    code = (
        "def greet(event, ctx):\n    try:\n        1 / 0\n    except Exception as error:\n"
        "        raise ExceptionGroup('two', [ValueError(), error])\n"
    )
    assert failed(defined("/p/welcome.py", code)["greet"]).failed_in == "/p/welcome.py:3"


def test_a_recursion_is_as_deep_as_it_is() -> None:
    """A traceback's text leaves lines out; the place does not depend on it."""
    code = "def greet(event, ctx, n=400):\n    if n:\n        greet(event, ctx, n - 1)\n    1 / 0\n"
    assert failed(defined("/p/welcome.py", code)["greet"]).failed_in == "/p/welcome.py:4"


def test_a_handler_that_cannot_be_called_has_no_line() -> None:
    """Nothing of the plugin was executed."""
    result = failed(lambda: None)
    assert (result.failed_in, (result.error or "").split(":")[0]) == (None, "TypeError")


def test_a_handler_that_hangs_in_c_is_found_where_its_thread_is() -> None:
    """No exception reaches it, so no traceback tells."""
    lock = threading.Lock()
    lock.acquire()
    code = "def greet(event, ctx):\n    lock.acquire(timeout=20)\n"
    plugin = defined("/p/welcome.py", code, lock=lock)
    results: list[RunResult] = []
    runners = Runners(1, services(), on_failure=lambda error: None)
    runners.start()
    hangs = handler(plugin["greet"], "welcome.greet", timeout=0.05)
    runners.submit(
        lambda runner: runner.execute(
            hangs, event_of(record()), lambda result, *, given_up=False: results.append(result)
        )
    )

    def given_up() -> bool:
        runners.enforce_limits()
        return bool(results)

    wait_for(given_up, "the run is given up")
    lock.release()
    runners.stop()
    assert (results[0].error or "").startswith(HandlerTimeoutError.__name__)
    assert results[0].failed_in == "/p/welcome.py:2"


def test_it_reaches_the_journal_through_redis(desk: Desk) -> None:
    """Of a first attempt the mark is what a successor journals from."""
    code = "def greet(event, ctx):\n    1 / 0\n"
    result = failed(defined("/p/odd\udc80.py", code)["greet"])
    (marked,) = marks_in({b"5-0/welcome.greet": mark_of(result)})["5-0"].results
    assert marked == result
    desk.journal.write([Settled(record=record(), runs=(marked,), partition=0)])
    (kept,) = desk.journal.failed_runs()
    assert kept.failed_in == "/p/odd\ufffd.py:2"
