"""Settings: one object from the environment, or every problem at once."""

import dataclasses
import os
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.settings.apps import App, ManagementKey
from comethooks.workers.settings.credentials import Credential, ensure_credentials
from comethooks.workers.settings.paths import credentials_path
from comethooks.workers.settings.settings import NAMES, Settings, SettingsError
from comethooks.workers.settings.variables import read_variables


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """An environment that names an empty data directory."""
    return {"COMETHOOKS_DATA_DIR": str(tmp_path)}


class TestDefaults:
    def test_nothing_has_to_be_set(self, data: dict[str, str], tmp_path: Path) -> None:
        settings = Settings.load(data)
        assert settings == Settings(
            basic_auth=(),
            interaction_keys=(),
            app_ids=frozenset(),
            apps=(),
            api_url="https://{appId}.api-{region}.cometchat.io/v3",
            api_plan="paid",
            media_hosts=(),
            management=None,
            redis_url=f"unix://{tmp_path}/valkey/valkey.sock",
            redis_replicas=0,
            host=None,
            server=None,
            database_pool=10,
            database_url=f"sqlite:///{tmp_path}/comethooks.db",
            bind=(),
            port=8000,
            public_status=False,
            web_concurrency=2,
            data_dir=tmp_path,
            public_url="http://127.0.0.1:8000",
            trusted_proxies=0,
            workers=settings.workers,
            threads=16,
            partitions=None,
            handler_timeout=30.0,
            duplicate_window=86_400,
            max_body=1_048_576,
            max_backlog_bytes=512_000_000,
            allow_loss=False,
            decision_budget_ms=800,
            on_decision_failure="allow",
            drop_answer='{"action":"do_not_propagate"}',
            annotations="plain",
            key_prefix="comethooks:",
            retention_days=30,
            payload_retention_days=30,
            run_retention_days=30,
            figure_minute_days=7,
            figure_hour_days=90,
            figure_export=(
                "messages.sent",
                "messages.edited",
                "messages.deleted",
                "receipts.read",
                "latency.delivered",
                "reactions.added",
                "calls.started",
                "calls.missed",
                "moderation.decided",
                "events",
            ),
            strict_triggers=frozenset(),
            lenient_triggers=frozenset(),
            drop_secrets=False,
            count_only=frozenset(),
            plugins=(),
            plugin_dir=tmp_path / "plugins",
            disabled_plugins=frozenset(),
            missing_plugin_wait=86_400.0,
            silence_after="auto",
            import_timeout=10.0,
            passed_credentials=frozenset(),
            notify_file=None,
            moderation_rules=None,
            spool_dir=None,
            spool_max_bytes=1_000_000_000,
            log_format="auto",
        )
        assert 1 <= settings.workers <= (os.cpu_count() or 1)

    def test_the_data_directory_is_below_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Settings.load({}).data_dir == tmp_path / ".comethooks"

    def test_the_public_url_has_the_port(self, data: dict[str, str]) -> None:
        assert Settings.load(data | {"PORT": "9000"}).public_url == "http://127.0.0.1:9000"

    @pytest.mark.parametrize(
        ("bind", "shown", "port", "url"),
        [
            ("10.0.0.5:8001", "10.0.0.5:8001", 8001, "http://10.0.0.5:8001"),
            ("0.0.0.0", "0.0.0.0:9000", 9000, "http://127.0.0.1:9000"),
            ("[::1]:80", "[::1]:80", 80, "http://[::1]:80"),
            ("[::]:80, 10.0.0.5", "[::]:80,10.0.0.5:9000", 80, "http://[::1]:80"),
        ],
    )
    def test_where_it_listens_says_the_binding_before_the_port(
        self, data: dict[str, str], bind: str, shown: str, port: int, url: str
    ) -> None:
        settings = Settings.load(data | {"COMETHOOKS_BIND": bind, "PORT": "9000"})
        assert ",".join(map(str, settings.bind)) == shown
        assert (settings.port, settings.public_url) == (port, url)

    def test_a_binding_that_cannot_be_used_is_told_in_words(self, data: dict[str, str]) -> None:
        [problem] = problems(data | {"COMETHOOKS_BIND": "8000"})
        assert problem.startswith('COMETHOOKS_BIND is "8000": expected a host or host:port')

    def test_an_empty_value_counts_as_unset(self, data: dict[str, str]) -> None:
        """Compose files and CI pass on empty variables."""
        empty = dict.fromkeys(NAMES.values(), "") | {f"{name}_FILE": " " for name in NAMES.values()}
        assert Settings.load(empty | data) == Settings.load(data)

    def test_redis_py_reads_the_socket_path_that_was_meant(self, tmp_path: Path) -> None:
        """Also one with characters that mean something in a URL."""
        settings = Settings.load({"COMETHOOKS_DATA_DIR": "/d/50%#?"})
        kwargs = Redis.from_url(settings.redis_url).connection_pool.connection_kwargs
        assert kwargs["path"] == "/d/50%#?/valkey/valkey.sock"

    def test_the_environment_of_the_process_is_read_by_default(
        self, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COMETHOOKS_DATA_DIR", data["COMETHOOKS_DATA_DIR"])
        monkeypatch.setenv("PORT", "8123")
        assert Settings.load().port == 8123
        assert Settings.load(data).port == 8000


class TestValues:
    def test_each_is_read(self, tmp_path: Path) -> None:
        settings = Settings.load(
            {
                "COMETHOOKS_BASIC_AUTH": "new:one,old:two",
                "COMETHOOKS_APP_IDS": "app1, app2",
                "REDIS_URL": "redis://r:6380/2",
                "DATABASE_URL": "postgres://u:p@db/chat",
                "PORT": "80",
                "WEB_CONCURRENCY": "4",
                "COMETHOOKS_DATA_DIR": f"{tmp_path}/x/../y",
                "COMETHOOKS_PUBLIC_URL": "https://chat.example.com/",
                "COMETHOOKS_TRUSTED_PROXIES": "1",
                "COMETHOOKS_WORKERS": "3",
                "COMETHOOKS_THREADS": "5",
                "COMETHOOKS_PARTITIONS": "32",
                "COMETHOOKS_HANDLER_TIMEOUT": "1500ms",
                "COMETHOOKS_DUPLICATE_WINDOW": "2h",
                "COMETHOOKS_MAX_BODY": "512kB",
                "COMETHOOKS_MAX_BACKLOG_BYTES": "2000",
                "COMETHOOKS_STRICT_TRIGGERS": "message_sent, message_edited",
                "COMETHOOKS_DROP_SECRETS": "true",
                "COMETHOOKS_COUNT_ONLY": "message_read_receipt",
                "COMETHOOKS_PLUGINS": "a.b:c,d:e",
                "COMETHOOKS_PLUGIN_DIR": "/srv/plugins",
                "COMETHOOKS_DISABLED_PLUGINS": "a,b",
                "COMETHOOKS_LOG_FORMAT": "json",
            }
        )
        assert settings.basic_auth == (Credential("new", "one"), Credential("old", "two"))
        assert settings.app_ids == {"app1", "app2"}
        assert settings.database_url == "postgresql+psycopg://u:p@db/chat"
        assert settings.data_dir == tmp_path / "y"
        assert settings.public_url == "https://chat.example.com"
        assert (settings.handler_timeout, settings.duplicate_window) == (1.5, 7200)
        assert (settings.max_body, settings.max_backlog_bytes) == (512_000, 2000)
        assert settings.strict_triggers == {"message_sent", "message_edited"}
        assert settings.drop_secrets is True
        assert settings.count_only == {"message_read_receipt"}
        assert settings.plugins == ("a.b:c", "d:e")
        assert settings.plugin_dir == Path("/srv/plugins")
        assert settings.disabled_plugins == {"a", "b"}
        assert (settings.port, settings.web_concurrency, settings.trusted_proxies) == (80, 4, 1)
        assert (settings.workers, settings.threads, settings.partitions) == (3, 5, 32)
        assert settings.log_format == "json"
        assert settings.redis_url == "redis://r:6380/2"

    def test_how_messages_in_flight_are_decided_on(self, data: dict[str, str]) -> None:
        """The answer that drops one is sent as it is written."""
        settings = Settings.load(
            data
            | {
                "COMETHOOKS_DECISION_BUDGET_MS": "1500",
                "COMETHOOKS_ON_DECISION_FAILURE": "defer",
                "COMETHOOKS_DROP_ANSWER": '{ "drop" : true }',
                "COMETHOOKS_ANNOTATIONS": "wrapped",
            }
        )
        assert (settings.decision_budget_ms, settings.on_decision_failure) == (1500, "defer")
        assert (settings.drop_answer, settings.annotations) == ('{ "drop" : true }', "wrapped")

    def test_how_they_cannot_be_decided_on(self, data: dict[str, str]) -> None:
        """CometChat waits for 2 seconds, and takes an object for an answer."""
        wrong = {
            "COMETHOOKS_DECISION_BUDGET_MS": "49",
            "COMETHOOKS_ON_DECISION_FAILURE": "block",
            "COMETHOOKS_DROP_ANSWER": "[1]",
            "COMETHOOKS_ANNOTATIONS": "both",
        }
        assert problems(data | wrong) == (
            'COMETHOOKS_DECISION_BUDGET_MS is "49": expected a whole number from 50 to 1500',
            'COMETHOOKS_ON_DECISION_FAILURE is "block": expected allow, drop or defer',
            'COMETHOOKS_DROP_ANSWER is "[1]": expected a JSON object such as'
            ' {"action":"do_not_propagate"}',
            'COMETHOOKS_ANNOTATIONS is "both": expected plain or wrapped',
        )

    def test_they_cannot_be_changed(self, data: dict[str, str]) -> None:
        settings = Settings.load(data)
        with pytest.raises(dataclasses.FrozenInstanceError):
            settings.port = 1  # type: ignore[misc]
        with pytest.raises(TypeError):
            settings.environ["PORT"] = "1"  # type: ignore[index]

    def test_the_environment_is_kept_for_plugins_as_it_was(self, data: dict[str, str]) -> None:
        given = data | {"COMETHOOKS_WELCOME_CHANNEL": "x"}
        settings = Settings.load(given)
        given.clear()
        assert settings.environ["COMETHOOKS_WELCOME_CHANNEL"] == "x"

    def test_every_field_has_a_variable(self) -> None:
        """The one of the management API has two."""
        fields = {field.name for field in dataclasses.fields(Settings)}
        two = {"management_key", "management_secret"}
        assert set(NAMES) == fields - {"environ", "management"} | two


class TestApps:
    def test_each_has_an_id_a_region_and_perhaps_a_key(self, data: dict[str, str]) -> None:
        settings = Settings.load(data | {"COMETHOOKS_APPS": "a1:eu:k1, b2:US"})
        assert settings.apps == (App("a1", "eu", "k1"), App("b2", "us"))

    def test_they_are_let_in_with_those_of_which_only_the_id_is_known(
        self, data: dict[str, str]
    ) -> None:
        """Naming an app in one setting does not lock out those of the other."""
        assert Settings.load(data | {"COMETHOOKS_APPS": "a1:eu"}).app_ids == {"a1"}
        both = data | {"COMETHOOKS_APPS": "a1:eu,b2:in", "COMETHOOKS_APP_IDS": "c3,a1"}
        assert Settings.load(both).app_ids == {"a1", "b2", "c3"}

    def test_without_any_every_app_is_let_in(self, data: dict[str, str]) -> None:
        assert Settings.load(data).app_ids == frozenset()


class TestManagement:
    GIVEN = {"COMETCHAT_MGMT_KEY": "opener", "COMETCHAT_MGMT_SECRET": "hush"}

    def test_it_is_a_key_and_its_secret(self, data: dict[str, str]) -> None:
        assert Settings.load(data | self.GIVEN).management == ManagementKey("opener", "hush")

    @pytest.mark.parametrize("missing", GIVEN)
    def test_one_without_the_other_is_a_problem(self, missing: str, data: dict[str, str]) -> None:
        """The key alone opens nothing; it would fail only when somebody registers."""
        [given] = self.GIVEN.keys() - {missing}
        assert problems(data | self.GIVEN | {missing: ""}) == (
            f"{missing} is not set, and {given} is: the management API needs both",
        )

    def test_a_file_that_cannot_be_read_is_the_only_problem(self, data: dict[str, str]) -> None:
        """The setting that it belongs to is not called missing on top."""
        given = {
            "COMETCHAT_MGMT_KEY": "opener",
            "COMETCHAT_MGMT_SECRET_FILE": "/nowhere/to/be/found",
        }
        [problem] = problems(data | given)
        assert problem.startswith("COMETCHAT_MGMT_SECRET_FILE: ")


class TestRetention:
    def test_details_are_kept_as_long_as_their_event_unless_that_is_said(
        self, data: dict[str, str]
    ) -> None:
        assert days(data) == (30, 30, 30)
        assert days(data | {"COMETHOOKS_RETENTION_DAYS": "90"}) == (90, 90, 90)
        shorter = {"COMETHOOKS_PAYLOAD_RETENTION_DAYS": "7", "COMETHOOKS_RUN_RETENTION_DAYS": "14"}
        assert days(data | shorter) == (30, 7, 14)

    def test_details_are_never_kept_longer(self, data: dict[str, str]) -> None:
        """Once the event is gone, they are too."""
        longer = {"COMETHOOKS_PAYLOAD_RETENTION_DAYS": "400", "COMETHOOKS_RUN_RETENTION_DAYS": "31"}
        assert days(data | longer) == (30, 30, 30)

    def test_a_wrong_number_is_reported_once(self, data: dict[str, str]) -> None:
        """The two that follow it are not to blame."""
        problem = "expected a whole number from 1 to 36500"
        assert problems(data | {"COMETHOOKS_RETENTION_DAYS": "0"}) == (
            f'COMETHOOKS_RETENTION_DAYS is "0": {problem}',
        )
        assert problems(data | {"COMETHOOKS_RUN_RETENTION_DAYS": "ever"}) == (
            f'COMETHOOKS_RUN_RETENTION_DAYS is "ever": {problem}',
        )


def days(environ: dict[str, str]) -> tuple[int, int, int]:
    """How long events, payloads and tracebacks are kept."""
    settings = Settings.load(environ)
    return settings.retention_days, settings.payload_retention_days, settings.run_retention_days


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


class TestExportedFigures:
    def test_they_are_told_in_the_order_in_which_they_are_named(self, data: dict[str, str]) -> None:
        settings = Settings.load(data | {"COMETHOOKS_FIGURE_EXPORT": "events, calls.missed"})
        assert settings.figure_export == ("events", "calls.missed")

    @pytest.mark.parametrize(
        "written, said",
        [
            ("events,message.sent", "message.sent is no metric; did you mean messages.sent?"),
            ("nothing", "nothing is no metric; see: comethooks analytics metrics"),
            (
                "users.active",
                "users.active is not counted by minute, and only such figures are told",
            ),
        ],
    )
    def test_what_is_not_counted_by_minute_is_refused(
        self, written: str, said: str, data: dict[str, str]
    ) -> None:
        """The nearest that is comes with it."""
        name = "COMETHOOKS_FIGURE_EXPORT"
        assert problems(data | {name: written}) == (f'{name} is "{written}": {said}',)


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
