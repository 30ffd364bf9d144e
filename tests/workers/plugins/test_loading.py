"""Finding and loading plugins, and putting the broken ones in quarantine."""

import hashlib
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import structlog
from rq.timeouts import JobTimeoutException

from comethooks.workers.handlers.context import Context
from comethooks.workers.plugins.loaded import BrokenPlugin, Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.record import event_of
from comethooks.workers.settings.settings import Settings
from tests.workers.engine import record

Write = Callable[[str, str], Path]

GREETING = """
from comethooks import Plugin

plugin = Plugin("{name}")

@plugin.on("message.sent")
def greet(event, ctx):
    ctx.config
"""
DECIDING = """
from marshmallow import fields
from comethooks import Plugin

plugin = Plugin("gate", config={"word": fields.String()})

@plugin.decide("before_message")
def judge(event, ctx):
    pass
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a file into the folder of plugins."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / "plugins" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"))
        return file

    return write


@pytest.fixture(autouse=True)
def _same_modules_and_path_afterwards() -> Iterator[None]:
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Plugins]:
    """Loads what is in the folder, and what the environment names."""

    def load(**environ: str) -> Plugins:
        return load_plugins(Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path), **environ}))

    return load


Load = Callable[..., Plugins]


def only(broken: tuple[BrokenPlugin, ...]) -> BrokenPlugin:
    [plugin] = broken
    assert "\n" not in plugin.error
    return plugin


class TestFolder:
    def test_no_folder_is_no_plugin(self, load: Load) -> None:
        assert load() == Plugins()

    def test_a_file_is_a_plugin(self, write: Write, load: Load) -> None:
        file = write("hello.py", GREETING.format(name="welcome"))
        plugins = load()
        [plugin] = plugins.loaded
        assert (plugin.name, plugin.origin, plugin.file) == ("welcome", "folder", str(file))
        assert [handler.id for handler in plugin.handlers] == ["welcome.greet"]
        assert plugin.handlers[0].handler.where == f"{file}:5"
        assert (plugin.warnings, plugins.broken, plugins.disabled) == ((), (), ())

    def test_its_deciders_have_its_settings_and_its_version(self, write: Write, load: Load) -> None:
        """As its handlers have."""
        write("gate.py", DECIDING)
        [loaded] = load(COMETHOOKS_GATE_WORD="spam").loaded
        [bound] = loaded.deciders
        assert (bound.id, bound.config.word) == ("gate.judge", "spam")
        assert bound.version == loaded.version
        assert load(COMETHOOKS_GATE_WORD="spam").deciders[0].id == "gate.judge"

    def test_a_decider_that_cannot_be_one_puts_its_plugin_into_quarantine(
        self, write: Write, load: Load
    ) -> None:
        """With the line where it is registered."""
        file = write("gate.py", DECIDING.replace("before_message", "message_sent"))
        broken = only(load(COMETHOOKS_GATE_WORD="spam").broken)
        assert (broken.name, broken.where) == ("gate", f"{file}:6")
        assert "nobody waits for a decision on 'message_sent'" in broken.error

    def test_a_package_is_a_plugin_and_may_import_its_modules(
        self, write: Write, load: Load
    ) -> None:
        write("hello/__init__.py", "from .inner import plugin")
        file = write("hello/inner.py", GREETING.format(name="welcome"))
        [plugin] = load().loaded
        assert plugin.file == str(file)

    def test_a_file_may_hold_several(self, write: Write, load: Load) -> None:
        write("many.py", 'from comethooks import Plugin\nb = Plugin("b")\na = also = Plugin("a")\n')
        assert [plugin.name for plugin in load().loaded] == ["a", "b"]

    def test_what_is_no_plugin_file_is_left_alone(self, write: Write, load: Load) -> None:
        for name in (
            "_helper.py",
            ".hidden.py",
            "notes.txt",
            "no_package/x.py",
            "__pycache__/x.py",
        ):
            write(name, "raise RuntimeError")
        assert load() == Plugins()

    def test_files_of_the_same_name_in_two_folders_do_not_meet(
        self, tmp_path: Path, load: Load
    ) -> None:
        """Modules are kept under names of their own, also one that a library has."""
        names = []
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "json.py").write_text(GREETING.format(name=name))
            [plugin] = load(COMETHOOKS_PLUGIN_DIR=str(folder)).loaded
            names.append(plugin.name)
        assert names == ["one", "two"]
        assert sys.modules["json"].__name__ == "json"
        assert hasattr(sys.modules["json"], "loads")

    def test_loading_again_sees_what_was_changed(self, write: Write, load: Load) -> None:
        write("hello/__init__.py", "from .inner import plugin")
        write("hello/inner.py", GREETING.format(name="before"))
        load()
        write("hello/inner.py", GREETING.format(name="afterwards"))
        assert [plugin.name for plugin in load().loaded] == ["afterwards"]

    def test_a_folder_that_is_named_and_missing_is_told(self, tmp_path: Path, load: Load) -> None:
        broken = only(load(COMETHOOKS_PLUGIN_DIR=str(tmp_path / "none")).broken)
        assert broken.where == "COMETHOOKS_PLUGIN_DIR"
        assert (
            broken.error
            == f"the folder {tmp_path / 'none'} cannot be read: No such file or directory"
        )


class TestSetting:
    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_it_names_module_and_attribute(self, tmp_path: Path, load: Load) -> None:
        (tmp_path / "my_handlers.py").write_text(GREETING.format(name="welcome"))
        [plugin] = load(COMETHOOKS_PLUGINS="my_handlers:plugin").loaded
        assert (plugin.name, plugin.origin) == ("welcome", "COMETHOOKS_PLUGINS")

    def test_the_working_directory_comes_last(self, tmp_path: Path, load: Load) -> None:
        """A file there cannot stand in for an installed module."""
        (tmp_path / "schemas.py").write_text("raise RuntimeError")
        load(COMETHOOKS_PLUGINS="nowhere:plugin")
        assert sys.path[-1] == str(tmp_path)

    def test_the_same_object_twice_counts_once(
        self, tmp_path: Path, write: Write, load: Load
    ) -> None:
        (tmp_path / "my_handlers.py").write_text(
            GREETING.format(name="welcome") + "other = plugin\n"
        )
        write("again.py", "from my_handlers import plugin")
        plugins = load(COMETHOOKS_PLUGINS="my_handlers:plugin,my_handlers:other")
        assert [plugin.origin for plugin in plugins.loaded] == ["COMETHOOKS_PLUGINS"]
        assert plugins.broken == ()

    @pytest.mark.parametrize(
        ("value", "error"),
        [
            ("my_handlers", "write package.module:attribute"),
            ("my-handlers:plugin", "write package.module:attribute"),
            ("nowhere:plugin", "ModuleNotFoundError: No module named 'nowhere'"),
            ("my_handlers:plugn", "AttributeError: module 'my_handlers' has no attribute 'plugn'"),
            ("my_handlers:greet", "my_handlers:greet is a function, not a Plugin"),
            ("my_handlers:Plugin", "my_handlers:Plugin is a type, not a Plugin"),
        ],
    )
    def test_what_names_no_plugin_is_told(
        self, value: str, error: str, tmp_path: Path, load: Load
    ) -> None:
        (tmp_path / "my_handlers.py").write_text(GREETING.format(name="welcome"))
        broken = only(load(COMETHOOKS_PLUGINS=value).broken)
        assert (broken.name, broken.where) == (value, "COMETHOOKS_PLUGINS")
        assert error in broken.error

    def test_the_line_in_the_plugins_package_is_named(self, tmp_path: Path, load: Load) -> None:
        package = tmp_path / "my_package"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "handlers.py").write_text("import json\n\njson.loads('{')\n")
        broken = only(load(COMETHOOKS_PLUGINS="my_package.handlers:plugin").broken)
        assert broken.where == f"{package / 'handlers.py'}:3"
        assert broken.error.startswith("JSONDecodeError: ")


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


class TestDisabled:
    def test_a_plugin_is_listed_and_has_no_handlers(self, write: Write, load: Load) -> None:
        file = write("hello.py", GREETING.format(name="welcome"))
        plugins = load(COMETHOOKS_DISABLED_PLUGINS="welcome")
        assert (plugins.loaded, plugins.broken) == ((), ())
        [disabled] = plugins.disabled
        assert (disabled.name, disabled.where) == ("welcome", f"{file}:3")

    def test_by_the_name_of_its_file_it_is_not_even_run(self, write: Write, load: Load) -> None:
        """So that a broken one can be put aside."""
        write("bad.py", "1 / 0")
        plugins = load(COMETHOOKS_DISABLED_PLUGINS="bad")
        assert plugins.broken == ()
        assert [plugin.name for plugin in plugins.disabled] == ["bad"]


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


class TestVersion:
    """Which code a run was made by."""

    def version(self, plugins: Plugins) -> str:
        [plugin] = plugins.loaded
        assert {handler.version for handler in plugin.handlers} == {plugin.version}
        return plugin.version

    def test_of_a_file_it_is_what_its_bytes_are(self, write: Write, load: Load) -> None:
        """The first digits of what `sha256sum` prints."""
        file = write("hello.py", GREETING.format(name="welcome"))
        before = self.version(load())
        assert before == hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        file.write_text(file.read_text() + "\n")
        assert self.version(load()) != before

    def test_of_a_package_it_is_what_is_in_any_of_its_files(self, write: Write, load: Load) -> None:
        """Their names count too; what is no code does not."""
        write("hello/__init__.py", GREETING.format(name="welcome"))
        inner = write("hello/deep/inner.py", "x = 1")
        seen = [self.version(load())]
        inner.write_text("x = 2")
        seen.append(self.version(load()))
        inner.rename(inner.with_name("other.py"))
        seen.append(self.version(load()))
        assert len(set(seen)) == 3
        write("hello/notes.txt", "x")
        (inner.parent / "gone.py").symlink_to("nowhere")
        assert self.version(load()) == seen[-1]

    def test_of_what_a_setting_names_it_is_the_same(
        self, tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of the module's file, or of the package that it is."""
        monkeypatch.chdir(tmp_path)
        file = tmp_path / "my_handlers.py"
        file.write_text(GREETING.format(name="welcome"))
        version = self.version(load(COMETHOOKS_PLUGINS="my_handlers:plugin"))
        assert version == hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        package = tmp_path / "my_package" / "__init__.py"
        package.parent.mkdir()
        package.write_text(file.read_text())
        before = self.version(load(COMETHOOKS_PLUGINS="my_package:plugin"))
        (package.parent / "inner.py").write_text("x = 1")
        assert self.version(load(COMETHOOKS_PLUGINS="my_package:plugin")) != before

    def test_of_what_is_installed_it_is_the_distributions(
        self, tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its author's own word."""
        (tmp_path / "my_handlers.py").write_text(GREETING.format(name="welcome"))
        installed = tmp_path / "my_handlers-1.2.3.dist-info"
        installed.mkdir()
        (installed / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: my-handlers\nVersion: 1.2.3\n"
        )
        (installed / "entry_points.txt").write_text(
            "[comethooks.plugins]\nx = my_handlers:plugin\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        assert self.version(load()) == "1.2.3"

    def test_of_what_has_no_file_it_is_not_known(
        self, tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That is no reason to leave a plugin out."""
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.writestr("zipped_handlers.py", GREETING.format(name="welcome"))
        monkeypatch.syspath_prepend(tmp_path / "all.zip")
        assert self.version(load(COMETHOOKS_PLUGINS="zipped_handlers:plugin")) == "?"


class TestOptions:
    """What a handler says of its runs, and what the settings add."""

    def declared(self, options: str, write: Write) -> Path:
        text = GREETING.format(name="welcome").replace(
            '"message.sent"', f'"message.sent", {options}'
        )
        return write("hello.py", text.replace("Plugin\n", "Plugin, Retry\n", 1))

    def test_a_handler_has_its_own(self, write: Write, load: Load) -> None:
        """As fields, which every run reads."""
        self.declared("retry=Retry(attempts=3), timeout=10", write)
        [handler] = load(COMETHOOKS_HANDLER_TIMEOUT="10s").handlers
        assert (handler.retry, handler.timeout) == (Retry(attempts=3), 10.0)
        assert (handler.id, handler.function) == (handler.handler.id, handler.handler.function)

    def test_without_a_timeout_it_has_the_settings(self, write: Write, load: Load) -> None:
        """And no retry."""
        self.declared("", write)
        [handler] = load(COMETHOOKS_HANDLER_TIMEOUT="1500ms").handlers
        assert (handler.retry, handler.timeout) == (None, 1.5)

    def test_a_timeout_above_the_settings_is_refused(self, write: Write, load: Load) -> None:
        """A worker that is asked to stop waits no longer than that."""
        file = self.declared("timeout=45", write)
        broken = only(load().broken)
        assert (broken.name, broken.where) == ("welcome", f"{file}:5")
        assert (
            broken.error
            == f"handler welcome.greet ({file}:5): its timeout of 45 s is longer than the 30 s that"
            " a handler may take; raise COMETHOOKS_HANDLER_TIMEOUT or shorten the timeout"
        )

    @pytest.mark.parametrize(
        ("options", "line", "error"),
        [
            ("retry=5", 5, "write retry=Retry(attempts=5)"),
            ("retry=Retry(attempts=0)", 5, "ValueError: attempts=0: write how many"),
            ("timeout='10s'", 5, "write timeout=10"),
        ],
    )
    def test_wrong_ones_are_named_with_the_line(
        self, options: str, line: int, error: str, write: Write, load: Load
    ) -> None:
        """Like anything else that is wrong with a plugin."""
        file = self.declared(options, write)
        broken = only(load().broken)
        assert broken.where == f"{file}:{line}"
        assert error in broken.error


class TestHandlersFor:
    @pytest.fixture
    def plugins(self, write: Write, load: Load) -> Plugins:
        for name, pattern in [
            ("b", "message_sent"),
            ("a", "message.*"),
            ("c", "*"),
            ("d", "user.*"),
        ]:
            write(f"{name}.py", GREETING.format(name=name).replace("message.sent", pattern))
        return load()

    def ids(self, plugins: Plugins, trigger: str, name: str | None) -> list[str]:
        return [handler.id for handler in plugins.handlers_for(record(trigger=trigger, name=name))]

    def test_every_match_once_in_a_stable_order(self, plugins: Plugins) -> None:
        assert self.ids(plugins, "message_sent", "message.sent") == [
            "a.greet",
            "b.greet",
            "c.greet",
        ]
        assert self.ids(plugins, "after_message", "message.sent") == ["a.greet", "c.greet"]
        assert self.ids(plugins, "brand_new", None) == ["c.greet"]

    def test_one_that_fits_by_several_patterns_runs_once(self, write: Write, load: Load) -> None:
        write(
            "hello.py",
            GREETING.format(name="welcome").replace('"message.sent"', '"*", "message.*"'),
        )
        assert self.ids(load(), "message_sent", "message.sent") == ["welcome.greet"]

    def test_it_is_looked_up_once(self, plugins: Plugins) -> None:
        first = plugins.handlers_for(record())
        assert plugins.handlers_for(record()) is first

    def test_triggers_without_end_do_not_fill_the_memory(self, plugins: Plugins) -> None:
        for number in range(3_000):
            plugins.handlers_for(record(trigger=f"trigger_{number}", name=None))
        assert len(plugins._fitting) <= 1_024

    def test_no_plugin_no_handler(self) -> None:
        assert Plugins().handlers_for(record()) == ()


def test_a_loaded_handler_runs_with_its_config(write: Write, load: Load, tmp_path: Path) -> None:
    """What the engine does with one: call the function with the event and a context."""
    write(
        "hello.py",
        """
        from pathlib import Path
        from marshmallow import fields
        from comethooks import Plugin

        plugin = Plugin("welcome", config={"place": fields.Str(required=True)})

        @plugin.on("message.sent")
        def greet(event, ctx):
            Path(ctx.config.place).write_text(f"{event.id} {ctx.handler} {ctx.attempt}")
        """,
    )
    [bound] = load(COMETHOOKS_WELCOME_PLACE=str(tmp_path / "out")).handlers_for(record())
    event = event_of(record(id="event-1"))
    context = Context(config=bound.config, log=structlog.get_logger(), attempt=1, handler=bound.id)
    bound.function(event, context)
    assert (tmp_path / "out").read_text() == "event-1 welcome.greet 1"


def test_plugins_show_no_setting(write: Write, load: Load) -> None:
    """Listing them is safe."""
    write(
        "hello.py",
        """
        from marshmallow import fields
        from comethooks import Plugin

        plugin = Plugin("welcome", config={"token": fields.Str(required=True)})
        """,
    )
    plugins = load(COMETHOOKS_WELCOME_TOKEN="hush")
    assert plugins.loaded[0].config.token == "hush"
    assert "hush" not in repr(plugins)
