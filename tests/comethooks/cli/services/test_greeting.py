"""What `up` prints for the person who has started it."""

from pathlib import Path

import pytest

from comethooks.cli.services.greeting import greeting
from comethooks.workers.settings.env_file import FROM_ENV_FILE
from comethooks.workers.settings.settings import NAMES, Settings

SECRET = {
    "COMETHOOKS_BASIC_AUTH": "ada:hush",
    "DATABASE_URL": "postgresql://u:hush@h/d",
    "PORT": "8001",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which nothing is set but where data is kept."""
    for name in (*NAMES.values(), FROM_ENV_FILE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMETHOOKS_DATA_DIR", str(tmp_path))


def what_to_try() -> list[str]:
    """The lines about it."""
    text = greeting(Settings.load(), ready=True)
    assert "hush" not in text
    return text[text.index("Try it") :].split("\n\n")[0].splitlines()


def test_what_to_try_works_as_it_stands(tmp_path: Path) -> None:
    """With what another terminal does not have."""
    first, *lines = what_to_try()
    assert first == "Try it from another terminal:"
    assert all(line.startswith(f"  COMETHOOKS_DATA_DIR={tmp_path} ") for line in lines)


def test_secrets_that_it_takes_are_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another terminal would get a 401, or look into another database."""
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    first, send, _ = what_to_try()
    assert first == (
        "Try it from another terminal, with the same COMETHOOKS_BASIC_AUTH, DATABASE_URL:"
    )
    assert " PORT=8001 " in send


def test_what_is_in_the_env_file_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """By every command that is run from the same folder."""
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(FROM_ENV_FILE, ",".join(SECRET))
    first, send, _ = what_to_try()
    assert (first, "PORT" in send) == ("Try it from another terminal:", False)
