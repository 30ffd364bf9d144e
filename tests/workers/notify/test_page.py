"""The example of docs/notify.md does what the page says."""

import json
from pathlib import Path

import orjson

from comethooks.schemas import OURS
from comethooks.workers.ids import id_at
from comethooks.workers.notify.notices import notice_of
from comethooks.workers.notify.notify_file import read_notify_file
from comethooks.workers.notify.notify_plugin import plugin_of
from comethooks.workers.record import Kind, Record, event_of
from tests.pages import blocks
from tests.workers.notify.files import SECRET

PAGE = Path(__file__).parents[3] / "docs" / "notify.md"
NOW = 1_795_971_931_000


def completed(*tags: str) -> Record:
    """Somebody booked a slot, with a message that has these tags."""
    body = {
        "trigger": "interaction_goal_completed",
        "appId": "2345abc",
        "data": {
            "completion": {"messageId": "57", "user": "ada", "answers": {"slot": "10:30"}},
            "message": {"id": "57", "sender": "ines", "category": "interactive", "tags": [*tags]},
        },
    }
    return Record(
        kind=Kind.EVENT,
        id=id_at(NOW),
        received_at=NOW,
        source=OURS,
        trigger="interaction_goal_completed",
        name="interaction.completed",
        app_id="2345abc",
        body=orjson.dumps(body),
    )


def example(folder: Path) -> Path:
    """The file of the page, with the file that it names."""
    [block] = blocks(PAGE, "toml")
    (folder / "orders.secrets").write_text(SECRET)
    (folder / block.file).write_text(block.code)
    return folder / block.file


def test_its_handlers_are_called_as_the_page_says(tmp_path: Path) -> None:
    """Each rule and sink is one."""
    handlers = plugin_of(example(tmp_path)).handlers
    assert {each.id for each in handlers} == {
        "notify.orders",
        "notify.desk",
        "notify.orders_reported",
    }
    for each in handlers:
        assert f"`{each.id}`" in PAGE.read_text().replace("\n", " ")


def test_a_booking_is_told_as_the_page_says(tmp_path: Path) -> None:
    """And what is none is not."""
    path = example(tmp_path)
    wanting = {
        each.id: each.why_unwanted(completed("booking")) is None
        for each in plugin_of(path).handlers
    }
    assert wanting == {
        "notify.orders": True,
        "notify.desk": True,
        "notify.orders_reported": False,
    }
    assert plugin_of(path).handlers[0].why_unwanted(completed("poll")) is not None
    told = notice_of(read_notify_file(path).routes[0], event_of(completed("booking")))
    [shown] = [json.loads(block.code) for block in blocks(PAGE, "json")]
    sent = json.loads(told.body or "")
    assert list(sent) == list(shown)
    assert (sent["type"], sent["timestamp"], sent["app"], sent["text"]) == (
        shown["type"],
        shown["timestamp"],
        shown["app"],
        shown["text"],
    )
    assert sent["data"]["data"]["completion"]["user"] == "ada"
