"""What rules of moderation take that the settings do not have."""

from pathlib import Path

import pytest

from comethooks.doctor.moderation_rules import CHECK, check_rules
from comethooks.workers.settings.settings import Settings
from tests.comethooks.doctor.findings import OK, WARNING, by_check

RULE = 'version = 1\n[[rule]]\nname = "scam"\nwords = ["scam"]\n'


def settings(folder: Path, rest: str, **variables: str) -> Settings:
    """Settings with one rule."""
    path = folder / "rules.toml"
    path.write_text(RULE + rest)
    given = {"COMETHOOKS_DATA_DIR": str(folder), "COMETHOOKS_MODERATION_RULES": str(path)}
    return Settings.load({**given, **variables})


@pytest.mark.parametrize(
    ("apps", "level", "said"),
    [
        ({}, WARNING, "the REST key of any app; without it what is done by 1 rule (scam)"),
        ({"COMETHOOKS_APPS": "one:eu:key,two:eu"}, WARNING, "the REST key of two"),
        ({"COMETHOOKS_APPS": "one:eu:key", "COMETHOOKS_APP_IDS": "six"}, WARNING, "of six"),
        ({"COMETHOOKS_APPS": "one:eu:key"}, OK, "that of each app is known, for 1 rule (scam)"),
    ],
)
def test_what_is_done_at_cometchat_takes_a_key(
    tmp_path: Path, apps: dict[str, str], level: str, said: str
) -> None:
    """Of each app that may send."""
    found = by_check(check_rules(settings(tmp_path, 'after = ["flag", "warn"]', **apps)))
    assert found[CHECK].level == level
    assert said in found[CHECK].detail


@pytest.mark.parametrize(
    "rest",
    [
        'after = ["flag", "notify"]',
        'in_flight = "drop"',
        'after = ["delete"]\nshadow = true',
        "nobody reads this",
    ],
)
def test_others_take_none(tmp_path: Path, rest: str) -> None:
    """Neither do those in shadow; and of a file that cannot be read others tell."""
    assert [*check_rules(settings(tmp_path, rest))] == []


def test_of_a_plugin_that_is_disabled_nothing_is_said(tmp_path: Path) -> None:
    """Nobody goes by its rules."""
    given = settings(tmp_path, 'after = ["delete"]', COMETHOOKS_DISABLED_PLUGINS="moderator")
    assert [*check_rules(given)] == []
