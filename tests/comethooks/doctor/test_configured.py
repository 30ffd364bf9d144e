"""What is said of settings that can be used."""

from pathlib import Path

import pytest

from comethooks.doctor.configured import check_settings, unusable
from comethooks.workers.settings.env_file import FROM_ENV_FILE
from comethooks.workers.settings.settings import Settings
from tests.comethooks.doctor.findings import OK, WARNING, by_check, levels, not_ok

GOOD = {
    "COMETHOOKS_BASIC_AUTH": "ada:Passw0rd",
    "COMETHOOKS_APP_IDS": "app2,app1",
    "COMETHOOKS_PUBLIC_URL": "https://chat.example.com",
}


def settings(directory: Path, **variables: str) -> Settings:
    return Settings.load({"COMETHOOKS_DATA_DIR": str(directory), **variables})


def test_where_they_come_from_is_named(tmp_path: Path) -> None:
    """By the setting's name, whether its value is in the environment or in a file."""
    file = tmp_path / "auth"
    file.write_text("ada:Passw0rd\n")
    found = by_check(
        check_settings(
            settings(tmp_path, COMETHOOKS_BASIC_AUTH_FILE=str(file), REDIS_URL="", PORT="8001")
        )
    )
    assert found["settings.given"].detail.startswith(
        "COMETHOOKS_BASIC_AUTH, PORT, COMETHOOKS_DATA_DIR from the environment"
    )


def test_those_of_the_env_file_are_told_apart(tmp_path: Path) -> None:
    """Whoever would change one has to know where it is."""
    variables = {"PORT": "8001", "COMETHOOKS_WORKERS": "2", FROM_ENV_FILE: "PORT,EDITOR"}
    found = by_check(check_settings(settings(tmp_path, **variables)))
    assert found["settings.given"].detail == (
        "COMETHOOKS_DATA_DIR, COMETHOOKS_WORKERS from the environment, PORT from .env;"
        " the others are as they come"
    )


def test_good_ones_are_all_ok(tmp_path: Path) -> None:
    """Credentials, apps and the public address are there and fit."""
    found = by_check(check_settings(settings(tmp_path, **GOOD)))
    assert not_ok(found.values()) == {}
    assert found["settings.apps"].detail == "only app1, app2 may send"
    assert found["settings.data_dir"].detail == str(tmp_path)


def test_without_app_ids_it_says_that_all_are_accepted(tmp_path: Path) -> None:
    """That is allowed, and worth knowing."""
    finding = by_check(check_settings(settings(tmp_path)))["settings.apps"]
    assert finding.level is OK
    assert "every app id is accepted" in finding.detail
    assert finding.advice is not None


def test_without_credentials_it_says_what_makes_some(tmp_path: Path) -> None:
    """`up` does; `web` alone would not start."""
    finding = by_check(check_settings(settings(tmp_path)))["settings.credentials"]
    assert finding.level is WARNING
    assert "comethooks up" in (finding.advice or "")


@pytest.mark.parametrize(
    "credential", ["ada:with-hyphen", "a_b:Passw0rd", f"{'a' * 51}:b", f"a:{'b' * 101}"]
)
def test_credentials_that_the_dashboard_refuses_are_warned_of(
    tmp_path: Path, credential: str
) -> None:
    """It takes letters and digits, up to 50 and 100; the password is not shown."""
    finding = by_check(check_settings(settings(tmp_path, COMETHOOKS_BASIC_AUTH=credential)))[
        "settings.credentials"
    ]
    assert finding.level is WARNING
    user, _, password = credential.partition(":")
    assert finding.detail.endswith(f"of {user}")
    assert len(password) == 1 or password not in finding.detail


@pytest.mark.parametrize(
    "url, level",
    [
        ("https://chat.example.com", OK),
        ("http://chat.example.com", WARNING),
        ("https://localhost", WARNING),
        ("https://10.0.0.7", WARNING),
    ],
)
def test_a_public_address_has_to_be_public_and_https(
    tmp_path: Path, url: str, level: object
) -> None:
    """CometChat could not reach the others."""
    found = levels(check_settings(settings(tmp_path, COMETHOOKS_PUBLIC_URL=url)))
    assert found["settings.public_url"] is level


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Neither of a credential nor of a URL."""
    secrets = {
        "COMETHOOKS_BASIC_AUTH": "ada:planted1",
        "COMETHOOKS_PUBLIC_URL": "https://ada:planted2@chat.example.com",
        "REDIS_URL": "redis://ada:planted3@localhost",
        "DATABASE_URL": "postgresql://ada:planted4@localhost/x",
    }
    assert "planted" not in str(list(check_settings(settings(tmp_path, **secrets))))


def test_every_problem_of_unusable_ones_is_a_finding() -> None:
    """All together, so that nobody has to mend one to see the next."""
    found = list(unusable(["PORT: expected a number", "REDIS_URL: expected redis://"]))
    assert [finding.detail for finding in found] == [
        "PORT: expected a number",
        "REDIS_URL: expected redis://",
    ]
    assert {finding.level.value for finding in found} == {"wrong"}
