"""Where settings are read from, and what is said of those that are wrong."""

from pathlib import Path

import pytest

from comethooks.workers.settings.credentials import Credential, ensure_credentials
from comethooks.workers.settings.paths import credentials_path
from comethooks.workers.settings.settings import NAMES, Settings, SettingsError
from comethooks.workers.settings.variables import read_variables
from tests.workers.settings.loaded import problems


class TestFiles:
    def test_a_value_can_be_in_a_file(self, data: dict[str, str], tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text("  u:hush\n")
        settings = Settings.load(data | {"COMETHOOKS_BASIC_AUTH_FILE": str(file)})
        assert settings.basic_auth == (Credential("u", "hush"),)

    @pytest.mark.parametrize("name", NAMES.values())
    def test_every_setting_can(self, name: str, data: dict[str, str], tmp_path: Path) -> None:
        """What is missing is reported for each, under its own name."""
        [problem] = problems(data | {f"{name}_FILE": str(tmp_path / "none")} | {name: ""})
        assert problem == f"{name}_FILE: the file cannot be read: No such file or directory"

    def test_both_at_once_are_a_problem(self, data: dict[str, str], tmp_path: Path) -> None:
        assert problems(data | {"PORT": "1", "PORT_FILE": str(tmp_path)}) == (
            "PORT and PORT_FILE are both set: unset one of them",
        )

    def test_an_empty_file_is_a_problem(self, data: dict[str, str], tmp_path: Path) -> None:
        """An empty list of app ids would let in every app."""
        (tmp_path / "ids").write_text("\n")
        assert problems(data | {"COMETHOOKS_APP_IDS_FILE": str(tmp_path / "ids")}) == (
            "COMETHOOKS_APP_IDS_FILE: the file is empty",
        )

    def test_a_file_that_is_no_text_is_a_problem(
        self, data: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
        [problem] = problems(data | {"PORT_FILE": str(tmp_path / "binary")})
        assert problem == "PORT_FILE: that is no text file"

    def test_a_secret_in_the_place_of_its_path_is_not_shown(self, data: dict[str, str]) -> None:
        """An easy mistake, and the message ends up in a log."""
        [problem] = problems(data | {"COMETHOOKS_BASIC_AUTH_FILE": "u:hush"})
        assert "hush" not in problem

    def test_a_wrong_value_in_a_file_is_not_quoted(
        self, data: dict[str, str], tmp_path: Path
    ) -> None:
        """The path may be that of another secret."""
        (tmp_path / "port").write_text("hush")
        [problem] = problems(data | {"PORT_FILE": str(tmp_path / "port")})
        assert problem == "PORT: expected a whole number from 1 to 65535"


class TestKeptCredentials:
    def test_they_are_used_when_none_are_set(self, data: dict[str, str], tmp_path: Path) -> None:
        made = ensure_credentials(tmp_path)
        assert Settings.load(data).basic_auth == (made,)

    def test_those_that_are_set_come_first(self, data: dict[str, str], tmp_path: Path) -> None:
        ensure_credentials(tmp_path)
        settings = Settings.load(data | {"COMETHOOKS_BASIC_AUTH": "u:p"})
        assert settings.basic_auth == (Credential("u", "p"),)

    def test_a_damaged_file_is_a_problem(self, data: dict[str, str], tmp_path: Path) -> None:
        credentials_path(tmp_path).write_text("hush")
        [problem] = problems(data)
        assert str(credentials_path(tmp_path)) in problem
        assert "entry 1 is not user:password" in problem
        assert "hush" not in problem

    def test_one_that_cannot_be_read_is_a_problem(
        self, data: dict[str, str], tmp_path: Path
    ) -> None:
        credentials_path(tmp_path).mkdir()
        assert problems(data) == (
            f"the file {credentials_path(tmp_path)} cannot be read: Is a directory",
        )


class TestStrictAndLenient:
    @pytest.mark.parametrize(
        "strict, lenient",
        [
            ("*", "message_sent"),
            ("message_sent", "*"),
            ("user_blocked", "message_sent, call_started"),
        ],
    )
    def test_a_name_may_stand_beside_all_others(
        self, strict: str, lenient: str, data: dict[str, str]
    ) -> None:
        """It comes first."""
        settings = Settings.load(
            data | {"COMETHOOKS_STRICT_TRIGGERS": strict, "COMETHOOKS_LENIENT_TRIGGERS": lenient}
        )
        assert settings.strict_triggers == {strict}
        assert settings.lenient_triggers == set(lenient.split(", "))

    @pytest.mark.parametrize("name", ["COMETHOOKS_STRICT_TRIGGERS", "COMETHOOKS_LENIENT_TRIGGERS"])
    @pytest.mark.parametrize(
        "written, said",
        [
            ("message_snet", "message_snet is no trigger; did you mean message_sent?"),
            ("*, message.sent", "message.sent is no trigger; did you mean message_sent?"),
            ("plugin.*", "plugin.* is no trigger; see: comethooks triggers"),
            ("nothing", "nothing is no trigger; see: comethooks triggers"),
        ],
    )
    def test_an_unknown_name_is_refused_with_the_nearest(
        self, name: str, written: str, said: str, data: dict[str, str]
    ) -> None:
        """It would change nothing, and nobody would know."""
        assert problems(data | {name: written}) == (f'{name} is "{written}": {said}',)

    @pytest.mark.parametrize("both", ["message_sent", "*"])
    def test_none_is_both(self, both: str, data: dict[str, str]) -> None:
        """A body is held to the schemas, or let through."""
        names = ("COMETHOOKS_STRICT_TRIGGERS", "COMETHOOKS_LENIENT_TRIGGERS")
        assert problems(data | dict.fromkeys(names, both)) == (
            f"{names[0]} and {names[1]} both name {both}; take it out of one of them",
        )


class TestProblems:
    def test_all_are_reported_together_with_what_to_do(self, data: dict[str, str]) -> None:
        found = problems(
            data
            | {
                "COMETHOOKS_BASIC_AUTH": "nobody",
                "COMETHOOKS_APP_IDS": ",",
                "COMETHOOKS_APPS": "a1:eu,b2",
                "COMETCHAT_MGMT_KEY": "opener",
                "COMETHOOKS_DROP_SECRETS": "maybe",
                "COMETHOOKS_STRICT_TRIGGERS": ",",
                "COMETHOOKS_LENIENT_TRIGGERS": ",",
                "COMETHOOKS_COUNT_ONLY": ",",
                "REDIS_URL": "http://r",
                "DATABASE_URL": "mysql://db",
                "PORT": "70000",
                "WEB_CONCURRENCY": "0",
                "COMETHOOKS_PUBLIC_URL": "chat",
                "COMETHOOKS_TRUSTED_PROXIES": "-1",
                "COMETHOOKS_WORKERS": "two",
                "COMETHOOKS_THREADS": "0",
                "COMETHOOKS_PARTITIONS": "0",
                "COMETHOOKS_HANDLER_TIMEOUT": "0",
                "COMETHOOKS_DUPLICATE_WINDOW": "0.5s",
                "COMETHOOKS_MAX_BODY": "0",
                "COMETHOOKS_MAX_BACKLOG_BYTES": "lots",
                "COMETHOOKS_LOG_FORMAT": "xml",
                "COMETHOOKS_PLUGINS_FILE": "/nowhere/to/be/found",
            }
        )
        assert len(found) == 23
        assert 'PORT is "70000": expected a whole number from 1 to 65535' in found
        assert 'COMETHOOKS_DROP_SECRETS is "maybe": expected true or false' in found
        assert 'COMETHOOKS_LOG_FORMAT is "xml": expected auto, console or json' in found
        assert 'COMETHOOKS_HANDLER_TIMEOUT is "0": expected at least 0.001 s' in found
        assert 'COMETHOOKS_TRUSTED_PROXIES is "-1": expected a whole number of at least 0' in found

    def test_one_is_counted_as_one(self) -> None:
        assert str(SettingsError(["a"])).startswith("1 setting cannot be used:")
        assert str(SettingsError(["a", "b"])) == "2 settings cannot be used:\n  a\n  b"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("COMETHOOKS_BASIC_AUTH", "u:fine,hush"),
            ("COMETHOOKS_APPS", "a1:eu:hush,b2"),
            ("COMETHOOKS_APPS", "a1:eu:hush,a1:us"),
            ("COMETCHAT_MGMT_KEY", "hush"),
            ("COMETCHAT_MGMT_SECRET", "hush"),
            ("REDIS_URL", "redis://:hush@h:port"),
            ("REDIS_URL", "hush"),
            ("DATABASE_URL", "mysql://u:hush@h/d"),
            ("DATABASE_URL", "postgres://u:hush/x@h/d"),
            ("COMETHOOKS_PUBLIC_URL", "ftp://u:hush@h"),
        ],
    )
    def test_a_secret_is_not_quoted(self, name: str, value: str, data: dict[str, str]) -> None:
        assert "hush" not in " ".join(problems(data | {name: value}))

    def test_nothing_hides_behind_the_error(self, data: dict[str, str]) -> None:
        """A traceback that is printed shows the causes too."""
        with pytest.raises(SettingsError) as caught:
            Settings.load(data | {"COMETHOOKS_BASIC_AUTH": "hush"})
        link: BaseException | None = caught.value
        while link is not None:
            assert "hush" not in str(link)
            link = link.__cause__ or link.__context__


class TestMasking:
    SECRETS = {
        "COMETHOOKS_BASIC_AUTH": "u:hush,v:hush2",
        "COMETHOOKS_APPS": "a1:eu:hush,b2:us",
        "COMETCHAT_MGMT_KEY": "hush",
        "COMETCHAT_MGMT_SECRET": "hush",
        "REDIS_URL": "redis://:hush@r:6379/0?password=hush",
        "DATABASE_URL": "postgres://u:hush@db/chat",
        "COMETHOOKS_WELCOME_TOKEN": "hush",
    }

    def test_no_output_shows_a_secret(self, data: dict[str, str]) -> None:
        settings = Settings.load(data | self.SECRETS)
        assert "hush" not in f"{settings!r} {settings} {[settings]}"

    def test_the_rest_is_shown(self, data: dict[str, str]) -> None:
        shown = repr(Settings.load(data | self.SECRETS | {"COMETHOOKS_APP_IDS": "b,a"}))
        assert "basic_auth='u:***, v:***'" in shown
        assert "redis_url='redis://:***@r:6379/0?password=***'" in shown
        assert "database_url='postgresql+psycopg://u:***@db/chat'" in shown
        assert "app_ids='a, a1, b, b2'" in shown
        assert "apps='a1:eu:***, b2:us'" in shown
        assert "management='ManagementKey(***)'" in shown


def test_variables_are_read_by_name_with_their_problems(tmp_path: Path) -> None:
    """Plugins read theirs in the same way."""
    (tmp_path / "b").write_text("two")
    environ = {"A": " one ", "B_FILE": str(tmp_path / "b"), "C_FILE": str(tmp_path / "c"), "D": ""}
    texts, unread = read_variables(environ, ["A", "B", "C", "D", "E"])
    assert texts == {"A": "one", "B": "two"}
    assert list(unread) == ["C"]
