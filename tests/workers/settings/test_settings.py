"""Settings: one object from the environment, or every problem at once."""

import dataclasses
from pathlib import Path

import pytest

from comethooks.workers.settings.apps import App, ManagementKey
from comethooks.workers.settings.credentials import Credential
from comethooks.workers.settings.settings import NAMES, Settings
from tests.workers.settings.loaded import problems


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
