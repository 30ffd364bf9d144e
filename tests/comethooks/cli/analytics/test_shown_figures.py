"""`comethooks analytics`: figures as tables, JSON lines and CSV, and why there may be none."""

import csv
import io
from collections.abc import Callable

import pytest

from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import KeptBuckets, iso
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.pseudo_terminal import shown_on_terminal
from tests.comethooks.cli.store import Store
from tests.webhooks.samples import message

HOUR = 3_600_000
NOW = now_ms()


@pytest.fixture
def counted(store: Store) -> Callable[..., None]:
    """Has so many messages counted, of an app, that came so many hours ago."""

    def count(number: int = 1, *, app: str = "app1", hours_ago: float = 0) -> None:
        at = NOW - int(hours_ago * HOUR)
        for _ in range(number):
            store.journalled(at=at, app_id=app, occurred_at=at)
        while store.journal.figures.fold(KeptBuckets({})):
            pass

    return count


def start_of_hour(hours_ago: int = 0) -> str:
    """The beginning of an hour as ISO text."""
    at = NOW - hours_ago * HOUR
    return iso(at - at % HOUR)


def test_a_figure_is_a_line_of_json(command: Command, counted: Callable[..., None]) -> None:
    """When its bucket begins, of which app, what, and how many."""
    counted(2, hours_ago=3)
    assert command.json("analytics", "show", "--metric", "messages.sent") == [
        {
            "bucket": start_of_hour(3),
            "app_id": None,
            "metric": "messages.sent",
            "labels": {},
            "value": 2,
        }
    ]


def test_what_is_told_apart_has_labels_and_an_app(
    command: Command, counted: Callable[..., None]
) -> None:
    """By one or by several; --app asks for one app."""
    counted(2)
    counted(3, app="app2")
    asked = ("analytics", "show", "--metric", "messages.sent")
    found = command.json(*asked, "--by", "kind", "--by", "app")
    assert [(each["app_id"], each["labels"], each["value"]) for each in found] == [
        ("app1", {"kind": "group"}, 2),
        ("app2", {"kind": "group"}, 3),
    ]
    [of_one] = command.json(*asked, "--app", "app2")
    assert (of_one["app_id"], of_one["value"]) == ("app2", 3)


def test_without_a_metric_all_are_shown(command: Command, counted: Callable[..., None]) -> None:
    """In a table those that came to something."""
    counted(2)
    found = {each["metric"]: each["value"] for each in command.json("analytics", "show")}
    assert found == {"messages.sent": 2, "users.active": 1, "events": 2}
    shown = command("analytics", "show").stdout.splitlines()
    assert [row.split()[0] for row in shown] == ["METRIC", *found]


def test_a_size_fits_the_time_unless_it_is_given(
    command: Command, counted: Callable[..., None]
) -> None:
    """Hours, and days where more than three are shown."""
    counted(1, hours_ago=24 * 9)
    counted(1)
    asked = ("analytics", "show", "--metric", "messages.sent")
    assert [each["bucket"] for each in command.json(*asked)] == [start_of_hour()]
    days = command.json(*asked, "--since", "10d")
    assert [each["bucket"][10:] for each in days] == ["T00:00:00.000Z"] * 2
    hours = command.json(*asked, "--since", "10d", "--size", "hour")
    assert [each["bucket"] for each in hours] == [start_of_hour(24 * 9), start_of_hour()]
    assert command.json(*asked, "--since", "10d", "--until", "1d") == days[:1]


def test_what_cometchat_tells_in_part_says_so(command: Command, store: Store) -> None:
    """In JSON with a sentence, in CSV with a word, and below a table."""
    store.journalled(at=NOW, name="receipt.read", trigger="message_read_receipt", occurred_at=NOW)
    store.journal.figures.fold(KeptBuckets({}))
    asked = ("analytics", "show", "--metric", "receipts.read")
    [found] = command.json(*asked)
    assert found["partial"] is True
    assert found["why"] == METRICS["receipts.read"].partial
    assert found["why"] in command(*asked).stderr
    assert command(*asked, "--csv").stdout.splitlines()[1].endswith('"yes"')
    assert "receipts.read *" in command("analytics", "show").stdout


def test_csv_has_a_column_for_each_label(command: Command, counted: Callable[..., None]) -> None:
    """Below a line of names; what is of all apps has none."""
    counted(2)
    done = command("analytics", "show", "--metric", "messages.sent", "--by", "type", "--csv")
    assert list(csv.DictReader(io.StringIO(done.stdout))) == [
        {
            "bucket": start_of_hour(),
            "app_id": "",
            "metric": "messages.sent",
            "type": "text",
            "value": "2",
            "partial": "no",
        }
    ]


@pytest.mark.parametrize(
    "options, sentence",
    [
        (("--metric", "message.sent"), "did you mean messages.sent"),
        (("--metric", "xyz"), "comethooks analytics metrics"),
        (("--metric", "events", "--by", "type"), "--by may be trigger or app"),
        (("--by", "type"), "--by needs --metric"),
        (("--metric", "users.active", "--size", "minute"), "--size may be hour, day or month"),
        (("--size", "week"), "'week' is not one of"),
        (("--since", "2999-01-01"), "--since is in the future"),
        (("--since", "1h", "--until", "2h"), "--since is not before --until"),
        (("--csv", "--json"), "give one"),
    ],
)
def test_what_cannot_be_shown_is_wrong_use_and_says_what_can(
    command: Command, options: tuple[str, ...], sentence: str
) -> None:
    done = command("analytics", "show", *options)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_finding_nothing_is_no_failure(command: Command, store: Store) -> None:
    """It says where to look."""
    assert store
    done = command("analytics", "show")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "comethooks analytics metrics" in done.stderr


def test_it_says_when_nothing_is_counted(command: Command, counted: Callable[..., None]) -> None:
    """Since somebody disabled that; what was counted before is shown."""
    counted()
    done = command("analytics", "show", COMETHOOKS_DISABLED_PLUGINS="analytics")
    assert "messages.sent" in done.stdout
    assert "COMETHOOKS_DISABLED_PLUGINS" in done.stderr


def test_it_says_when_what_came_last_waits_for_a_worker(command: Command, store: Store) -> None:
    """Not when nothing waits, nor when a worker is about to count it."""
    store.journalled(at=NOW, occurred_at=NOW)
    said = command("analytics", "show").stderr
    assert "not counted yet" in said
    assert "comethooks worker" in said
    store.journal.figures.fold(KeptBuckets({}))
    assert "not counted yet" not in command("analytics", "show").stderr


@pytest.mark.parametrize(
    "since, size, setting",
    [("8d", "minute", "MINUTE"), ("91d", "hour", "HOUR"), ("6d", "minute", ""), ("91d", "day", "")],
)
def test_it_says_for_how_long_a_size_is_kept(
    command: Command, counted: Callable[..., None], since: str, size: str, setting: str
) -> None:
    """When somebody asks for more than that."""
    counted()
    said = command("analytics", "show", "--since", since, "--size", size).stderr
    assert (f"COMETHOOKS_FIGURE_{setting}_DAYS" in said) == bool(setting)


def test_the_metrics_are_listed(command: Command) -> None:
    """With their labels; in JSON with the sizes that they are counted by, and why in part."""
    lines = command("analytics", "metrics").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["METRIC", *METRICS]
    found = {each["metric"]: each for each in command.json("analytics", "metrics")}
    assert found["latency.read"]["labels"] == ["kind", "quantile"]
    assert found["users.active"]["sizes"] == ["hour", "day", "month"]
    assert found["receipts.read"]["partial"] is True
    assert "partial" not in found["messages.sent"]


def test_a_stranger_cannot_write_to_the_terminal(command: Command, store: Store) -> None:
    """What an app sends as a type is a label, and nothing that a terminal obeys."""
    sent = message()
    sent["data"]["type"] = "\x1b[2Jhi"
    store.settle(store.record(sent, at=NOW, occurred_at=NOW))
    store.journal.figures.fold(KeptBuckets({}))
    asked = ("analytics", "show", "--metric", "messages.sent", "--by", "type")
    for more in ((), ("--csv",)):
        shown = "\n".join(shown_on_terminal(command, 100, *asked, *more))
        assert "hi" in shown
        assert "\x1b" not in shown
