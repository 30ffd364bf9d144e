"""Plugins that are broken are put in quarantine, and those that are strange are warned of."""

import signal
import sys
from textwrap import dedent

import pytest
from rq.timeouts import JobTimeoutException

from comethooks.workers.plugins.loaded import BrokenPlugin
from tests.workers.plugins.folder import GREETING, Load, Write, only


class TestQuarantine:
    """The broken one is named with file and line, and the rest runs."""

    @pytest.fixture(autouse=True)
    def _another(self, write: Write) -> None:
        write("zz_fine.py", GREETING.format(name="fine"))

    def broken(self, load: Load, **environ: str) -> BrokenPlugin:
        plugins = load(**environ)
        assert [handler.id for handler in plugins.handlers] == ["fine.greet"]
        return only(plugins.broken)

    @pytest.mark.parametrize(
        ("text", "line", "error"),
        [
            (
                "import os\nimport no_such_module\n",
                2,
                "ModuleNotFoundError: No module named 'no_such_module'",
            ),
            ("x = 1\n\n1 / 0\n", 3, "ZeroDivisionError: division by zero"),
            ("x = 1\ndef f(:\n", 2, "SyntaxError: invalid syntax"),
            ("if 1:\nx\n", 2, "IndentationError: expected an indented block"),
            ("import sys\nsys.exit('bye')\n", 2, "SystemExit: bye"),
            ("def f():\n    raise ValueError('a\\nb')\n\nf()\n", 2, "ValueError: a b"),
            ("import json\njson.loads('[')\n", 2, "JSONDecodeError: "),
            (
                "from comethooks import Plugin\np = Plugin('No')\n",
                2,
                "begins with a lower-case letter",
            ),
            (
                "from comethooks import Plugin\np = Plugin('bad')\n@p.on()\ndef f(event, ctx): 1\n",
                3,
                "handler bad.f (",
            ),
            (
                "from comethooks import Plugin\np = Plugin('bad')\n@p.on\ndef f(event, ctx): ...\n",
                3,
                'write @plugin.on("message_sent")',
            ),
            ("x = 1\n", 1, 'no plugin at its top level; write plugin = Plugin("name")'),
        ],
    )
    def test_a_file_that_cannot_be_loaded(
        self, text: str, line: int, error: str, write: Write, load: Load
    ) -> None:
        file = write("bad.py", text)
        broken = self.broken(load)
        assert (broken.name, broken.origin) == ("bad", "folder")
        assert broken.where == f"{file}:{line}"
        assert error in broken.error

    def test_a_file_that_is_no_text(self, write: Write, load: Load) -> None:
        file = write("bad.py", "")
        file.write_bytes(b"x = 1\n\x00\n")
        assert self.broken(load).where.startswith(f"{file}:")

    def test_a_package_that_breaks_inside(self, write: Write, load: Load) -> None:
        write("bad/__init__.py", "from .inner import plugin")
        inner = write("bad/inner.py", "x = 1\n\n1 / 0")
        assert self.broken(load).where == f"{inner}:3"
        assert not [name for name in sys.modules if "plugin_bad_" in name]

    def test_a_missing_setting(self, write: Write, load: Load) -> None:
        file = write(
            "bad.py",
            """
            from marshmallow import fields
            from comethooks import Plugin

            plugin = Plugin("bad", config={"channel": fields.Url(required=True)})
            """,
        )
        broken = self.broken(load)
        assert (broken.name, broken.where) == ("bad", f"{file}:4")
        assert "COMETHOOKS_BAD_CHANNEL is not set" in broken.error

    def test_a_wrong_setting_is_not_quoted(self, write: Write, load: Load) -> None:
        write(
            "bad.py",
            """
            from marshmallow import fields
            from comethooks import Plugin

            plugin = Plugin("bad", config={"channel": fields.Url(required=True)})
            """,
        )
        broken = self.broken(load, COMETHOOKS_BAD_CHANNEL="hush")
        assert "COMETHOOKS_BAD_CHANNEL: Not a valid URL." in broken.error
        assert "hush" not in broken.error

    def test_a_secret_that_an_error_quotes_is_masked(self, write: Write, load: Load) -> None:
        """It goes to logs, to Redis and into listings."""
        write("bad.py", """raise RuntimeError("no connection: password='hush' refused")""")
        assert self.broken(load).error == "RuntimeError: no connection: password=*** refused"

    def test_a_handler_that_cannot_be_one_is_told_under_the_name_of_its_plugin(
        self, write: Write, load: Load
    ) -> None:
        """Its file may be called anything; by either name the plugin can be disabled."""
        write(
            "hello.py",
            """
            from comethooks import Plugin, ReceiptEvent

            plugin = Plugin("welcome")

            @plugin.on("message.sent")
            def greet(event: ReceiptEvent, ctx):
                pass
            """,
        )
        assert self.broken(load).name == "welcome"
        for name in ("welcome", "hello"):
            plugins = load(COMETHOOKS_DISABLED_PLUGINS=f"{name},notes")
            assert plugins.broken == ()
            assert name in {disabled.name for disabled in plugins.disabled}

    def test_the_second_of_a_name(self, write: Write, load: Load) -> None:
        """Its handlers would have the ids of the first one's; both places are named."""
        first = write("a.py", GREETING.format(name="fine"))
        plugins = load()
        broken = only(plugins.broken)
        second = first.parent / "zz_fine.py"
        assert (broken.name, broken.where) == ("fine", f"{second}:3")
        assert broken.error == (
            f"{first}:3 has a plugin of the same name; rename it, or remove one of the two"
        )
        assert [plugin.file for plugin in plugins.loaded] == [str(first)]

    def test_ending_the_process_still_works(self, write: Write, load: Load) -> None:
        write("bad.py", "raise KeyboardInterrupt")
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                load()
        finally:
            signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize(
        "text",
        [
            "raise JobTimeoutException('late')",
            """
            def check(value): raise JobTimeoutException('late')
            plugin = Plugin("bad", config={"size": fields.Integer(load_default=1, validate=check)})
            """,
        ],
        ids=["while it is imported", "while its config is read"],
    )
    def test_the_time_out_of_the_job_is_not_the_plugins(
        self, text: str, write: Write, load: Load
    ) -> None:
        """RQ raises it wherever the main thread happens to be; a plugin that is fine shall not be
        left out.
        """
        imports = "from comethooks import Plugin\nfrom marshmallow import fields\n"
        write("bad.py", f"{imports}from rq.timeouts import JobTimeoutException\n{dedent(text)}")
        with pytest.raises(JobTimeoutException):
            load(COMETHOOKS_BAD_SIZE="3")


class TestWarnings:
    def warnings(self, pattern: str, write: Write, load: Load) -> tuple[str, ...]:
        write("hello.py", GREETING.format(name="welcome").replace("message.sent", pattern))
        [plugin] = load().loaded
        return plugin.warnings

    @pytest.mark.parametrize(
        "pattern", ["message_sent", "message.sent", "after_message", "message_*", "*"]
    )
    def test_known_names_and_wildcards_have_none(
        self, pattern: str, write: Write, load: Load
    ) -> None:
        assert self.warnings(pattern, write, load) == ()

    def test_a_wildcard_that_fits_nothing_has_one(self, write: Write, load: Load) -> None:
        [warning] = self.warnings("nothing_*", write, load)
        assert '"nothing_*" is no trigger known to this version' in warning

    @pytest.mark.parametrize(
        ("pattern", "meant"), [("message_snet", "message_sent"), ("mesage.sent", "message.sent")]
    )
    def test_a_slip_has_a_suggestion(
        self, pattern: str, meant: str, write: Write, load: Load
    ) -> None:
        """The plugin runs all the same."""
        [warning] = self.warnings(pattern, write, load)
        assert warning.startswith("welcome.greet (")
        assert (
            f'"{pattern}" is no trigger known to this version; did you mean "{meant}"?' in warning
        )

    def test_a_trigger_of_the_future_has_one_without_a_suggestion(
        self, write: Write, load: Load
    ) -> None:
        [warning] = self.warnings("zebra_crossed", write, load)
        assert warning.endswith("is no trigger known to this version")

    @pytest.mark.parametrize("pattern", ["welcome.told", "shop.sold"])
    def test_events_of_plugins_that_are_loaded_have_none(
        self, pattern: str, write: Write, load: Load
    ) -> None:
        """Its own, and those of another one, whichever is loaded first."""
        write("zebra.py", GREETING.format(name="shop"))
        write("hello.py", GREETING.format(name="welcome").replace("message.sent", pattern))
        assert [plugin.warnings for plugin in load().loaded] == [(), ()]

    def test_events_of_a_plugin_that_is_not_loaded_have_one(self, write: Write, load: Load) -> None:
        """Nobody makes them."""
        write("zebra.py", GREETING.format(name="shop") + "1 / 0")
        [warning] = self.warnings("shop.sold", write, load)
        assert '"shop.sold" is no trigger known to this version' in warning
