"""What is said of plugins: of those in a folder here, and of those that the workers have."""

import textwrap
from pathlib import Path

import pytest

from comethooks.doctor.finding import Finding, Level
from comethooks.doctor.plugins import check_plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.published import HeldPlugin, PluginState, WorkerPlugins
from comethooks.workers.settings.settings import Settings
from tests.comethooks.doctor.findings import OK, WARNING, WRONG

GOOD = """
    from comethooks import Plugin

    plugin = Plugin("welcome")

    @plugin.on("message.sent")
    def greet(event, ctx):
        pass
"""


class TestPlugins:
    @pytest.fixture(autouse=True)
    def _prepare(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.workers: list[WorkerPlugins] = []

    def found(self, **variables: str) -> list[Finding]:
        settings = Settings.load(
            {
                "COMETHOOKS_DATA_DIR": str(self.folder),
                "COMETHOOKS_PLUGIN_DIR": str(self.folder),
                "COMETHOOKS_DISABLED_PLUGINS": "notes",
                **variables,
            }
        )
        return [
            finding
            for finding in check_plugins(load_plugins(settings), self.workers)
            if finding.check != "plugins.notes"  # of what is installed beside us
        ]

    def write(self, name: str, code: str) -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(code).lstrip())
        return path

    def named(self, name: str, **variables: str) -> list[Finding]:
        return [
            finding for finding in self.found(**variables) if finding.check == f"plugins.{name}"
        ]

    def test_one_that_is_loaded_is_ok(self) -> None:
        """With how many handlers it has."""
        self.write("welcome.py", GOOD)
        (finding,) = self.named("welcome")
        assert finding.level is OK
        assert finding.detail.startswith("1 handler, version ")

    def test_a_quarantined_one_is_wrong_with_its_file_and_line(self) -> None:
        """And with the error."""
        path = self.write("broken.py", "\nimport nothing_of_that_name\n")
        (finding,) = self.named("broken")
        assert finding.level is WRONG
        assert f"{path}:1" in finding.detail
        assert "nothing_of_that_name" in finding.detail

    def test_the_second_of_a_name_is_not_to_be_disabled(self) -> None:
        """That goes by name, and would disable the one that runs."""
        self.write("welcome.py", GOOD)
        self.write("welcome_copy.py", GOOD)
        runs, second = self.named("welcome")
        assert (runs.level, second.level) == (OK, WRONG)
        assert "a plugin of the same name; rename it, or remove one of the two" in second.detail
        assert second.advice == "see: comethooks plugins check"

    def test_a_disabled_one_is_named(self) -> None:
        """It is off because somebody wanted it to be."""
        self.write("welcome.py", GOOD)
        (finding,) = self.named("welcome", COMETHOOKS_DISABLED_PLUGINS="welcome")
        assert finding.level is OK
        assert finding.detail.startswith(f"disabled here ({self.folder / 'welcome.py'}")

    def test_what_its_author_may_want_to_look_at_is_a_warning(self) -> None:
        """A trigger that is misspelt, for instance."""
        self.write("welcome.py", GOOD.replace("message.sent", "mesage_sent"))
        fine, warning = self.named("welcome")
        assert (fine.level, warning.level) == (OK, WARNING)
        assert "mesage_sent" in warning.detail

    def at_work(self, *plugins: HeldPlugin) -> None:
        self.workers.append(WorkerPlugins(f"far|boot|{len(self.workers)}", 1000, plugins))

    def version(self) -> str:
        (finding,) = self.named("welcome")
        return finding.detail.rpartition(" ")[2]

    def test_what_the_workers_have_too_is_told_in_one(self) -> None:
        """Who looks from another terminal wants to know just that."""
        self.write("welcome.py", GOOD)
        version = self.version()
        for _ in range(2):
            self.at_work(HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", version))
        (finding,) = self.named("welcome")
        assert finding.level is OK
        assert finding.detail == (
            f"1 handler, version {version}; 2 workers on far run version {version}"
        )

    @pytest.mark.parametrize(
        ("state", "version", "level", "told"),
        [
            (PluginState.LOADED, "0000", WARNING, "runs version 0000"),
            (
                PluginState.LAST_GOOD,
                "0000",
                WARNING,
                "goes on with its last good version 0000: ValueError: x (/w:1)",
            ),
            (PluginState.QUARANTINED, None, WRONG, "has it in quarantine: ValueError: x (/w:1)"),
            (PluginState.DISABLED, None, WARNING, "has it disabled"),
            (None, None, WARNING, "does not have it"),
        ],
    )
    def test_what_the_workers_have_otherwise_is_told_beside_it(
        self, state: PluginState | None, version: str | None, level: Level, told: str
    ) -> None:
        """Not what this shell would load is what handles the events."""
        self.write("welcome.py", GOOD)
        why = "ValueError: x"
        self.at_work(
            *(HeldPlugin("welcome", each, "/w:1", version, why) for each in [state] if each)
        )
        here, there = self.named("welcome")
        assert here.level is OK
        assert (there.level, there.detail) == (level, f"1 worker on far {told}")
        assert there.advice

    def test_one_that_is_broken_here_and_runs_there_is_a_warning(self) -> None:
        """No event is lost because of this shell."""
        self.write("welcome.py", "def f(:")
        self.at_work(HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "1111"))
        here, there = self.named("welcome")
        assert (here.level, there.level) == (WARNING, OK)
        assert here.detail.startswith("quarantined here: SyntaxError")

    def test_one_that_only_the_workers_have_is_fine(self) -> None:
        """It is not for this machine."""
        self.at_work(HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "1111"))
        (finding,) = self.named("welcome")
        assert finding.level is OK
        assert finding.detail == "1 worker on far runs version 1111; it is not found here"
