"""What is said of plugins, loaded from a folder."""

import textwrap
from pathlib import Path

import pytest

from comethooks.doctor.finding import Finding
from comethooks.doctor.plugins import check_plugins
from comethooks.workers.plugins.loading import load_plugins
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
            for finding in check_plugins(load_plugins(settings))
            if "(entry point" not in finding.detail
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

    def test_a_disabled_one_is_named(self) -> None:
        """It is off because somebody wanted it to be."""
        self.write("welcome.py", GOOD)
        (finding,) = self.named("welcome", COMETHOOKS_DISABLED_PLUGINS="welcome")
        assert (finding.level, finding.detail) == (OK, "disabled (folder)")

    def test_what_its_author_may_want_to_look_at_is_a_warning(self) -> None:
        """A trigger that is misspelt, for instance."""
        self.write("welcome.py", GOOD.replace("message.sent", "mesage_sent"))
        fine, warning = self.named("welcome")
        assert (fine.level, warning.level) == (OK, WARNING)
        assert "mesage_sent" in warning.detail
