"""Finding and loading plugins, and putting the broken ones in quarantine."""

import sys
from pathlib import Path

import pytest
import structlog

from comethooks.workers.handlers.context import Context
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.record import event_of
from tests.workers.engine import record
from tests.workers.plugins.folder import DECIDING, GREETING, Load, Write, only


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
