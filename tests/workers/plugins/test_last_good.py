"""A file that cannot be loaded does not drop the version that runs; no second one takes over."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from comethooks.workers.plugins.files import version_of
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loading import BrokenPlugin, LoadedPlugin, Plugins, load_plugins
from comethooks.workers.settings.settings import Settings
from tests.workers.plugins.folder import Load, Write

GREETING = """
from comethooks import Plugin

plugin = Plugin("{name}")

@plugin.on("message.sent")
def {handler}(event, ctx):
    pass
"""


@pytest.fixture
def work(tmp_path: Path) -> Load:
    """Loads the plugins as a worker does."""

    def load(**environ: str) -> Plugins:
        settings = Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path / "data"), **environ})
        return load_plugins(settings, LastGood.of(settings))

    return lambda **environ: load(COMETHOOKS_PLUGIN_DIR=str(tmp_path / "plugins"), **environ)


@pytest.fixture
def look(tmp_path: Path) -> Load:
    """Loads the plugins as a command does that only looks."""
    return lambda **environ: load_plugins(
        Settings.load(
            {
                "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
                "COMETHOOKS_PLUGIN_DIR": str(tmp_path / "plugins"),
                **environ,
            }
        )
    )


def greeting(handler: str = "greet", name: str = "welcome") -> str:
    return GREETING.format(name=name, handler=handler)


def only(plugins: Plugins) -> LoadedPlugin:
    assert plugins.broken == ()
    [plugin] = plugins.loaded
    return plugin


def refused(plugin: LoadedPlugin) -> BrokenPlugin:
    assert plugin.newer is not None
    return plugin.newer


BROKEN = {
    "a syntax error": "def greet(:\n",
    "an empty file": "",
    "a module that is missing": "import nothing_of_that_name\n",
    "a pattern that can be none": greeting().replace("message.sent", "a b"),
    "a setting that is not set": greeting()
    .replace('"welcome")', '"welcome", config={"place": fields.Url(required=True)})')
    .replace("from", "from marshmallow import fields\nfrom", 1),
}


class TestBrokenCode:
    @pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
    def test_the_last_good_version_goes_on(self, text: str, write: Write, work: Load) -> None:
        """With its own version, and with what is wrong with the newer one, by file and line."""
        file = write("hello.py", greeting())
        good = only(work())
        assert good.newer is None
        write("hello.py", text)
        kept = only(work())
        assert [handler.id for handler in kept.handlers] == ["welcome.greet"]
        assert kept.version == good.version
        assert refused(kept).where.startswith(f"{file}:")
        assert refused(kept).error

    def test_once_it_is_mended_the_new_one_runs(self, write: Write, work: Load) -> None:
        """And is the last good one from then on."""
        for handler, text in [("one", "def f(:"), ("two", "1 / 0")]:
            write("hello.py", greeting(handler))
            assert only(work()).newer is None
            write("hello.py", text)
            assert [bound.id for bound in only(work()).handlers] == [f"welcome.{handler}"]

    def test_going_back_to_older_code_makes_that_the_last_good_one(
        self, write: Write, work: Load
    ) -> None:
        """Whatever was kept of it before."""
        for handler in ("one", "two", "one"):
            write("hello.py", greeting(handler))
            work()
        write("hello.py", "def f(:")
        assert [bound.id for bound in only(work()).handlers] == ["welcome.one"]

    def test_several_workers_keep_it_at_the_same_time(
        self, write: Write, work: Load, tmp_path: Path
    ) -> None:
        """As they do whenever they start; nobody is in another's way."""
        path = write("hello.py", greeting())
        kept = LastGood(tmp_path / "kept")
        with capture_logs() as lines, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: kept.keep(path, version_of(path)), range(50)))
        assert lines == []
        copy = kept.copy_of(path)
        assert copy is not None
        assert copy.read_text() == path.read_text()
        assert [each.name for each in copy.parents[1].iterdir()] == [version_of(path)]

    def test_a_package_goes_on_as_a_whole(self, write: Write, work: Load) -> None:
        """With its modules and its data, also those that are imported later."""
        write("hello/__init__.py", "from .inner import plugin")
        write(
            "hello/inner.py",
            greeting().replace("    pass", "    from . import data\n    return data.WORDS"),
        )
        write(
            "hello/data.py",
            "from pathlib import Path\n\nHERE = Path(__file__).parent\n"
            "WORDS = (HERE / 'words.txt').read_text()",
        )
        write("hello/words.txt", "one two")
        good = only(work())
        write("hello/inner.py", "def f(:")
        write("hello/data.py", "WORDS = 'changed'")
        kept = only(work())
        assert kept.version == good.version
        assert refused(kept).where.endswith("plugins/hello/inner.py:1")
        assert kept.handlers[0].function(None, None) == "one two"

    def test_a_file_that_never_loaded_is_in_quarantine(self, write: Write, work: Load) -> None:
        """There is nothing to go on with."""
        write("hello.py", "def f(:")
        plugins = work()
        assert plugins.loaded == ()
        assert [broken.name for broken in plugins.broken] == ["hello"]

    @pytest.mark.parametrize("how", ["removed", "disabled"])
    def test_a_plugin_that_is_taken_out_is_out(self, how: str, write: Write, work: Load) -> None:
        """Somebody wants it to be."""
        file = write("hello.py", greeting())
        work()
        if how == "removed":
            file.unlink()
            assert work() == Plugins()
            write("hello.py", "def f(:")
            assert work().loaded == (), "what was removed does not come back"
        else:
            write("hello.py", "def f(:")
            assert work(COMETHOOKS_DISABLED_PLUGINS="welcome").loaded == ()
            assert work(COMETHOOKS_DISABLED_PLUGINS="hello").loaded == ()

    def test_who_only_looks_sees_what_is_in_the_file(
        self, write: Write, work: Load, look: Load
    ) -> None:
        """A command speaks of the present code; what runs the workers tell."""
        write("hello.py", greeting())
        work()
        write("hello.py", "def f(:")
        assert [broken.name for broken in look().broken] == ["hello"]

    def test_what_lies_around_in_a_package_is_not_copied(
        self, write: Write, work: Load, tmp_path: Path
    ) -> None:
        """Environments, hidden files and what a link leads round to."""
        write("hello/__init__.py", greeting())
        write("hello/env/pyvenv.cfg", "")
        write("hello/env/lib/site.py", "")
        write("hello/.cache/hidden.py", "")
        write("hello/.git/config", "")
        (tmp_path / "plugins/hello/loop").symlink_to(tmp_path / "plugins/hello")
        work()
        names = {path.name for path in (tmp_path / "data").rglob("*")}
        assert "__init__.py" in names
        assert not names & {"pyvenv.cfg", "site.py", "hidden.py", "config", "loop"}

    def test_a_package_with_a_linked_part_goes_on_too(
        self, write: Write, work: Load, tmp_path: Path
    ) -> None:
        """The copy holds what the link leads to."""
        write("hello/__init__.py", "from .part.inner import plugin")
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "inner.py").write_text(greeting())
        (tmp_path / "plugins/hello/part").symlink_to(tmp_path / "elsewhere")
        good = only(work())
        (tmp_path / "elsewhere" / "inner.py").write_text("def f(:")
        assert only(work()).version == good.version

    def test_few_copies_are_kept(self, write: Write, work: Load, tmp_path: Path) -> None:
        """However often a file is changed."""
        for number in range(6):
            write("hello.py", greeting(f"greet_{number}"))
            work()
        copies = [path for path in (tmp_path / "data").rglob("hello.py") if path.is_file()]
        assert len(copies) == 2

    def test_a_data_directory_that_cannot_be_written_is_no_reason_to_leave_it_out(
        self, write: Write, work: Load, tmp_path: Path
    ) -> None:
        """There is then no last good version."""
        write("hello.py", greeting())
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "last-good").write_text("no folder")
        assert only(work()).newer is None
        write("hello.py", "def f(:")
        assert work().loaded == ()

    def test_a_warning_about_it_names_the_file_of_its_author(
        self, write: Write, work: Load
    ) -> None:
        """The copy is nothing that somebody should change."""
        file = write("hello.py", greeting().replace("message.sent", "mesage_sent"))
        work()
        write("hello.py", "def f(:")
        [warning] = only(work()).warnings
        assert warning.startswith(f"welcome.greet (the last good version of {file}): ")


class TestSameName:
    def runs(self, plugins: Plugins) -> str:
        [plugin] = plugins.loaded
        return os.path.basename(plugin.file)

    @pytest.mark.parametrize("second", ["a_copy.py", "z_copy.py"])
    def test_a_second_file_never_takes_over(
        self, second: str, write: Write, work: Load, look: Load
    ) -> None:
        """Wherever it stands in the order of names."""
        write("hello.py", greeting())
        work()
        write(second, greeting("other"))
        for load in (work, work, look):
            plugins = load()
            assert self.runs(plugins) == "hello.py"
            [broken] = plugins.broken
            assert broken.where.endswith(f"{second}:3")
            assert "hello.py:3 has a plugin of the same name" in broken.error

    def test_not_even_while_the_first_is_broken(self, write: Write, work: Load) -> None:
        """Two seconds are not enough to hand over."""
        file = write("hello.py", greeting())
        work()
        write("a_copy.py", greeting("other"))
        write("hello.py", "def f(:")
        plugins = work()
        assert [bound.id for bound in plugins.handlers] == ["welcome.greet"]
        [broken] = plugins.broken
        assert broken.error.startswith(f"{file}:1 has a plugin of the same name")
        write("hello.py", greeting("mended"))
        assert [bound.id for bound in work().handlers] == ["welcome.mended"]

    def test_nor_while_there_is_no_copy_of_the_first(
        self, write: Write, work: Load, look: Load
    ) -> None:
        """Who looks has none; the name stays with the file that had it."""
        write("hello.py", greeting())
        work()
        write("a_copy.py", greeting("other"))
        write("hello.py", "def f(:")
        plugins = look()
        assert plugins.loaded == ()
        assert sorted(broken.name for broken in plugins.broken) == ["hello", "welcome"]

    def test_nor_by_being_renamed_in_place(self, write: Write, work: Load) -> None:
        """The file that comes first in the order changes its plugin's name to that of another."""
        write("a.py", greeting(name="first"))
        write("b.py", greeting(name="welcome"))
        work()
        write("a.py", greeting("other", name="welcome"))
        plugins = work()
        assert [bound.id for bound in plugins.handlers] == ["welcome.greet"]

    def test_it_takes_over_once_the_first_is_gone(self, write: Write, work: Load) -> None:
        """As when a file is renamed."""
        first = write("hello.py", greeting())
        work()
        write("a_copy.py", greeting())
        first.unlink()
        assert self.runs(work()) == "a_copy.py"
