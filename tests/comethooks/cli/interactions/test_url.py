"""`comethooks interactions url`."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from comethooks.cli import main
from comethooks.workers.presses.tokens import PATH, InteractionToken, verify
from comethooks.workers.settings.interaction_keys import (
    ensure_interaction_keys,
    read_interaction_keys,
)

BASE = "https://chat.example.com"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMETHOOKS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COMETHOOKS_PUBLIC_URL", BASE)
    ensure_interaction_keys(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["interactions", "url", *arguments])


def token_of(done: Result, data: Path) -> InteractionToken:
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    start = f"{BASE}{PATH}"
    assert done.stdout.startswith(start)
    text = done.stdout.removeprefix(start).removesuffix("\n")
    return verify(read_interaction_keys(data), text, time.time())


def test_it_prints_the_url_of_a_message_and_nothing_else(data: Path) -> None:
    done = run("--app", "2345", "--message", "57", "--element", "submit")
    assert token_of(done, data) == InteractionToken(app="2345", message="57", element="submit")


def test_a_message_that_is_not_sent_yet_has_a_muid(data: Path) -> None:
    found = token_of(run("--app", "2345", "--muid", "order-8"), data)
    assert found == InteractionToken(app="2345", muid="order-8")


def test_one_for_all_messages_is_over_some_time(data: Path) -> None:
    found = token_of(run("--app", "2345", "--expires", "7d"), data)
    assert found.expires is not None
    assert abs(found.expires - time.time() - 7 * 86_400) < 60


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--app", "2345"], "give exactly one of --message, --muid and --expires"),
        (["--app", "2345", "--message", "1", "--muid", "2"], "exactly one of --message, --muid"),
        (["--message", "1"], "Missing option '--app'"),
        (["--app", "2345", "--expires", "soon"], "'soon' is no duration: write 90s"),
        (["--app", "2345", "--message", ""], "cannot be empty"),
    ],
)
def test_wrong_use_is_told(data: Path, arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.split())


def test_without_a_key_it_is_said_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETHOOKS_DATA_DIR", str(tmp_path))
    done = run("--app", "2345", "--message", "57")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "set COMETHOOKS_INTERACTION_KEYS=id:secret, or run" in done.stderr


def test_an_app_whose_presses_would_be_refused_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETHOOKS_APP_IDS", "2345")
    done = run("--app", "9", "--message", "57")
    assert done.exit_code == 1
    assert "9 is none of COMETHOOKS_APPS and COMETHOOKS_APP_IDS" in done.stderr


def test_a_url_that_no_device_reaches_is_warned_of(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error: the output is the URL alone."""
    monkeypatch.delenv("COMETHOOKS_PUBLIC_URL")
    done = run("--app", "2345", "--message", "57")
    assert done.stdout.startswith("http://127.0.0.1:8000/interactions/k1.")
    assert "COMETHOOKS_PUBLIC_URL is not set" in done.stderr
