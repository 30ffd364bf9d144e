"""Plugins that ship with comethooks: loaded like any other, and their names are theirs."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from comethooks import Plugin, PluginError
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.settings.settings import Settings
from tests.workers.notify.files import RULE, SECRET, SINK, written

pytestmark = pytest.mark.shipped

NAMESAKE = 'from comethooks import Plugin\n\nplugin = Plugin("interactions")\n'


def settings(folder: Path, **environ: str) -> Settings:
    """Settings with a data directory of their own."""
    return Settings.load({"COMETHOOKS_DATA_DIR": str(folder), **environ})


def names(plugins: Plugins) -> list[str]:
    """The plugins that run."""
    return [plugin.name for plugin in plugins.loaded]


def test_they_are_loaded_without_any_setting(tmp_path: Path) -> None:
    """With where they come from, and the version of comethooks."""
    plugins = load_plugins(settings(tmp_path))
    assert names(plugins) == ["interactions", "moderator"]
    for plugin in plugins.loaded:
        assert (plugin.origin, plugin.version) == ("comethooks", version("comethooks"))
        assert plugin.warnings == ()


def test_a_setting_disables_one(tmp_path: Path) -> None:
    """By its name."""
    plugins = load_plugins(settings(tmp_path, COMETHOOKS_DISABLED_PLUGINS="interactions"))
    assert names(plugins) == ["moderator"]
    assert [each.name for each in plugins.disabled] == ["interactions"]


def test_one_whose_setting_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    """The others run, and the setting is named."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "greeter.py").write_text(NAMESAKE.replace("interactions", "greeter"))
    plugins = load_plugins(settings(tmp_path, COMETHOOKS_INTERACTIONS_TRUST="everybody"))
    assert names(plugins) == ["greeter", "moderator"]
    [broken] = plugins.broken
    assert "COMETHOOKS_INTERACTIONS_TRUST" in broken.error


def test_an_author_cannot_have_the_name_of_one(tmp_path: Path) -> None:
    """Not even a file that had it before there was such a plugin."""
    file = tmp_path / "plugins" / "mine.py"
    file.parent.mkdir()
    file.write_text(NAMESAKE)
    given = settings(tmp_path)
    last_good = LastGood.of(given)
    last_good.own({"interactions": str(file)})
    for _ in range(2):
        plugins = load_plugins(given, last_good)
        assert {(each.name, each.origin) for each in plugins.loaded} == {
            ("interactions", "comethooks"),
            ("moderator", "comethooks"),
        }
        [broken] = plugins.broken
        assert broken.where.startswith(f"{file}:")
        assert broken.error == "comethooks itself has a plugin of the same name; rename it"


def test_what_events_of_cometchat_are_called_is_no_name() -> None:
    """What it emitted would be called as they are."""
    with pytest.raises(PluginError, match="is what events of CometChat are called"):
        Plugin("interaction")


class TestNotify:
    """The one that is made of a file."""

    def test_without_a_file_it_is_not_there(self, tmp_path: Path) -> None:
        """And nothing of it is imported, which would cost every worker memory."""
        code = (
            "import sys\n"
            "from comethooks.workers.plugins.loading import load_plugins\n"
            "from comethooks.workers.settings.settings import Settings\n"
            "found = load_plugins(Settings.load())\n"
            "print(*[each.name for each in found.loaded])\n"
            "wanted = ('comethooks.workers.notify', 'jinja2', 'standardwebhooks', 'apprise')\n"
            "print(*[name for name in wanted if name in sys.modules])\n"
        )
        environ = {**os.environ, "COMETHOOKS_DATA_DIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
        )
        assert done.stdout.splitlines() == ["interactions moderator", ""], done.stderr

    def test_apprise_is_not_imported_before_something_is_told(self, tmp_path: Path) -> None:
        """It is large, and most processes tell nobody."""
        sink = '[[sink]]\nname = "orders"\nkind = "apprise"\nurl = "ntfy://topic"\n'
        code = (
            "import sys\n"
            "from comethooks.workers.plugins.loading import load_plugins\n"
            "from comethooks.workers.settings.settings import Settings\n"
            "print(*[each.name for each in load_plugins(Settings.load()).loaded])\n"
            "print('apprise' in sys.modules)\n"
        )
        environ = {
            **os.environ,
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "COMETHOOKS_NOTIFY_FILE": str(written(tmp_path, sink + RULE)),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
        )
        assert done.stdout.splitlines() == ["interactions moderator notify", "False"], done.stderr

    def test_it_is_what_the_file_says(self, tmp_path: Path) -> None:
        """With a version that changes with the file."""
        path = written(tmp_path)
        given = settings(tmp_path, COMETHOOKS_NOTIFY_FILE=str(path))
        loaded = load_plugins(given).loaded[-1]
        assert (loaded.name, loaded.origin, loaded.file) == ("notify", "comethooks", str(path))
        [handler] = loaded.handlers
        assert (handler.id, handler.handler.where) == ("notify.orders", f"{path}:8")
        path.write_text(f"{SINK}{RULE}# more\n")
        assert load_plugins(given).loaded[-1].version not in ("", loaded.version)

    def test_a_file_that_cannot_be_used_is_named_with_all_that_is_wrong(
        self, tmp_path: Path
    ) -> None:
        """The other plugins run."""
        path = written(tmp_path, SINK.replace("https://", "") + RULE.replace("orders", "order"))
        plugins = load_plugins(settings(tmp_path, COMETHOOKS_NOTIFY_FILE=str(path)))
        assert names(plugins) == ["interactions", "moderator"]
        [broken] = plugins.broken
        assert (broken.name, broken.where) == ("notify", f"{path}:1")
        assert broken.error.startswith("sink[0].url: expected an address")
        assert "; rule[0].sinks: there is no sink order; did you mean orders?" in broken.error

    @pytest.mark.parametrize("text", ["", "[[rule]", None])
    def test_a_file_that_breaks_leaves_what_runs(self, tmp_path: Path, text: str | None) -> None:
        """Whatever became of it: an editor may empty it for a moment."""
        (tmp_path / "keys").write_text(SECRET)
        sink = SINK.replace(f'secrets = ["{SECRET}"]', 'secrets_file = "keys"')
        path = written(tmp_path, sink + RULE)
        given = settings(tmp_path / "data", COMETHOOKS_NOTIFY_FILE=str(path))
        last_good = LastGood.of(given)
        before = load_plugins(given, last_good).loaded[-1]
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        plugins = load_plugins(given, last_good)
        after = plugins.loaded[-1]
        assert (after.name, after.version, plugins.broken) == ("notify", before.version, ())
        assert after.handlers[0].handler.where == before.handlers[0].handler.where
        assert after.newer is not None
        assert after.newer.where == f"{path}:1"
        path.write_text(sink + RULE)
        assert load_plugins(given, last_good).loaded[-1].newer is None

    @pytest.mark.parametrize("has_file", [True, False])
    def test_its_name_is_nobody_elses(self, tmp_path: Path, has_file: bool) -> None:
        """Not even where there is no file yet."""
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "mine.py").write_text(NAMESAKE.replace("interactions", "notify"))
        environ = {"COMETHOOKS_NOTIFY_FILE": str(written(tmp_path))} if has_file else {}
        plugins = load_plugins(settings(tmp_path, **environ))
        assert names(plugins) == ["interactions", "moderator", "notify"][: 2 + has_file]
        assert [each.name_is_taken for each in plugins.broken] == [True]


class TestModerator:
    """The one that is there without a file, too."""

    @pytest.mark.parametrize("text", ["", "version = 2", None])
    def test_rules_that_break_leave_what_runs(self, tmp_path: Path, text: str | None) -> None:
        """Also when the file is gone; what is wrong is said all at once, with paths."""
        path = tmp_path / "rules.toml"
        path.write_text(RULES)
        given = settings(tmp_path / "data", COMETHOOKS_MODERATION_RULES=str(path))
        last_good = LastGood.of(given)
        before = load_plugins(given, last_good).loaded[-1]
        assert (before.name, before.file) == ("moderator", str(path))
        assert [each.id for each in before.deciders] == ["moderator.decide"]
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        plugins = load_plugins(given, last_good)
        after = plugins.loaded[-1]
        assert (after.name, after.version, plugins.broken) == ("moderator", before.version, ())
        assert [each.id for each in after.deciders] == ["moderator.decide"]
        assert after.newer is not None
        assert after.newer.where == f"{path}:1"

    @pytest.mark.parametrize("text", ["", None])
    def test_words_that_are_gone_leave_what_runs(self, tmp_path: Path, text: str | None) -> None:
        """They are kept with the rules; a change of theirs is another version."""
        path, words = tmp_path / "rules.toml", tmp_path / "lists" / "words.txt"
        words.parent.mkdir()
        words.write_text("free crypto\n")
        path.write_text(RULES.replace('words = ["free crypto"]', 'words_file = "lists/words.txt"'))
        given = settings(tmp_path / "data", COMETHOOKS_MODERATION_RULES=str(path))
        last_good = LastGood.of(given)
        first = load_plugins(given, last_good).loaded[-1]
        words.write_text("free crypto\neasy money\n")
        before = load_plugins(given, last_good).loaded[-1]
        assert first.version != before.version
        if text is None:
            words.unlink()
        else:
            words.write_text(text)
        plugins = load_plugins(given, last_good)
        after = plugins.loaded[-1]
        assert (after.name, after.version, plugins.broken) == ("moderator", before.version, ())
        assert after.newer is not None
        assert "rule[0].words_file: " in after.newer.error

    @pytest.mark.parametrize("is_relative", [True, False])
    def test_words_of_elsewhere_take_no_others_away(
        self, tmp_path: Path, is_relative: bool
    ) -> None:
        """Those below the folder of the rules are kept, whatever else the rules name."""
        folder = tmp_path / "rules"
        folder.mkdir()
        elsewhere = tmp_path / "elsewhere.txt"
        elsewhere.write_text("easy money\n")
        (folder / "words.txt").write_text("free crypto\n")
        named = {"scam": "words.txt", "more": "../elsewhere.txt" if is_relative else str(elsewhere)}
        rules = (
            f'[[rule]]\nname = "{name}"\nwords_file = "{file}"\n' for name, file in named.items()
        )
        path = folder / "rules.toml"
        path.write_text("version = 1\n" + "".join(rules))
        given = settings(tmp_path / "data", COMETHOOKS_MODERATION_RULES=str(path))
        last_good = LastGood.of(given)
        before = load_plugins(given, last_good).loaded[-1]
        (folder / "words.txt").unlink()
        plugins = load_plugins(given, last_good)
        after = plugins.loaded[-1]
        assert (after.name, after.version, plugins.broken) == ("moderator", before.version, ())

    def test_rules_that_cannot_be_used_are_named(self, tmp_path: Path) -> None:
        """Where nothing ran before, nothing runs: neither do the rules that ship with us."""
        path = tmp_path / "rules.toml"
        path.write_text(RULES.replace("drop", "drip") + "sevrity = 1\n")
        plugins = load_plugins(settings(tmp_path, COMETHOOKS_MODERATION_RULES=str(path)))
        assert names(plugins) == ["interactions"]
        [broken] = plugins.broken
        assert (broken.name, broken.where) == ("moderator", f"{path}:1")
        assert "rule[0].in_flight: " in broken.error
        assert "rule[0].sevrity: " in broken.error

    def test_a_setting_disables_it(self, tmp_path: Path) -> None:
        """By its name, whatever the file says."""
        path = tmp_path / "rules.toml"
        environ = {
            "COMETHOOKS_MODERATION_RULES": str(path),
            "COMETHOOKS_DISABLED_PLUGINS": "moderator",
        }
        plugins = load_plugins(settings(tmp_path, **environ))
        assert names(plugins) == ["interactions"]
        assert plugins.broken == ()


RULES = 'version = 1\n[[rule]]\nname = "scam"\nwords = ["free crypto"]\nin_flight = "drop"\n'
