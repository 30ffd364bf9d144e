"""Which variables plugins read, known and guessed."""

import textwrap
from pathlib import Path

import pytest

from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.namespaces import unread_at_a_glance, unread_beside
from comethooks.workers.settings.settings import Settings

WELCOME = """
    from marshmallow import fields
    from comethooks import Plugin

    plugin = Plugin("welcome", config={"channel": fields.Str(), "file": fields.Str()})
"""


class TestUnread:
    @pytest.fixture(autouse=True)
    def _prepare(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def write(self, name: str, code: str) -> None:
        (self.folder / name).write_text(textwrap.dedent(code))

    def settings(self, *names: str, **more: str) -> Settings:
        return Settings.load(
            {
                "COMETHOOKS_DATA_DIR": str(self.folder),
                "COMETHOOKS_PLUGIN_DIR": str(self.folder),
                **dict.fromkeys(names, "hush"),
                **more,
            }
        )

    def beside(self, *names: str, **more: str) -> list[str]:
        settings = self.settings(*names, **more)
        return [each.name for each in unread_beside(load_plugins(settings), settings)]

    def glanced(self, *names: str) -> list[str]:
        return [each.name for each in unread_at_a_glance(self.settings(*names))]

    def test_what_a_loaded_plugin_declares_is_read_and_nothing_else_of_its_name(self) -> None:
        self.write("greeter.py", WELCOME)
        assert self.beside(
            "COMETHOOKS_WELCOME_CHANNEL",
            "COMETHOOKS_WELCOME_FILE",
            "COMETHOOKS_WELCOME_OLD",
            "COMETHOOKS_GREETER_CHANNEL",
        ) == ["COMETHOOKS_GREETER_CHANNEL", "COMETHOOKS_WELCOME_OLD"]

    def test_a_plugin_that_is_left_out_is_not_blamed_for_its_settings(self) -> None:
        """It may come back, and did not say what it reads."""
        self.write("welcome.py", "import nowhere_to_be_found")
        self.write("notes.py", WELCOME.replace("welcome", "notes"))
        assert self.beside(
            "COMETHOOKS_WELCOME_CHANNEL",
            "COMETHOOKS_NOTES_CHANNEL",
            "COMETHOOKS_OTHER_CHANNEL",
            COMETHOOKS_DISABLED_PLUGINS="notes",
        ) == ["COMETHOOKS_OTHER_CHANNEL"]

    def test_without_loading_what_may_be_of_a_plugin_is_left_alone(self) -> None:
        """By the name of its file, or by that in the setting."""
        self.write("welcome.py", "raise SystemExit('nobody runs this')")
        assert self.glanced("COMETHOOKS_WELCOME_CHANNEL", "COMETHOOKS_WORKER") == [
            "COMETHOOKS_WORKER"
        ]
        settings = self.settings("COMETHOOKS_SHOP_KEY", COMETHOOKS_PLUGINS="our.shop:plugin")
        assert unread_at_a_glance(settings) == []
