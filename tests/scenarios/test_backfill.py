"""A night without webhooks: what CometChat has of it is fetched, though the command is killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comethooks import schemas
from comethooks.testing.chat_app import ChatApp
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import new_id
from comethooks.workers.journal import Journal, Settled, iso
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.record import event_of, event_record
from comethooks.workers.texts import dumps
from tests.redis_server import RedisServer
from tests.tables import make_tables

MESSAGES, THERE = 10_000, 3_000
PER_SECOND = 7
"""So pages of a thousand end within a second."""
COMMAND = [sys.executable, "-m", "comethooks.cli", "backfill", "--app", "app1"]
COMMAND += ["--rate", "1000", "--json"]
KILLED_AT = (3, 6)
"""The calls of CometChat at which the command is killed."""


def listed(number: int, second: int) -> dict[str, Any]:
    return {
        "id": str(1_000_000 + number),
        "conversationId": f"group_crew-{number % 40}",
        "sender": f"ada-{number % 90}",
        "receiver": f"crew-{number % 40}",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "data": {"text": "shall we sail at noon?"},
        "sentAt": second,
        "updatedAt": second,
    }


def opened(file: Path) -> Journal:
    """An empty journal."""
    make_tables(f"sqlite:///{file}")
    return Journal.open(f"sqlite:///{file}", durable=False)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """The one that the command uses."""
    return opened(tmp_path / "comethooks.db")


def journalled(journal: Journal, messages: list[dict[str, Any]]) -> None:
    """Have these there by their webhooks."""
    settled = []
    for message in messages:
        body = {"trigger": "message_sent", "data": {"message": message}, "appId": "app1"}
        raw = dumps(body)
        at = message["sentAt"] * 1000 + 300
        record = event_record(schemas.parse(body, raw), id=new_id(), received_at=at, body=raw)
        settled.append(Settled(record, (), 0))
    for start in range(0, len(settled), 500):
        journal.write(settled[start : start + 500])


def test_ten_thousand_messages_of_which_three_thousand_are_there(
    journal: Journal, tmp_path: Path, redis_server: RedisServer
) -> None:
    """Killed twice, seven thousand come, each once, and it says so; the figures are as if nothing
    had been missed.
    """
    chat = ChatApp(now_ms, keys={"app1": "key"})
    first = now_ms() // 1000 - 7200
    messages = [listed(number, first + number // PER_SECOND) for number in range(MESSAGES)]
    for message in messages:
        chat.has_message(message)
    there = [each for number, each in enumerate(messages) if number % 10 in (2, 3, 7)]
    assert len(there) == THERE
    journalled(journal, there)
    running: list[subprocess.Popen[bytes]] = []
    chat.answer = killing(chat.answer, running)  # type: ignore[method-assign]
    with chat.served() as url:
        environ = {
            **os.environ,
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "COMETHOOKS_APPS": "app1:eu:key",
            "COMETCHAT_API_URL": url,
            "REDIS_URL": redis_server.url,
        }
        codes, said = [], b""
        for _ in range(3):
            process = subprocess.Popen(
                [*COMMAND, "--since", iso(first * 1000)],
                env=environ,
                stdout=subprocess.PIPE,
            )
            running.append(process)
            said, _ = process.communicate(timeout=60)
            codes.append(process.returncode)
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    found = json.loads(said)
    assert found["fetched"] == MESSAGES
    assert found["missing"] == MESSAGES - THERE
    assert found["already_there"] == THERE
    kept = [event_of(each.record) for each in journal.whole_events()]
    assert sorted(each.message.id for each in kept if each.message) == [
        message["id"] for message in messages
    ]
    assert sum(each.backfilled for each in kept) == MESSAGES - THERE
    untouched = opened(tmp_path / "untouched.db")
    journalled(untouched, messages)
    assert figures(journal) == figures(untouched)
    journal.close()
    untouched.close()


def figures(journal: Journal) -> list[Any]:
    """What the journal counts of messages and users, by the hour."""
    kept = KeptBuckets.at(now_ms(), minute_days=7, hour_days=90)
    while journal.figures.fold(kept):
        pass
    of_each = ("messages.sent", "users.active", "events")
    found = [
        [*journal.figures.read(metric, size=Size.HOUR, since=0, until=now_ms(), by=["app"])]
        for metric in of_each
    ]
    assert sum(figure.value for figure in found[0]) == MESSAGES
    return found


def killing(
    answer: Callable[..., Any], running: list[subprocess.Popen[bytes]]
) -> Callable[..., Any]:
    """`answer`, and the death of who asks at some of the calls."""
    calls = 0

    def answered(*request: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in KILLED_AT:
            running[-1].kill()
        return answer(*request)

    return answered
