"""What is known of a plugin that was loaded: its version, its options and its handlers."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.retry import Retry
from tests.workers.engine import record
from tests.workers.plugins.folder import GREETING, Load, Write, only


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
