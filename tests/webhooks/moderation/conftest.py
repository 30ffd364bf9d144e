"""The application with a plugin."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from tests.application import MakeSettings
from tests.webhooks.moderation.asked_questions import WithPlugin


@pytest.fixture
def with_plugin(make_settings: MakeSettings, tmp_path: Path) -> Iterator[WithPlugin]:
    """A client of the application with a decider of this code, and what else is set."""
    apps = []

    def make(code: str, **variables: str) -> FlaskClient:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        (folder / "guard.py").write_text(
            "from comethooks import Decision, Plugin\n"
            'plugin = Plugin("guard")\n'
            '@plugin.decide("moderation_requested")\n'
            f"def judge(event, ctx):\n    {code}\n"
        )
        apps.append(create_app(make_settings(**variables)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.deciding.close()
