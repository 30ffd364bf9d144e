"""`comethooks interactions funnel`: it equals a plain count over the events that are exported."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pytest

from comethooks.testing import Harness
from comethooks.testing import harness as harness_module
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.journal import Journal
from tests import servers
from tests.comethooks.cli.conftest import Command
from tests.tables import make_tables
from tests.workers.interactions.bodies import message, press

APPS = ("2611fa0c", "other")
TAGS = ("booking", "survey")
STEPS = ("seen", "interacted", "completed")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a journal with its tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/seen.db"
        make_tables(url)
        yield url
        return
    with servers.postgres_schema(request.getfixturevalue("postgres_server")) as schema:
        make_tables(schema)
        yield schema


@pytest.fixture
def harness(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """Delivers events, and keeps them in that journal."""

    class Opened:
        """In place of the journal that nobody else knows."""

        def __init__(self) -> None:
            self.journal = Journal.open(url, durable=not url.startswith("sqlite"))
            self.close = self.journal.close

    monkeypatch.setattr(harness_module, "JournalFile", Opened)
    with closing(Harness()) as made:
        yield made


def of_app(app: str, body: dict[str, Any]) -> dict[str, Any]:
    """A body of that app, under whichever key it has it."""
    return {**body, **{key: app for key in ("appId", "appID") if key in body}}


def receipt(number: int, reader: str, group: str | None) -> dict[str, Any]:
    """Somebody has read up to a message."""
    return {
        "trigger": "message_read_receipt",
        "appId": APPS[0],
        "data": {
            "type": "receipts",
            "sender": reader,
            "messageSender": "ines",
            "receiver": group or "ines",
            "receiverType": "group" if group else "user",
            "body": {"action": "read", "messageId": str(number), "user": {"uid": reader}},
        },
    }


def card(number: int, action: str, at: int) -> dict[str, Any]:
    """A card with one button, of the other app."""
    button = {"id": "go", "type": "button", "action": {"type": action, "url": "https://x.example"}}
    body = of_app(APPS[1], message(id=str(number)))
    body["data"]["message"] |= {
        "category": "card",
        "type": "text",
        "sentAt": at,
        "updatedAt": at,
        "tags": [TAGS[0]],
        "data": {"text": "Go", "card": {"version": "1.0", "body": [button]}},
    }
    return body


def happen(harness: Harness) -> None:
    """Messages with and without tags, to omar and to a group, in two apps, and what follows; and
    two cards, of which one calls nobody.
    """
    random = Random(13)
    for number in range(6, 24):  # one digit and two: numbers do not sort as texts do
        app, group = random.choice(APPS), random.choice((None, "hikers"))
        body = of_app(app, message("name", "submit", group=group, id=str(number)))
        sent = body["data"]["message"]
        sent |= {"sentAt": harness.clock() // 1000, "updatedAt": harness.clock() // 1000}
        sent["tags"] = random.sample(TAGS, random.randrange(3))
        harness.deliver(plugin, body=body)
        harness.clock.advance(random.randrange(1, 40))
        for user in ("omar", "ines", "zoe"):
            about = {"user": user, "message": str(number)}
            if random.random() < 0.4:
                body = of_app(app, receipt(number, user, group))
                harness.deliver(plugin, body=body, allow_unhandled=True)
            if random.random() < 0.8:
                harness.deliver(plugin, body=of_app(app, press("name", **about)))
                harness.clock.advance(random.randrange(1, 40))
            if random.random() < 0.7:
                harness.deliver(plugin, body=of_app(app, press("submit", **about)))
        if random.random() < 0.2:
            deleted = message(group=group, id=str(number), trigger="message_deleted")
            deleted["data"]["message"]["deletedAt"] = harness.clock() // 1000
            harness.deliver(plugin, body=of_app(app, deleted))
        harness.clock.advance(3600)
    for number, action in enumerate(("apiCall", "openUrl"), 24):
        harness.deliver(plugin, body=card(number, action, harness.clock() // 1000))


def counted(lines: list[dict[str, Any]], **asked: str) -> dict[str, Any]:
    """The funnel, counted by hand over exported events."""
    sent, deleted, read, pressed, done = {}, set(), [], set(), {}
    for line in lines:
        data, app = json.loads(line["body"])["data"], line["app_id"]
        shown = data.get("message", {})
        if line["name"] == "message.sent" and "openUrl" not in line["body"]:
            if asked.get("tag") in (None, *shown["tags"]) and asked.get("app") in (None, app):
                sent[app, shown["id"]] = shown
        elif line["name"] == "message.deleted":
            deleted.add((app, shown["id"]))
        elif line["name"] == "receipt.read":
            told = data["body"]
            read.append((app, line["conversation_id"], int(told["messageId"]), line["sender"]))
        elif line["name"] == "interaction.received":
            pressed.add((app, str(data["messageId"]), data["interactedBy"]))
        elif line["name"] == "interaction.completed":
            told = data["completion"]
            at = max(each["interactedAt"] for each in told["interactions"])
            done[app, told["messageId"], told["user"]] = at
    seen = {
        (app, number, reader)
        for (app, number), shown in sent.items()
        for read_in, conversation, last, reader in read
        if (read_in, conversation) == (app, shown["conversationId"])
        if last >= int(number) and reader != "ines"
    }
    completed = {each: at for each, at in done.items() if each[:2] in sent}
    interacted = set(completed) | {
        (app, number, user)
        for app, number, user in pressed
        if (app, number) in sent and (app, number) not in deleted and user != "ines"
        if sent[app, number]["receiverType"] == "group" or user == "omar"
    }
    took = [at / 1000 - sent[each[:2]]["sentAt"] for each, at in completed.items()]

    def reached(who: Any) -> dict[str, int]:
        return {"messages": len({each[:2] for each in who}), "users": len(who)}

    return {
        "sent": {"messages": len(sent)},
        "seen": reached(seen),
        "interacted": reached(interacted),
        "completed": reached(completed),
        "median_seconds_to_complete": round(median(took), 3),
    }


def test_it_equals_a_plain_count_over_exported_events(
    harness: Harness, url: str, command: Command
) -> None:
    """All of them, of one app, with one tag, and of one app with one tag."""
    happen(harness)
    exported = command("events", "export", DATABASE_URL=url)
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    for asked in ({}, {"app": APPS[1]}, {"tag": TAGS[0]}, {"app": APPS[0], "tag": TAGS[1]}):
        options = [f"--{name}={value}" for name, value in asked.items()]
        [found] = command.json("interactions", "funnel", *options, DATABASE_URL=url)
        assert "receipts" in found["seen"].pop("counted")
        expected = counted(lines, **asked)
        assert found == expected
        assert min(expected[step]["messages"] for step in ("sent", *STEPS)) > 0
