"""A `.env` in the current folder: what it adds to the environment, and what it never overrides."""

from pathlib import Path

import pytest

from comethooks.workers.settings.env_file import EnvFileError, read_env_file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which there is no `.env` yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_nothing_is_added(here: Path) -> None:
    assert read_env_file({}) == ({}, [])


def test_a_folder_of_that_name_is_no_file(here: Path) -> None:
    """Some call their virtual environment so."""
    (here / ".env").mkdir()
    assert read_env_file({}) == ({}, [])


def test_quotes_comments_and_export_are_read_as_a_shell_would(here: Path) -> None:
    """And `${…}` is left as it is: a password may hold it."""
    (here / ".env").write_text(
        "# the port\n"
        "export PORT=9001\n"
        'COMETHOOKS_BASIC_AUTH="ada:pass word" # hers\n'
        "COMETHOOKS_WELCOME_TOKEN='a#${b}'\n"
        "COMETHOOKS_APP_IDS=a,b # two\n"
        "\n"
        "COMETHOOKS_WORKERS=\n"
        "ALONE\n"
    )
    assert read_env_file({}) == (
        {
            "PORT": "9001",
            "COMETHOOKS_BASIC_AUTH": "ada:pass word",
            "COMETHOOKS_WELCOME_TOKEN": "a#${b}",
            "COMETHOOKS_APP_IDS": "a,b",
            "COMETHOOKS_WORKERS": "",
        },
        [],
    )


def test_the_real_environment_comes_first_even_when_it_is_empty(here: Path) -> None:
    """So a setting of the file can be unset for one command."""
    (here / ".env").write_text("PORT=9001\nWEB_CONCURRENCY=3\n")
    assert read_env_file({"PORT": "9000", "WEB_CONCURRENCY": ""}) == ({}, [])


@pytest.mark.parametrize(
    ("file", "real"),
    [
        ("COMETHOOKS_BASIC_AUTH=a:b", {"COMETHOOKS_BASIC_AUTH_FILE": "/run/secret"}),
        ("COMETHOOKS_BASIC_AUTH_FILE=secret", {"COMETHOOKS_BASIC_AUTH": "a:b"}),
    ],
)
def test_the_two_forms_of_a_setting_are_one(here: Path, file: str, real: dict[str, str]) -> None:
    """Both together would be refused, though only one was given in each place."""
    (here / ".env").write_text(file)
    assert read_env_file(real) == ({}, [])


def test_a_line_that_cannot_be_read_is_named_and_not_quoted(here: Path) -> None:
    (here / ".env").write_text("PORT=9001\nhush hush=1\nWEB_CONCURRENCY=3\n")
    added, remarks = read_env_file({})
    assert added == {"PORT": "9001", "WEB_CONCURRENCY": "3"}
    assert remarks == ["line 2 of .env is not NAME=value, and is left out"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"PORT=\x00"])
def test_what_is_no_text_ends_the_command(here: Path, content: bytes) -> None:
    (here / ".env").write_bytes(content)
    with pytest.raises(EnvFileError, match=r"\.env"):
        read_env_file({})


def test_one_that_may_not_be_read_ends_the_command(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on without it would be another deployment than the one that was meant."""
    (here / ".env").symlink_to("/proc/self/mem")
    with pytest.raises(EnvFileError, match="cannot be read"):
        read_env_file({})
