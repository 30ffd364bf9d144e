"""Rules of moderation from end to end: messages in flight and messages that were sent, with a
CometChat of the test's own.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comethooks.testing import ChatApp
from comethooks.workers.clock import now_ms
from tests.scenarios.stack import Stack, work_horses_of
from tests.scenarios.test_up import Up
from tests.waiting import wait_for

APP = "2611fa0c"
RULES = """
version = 1

[[rule]]
name = "scam"
words = ["free crypto"]
in_flight = "drop"
after = ["flag", "delete", "warn"]
severity = "high"
warn = "{{ event.sender.uid }}: not here"
"""
SCAM = "get fr33 crypto now"
DROP = {"action": "do_not_propagate"}


@pytest.fixture
def chat() -> ChatApp:
    """The app at CometChat."""
    return ChatApp(now_ms)


@pytest.fixture
def moderated(stack: Stack, chat: ChatApp, tmp_path: Path) -> Iterator[Stack]:
    """A deployment with rules, whose web process and worker run."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    with chat.served() as url:
        stack.environment |= {
            "COMETHOOKS_MODERATION_RULES": str(rules),
            "COMETHOOKS_APPS": f"{APP}:eu:r3st-k3y",
            "COMETCHAT_API_URL": url,
            "WEB_CONCURRENCY": "1",
        }
        yield stack
        stack.close()  # before CometChat ends, which would be waited for


def in_flight(text: str) -> dict[str, Any]:
    """A message that CometChat asks about."""
    return {"trigger": "before_message", "appId": APP, "data": written(text)}


def sent(text: str, identifier: str) -> dict[str, Any]:
    """The same when it was sent."""
    message = {**written(text), "id": identifier, "conversationId": "ines_user_omar"}
    return {"trigger": "message_sent", "appId": APP, "data": {"message": message}}


def written(text: str) -> dict[str, Any]:
    """What omar writes to ines."""
    return {
        "muid": f"muid of {text}",
        "sender": "omar",
        "receiver": "ines",
        "receiverType": "user",
        "category": "message",
        "type": "text",
        "sentAt": now_ms() // 1000,
        "data": {"text": text},
    }


def cases(stack: Stack, *options: str) -> list[dict[str, Any]]:
    """The cases that are kept."""
    return stack.listing("moderation", "cases", *options)


def runs(stack: Stack, handler: str) -> list[dict[str, Any]]:
    """The runs of a handler of the plugin."""
    return stack.listing("runs", "list", "--handler", f"moderator.{handler}")


@pytest.mark.timeout(120)
def test_a_scam_is_dropped_or_deleted_once_and_its_cases_are_closed(
    moderated: Stack, chat: ChatApp
) -> None:
    """In flight it is dropped. One that was sent is deleted and its sender warned, once, although
    its worker is killed while CometChat deletes it, and everything is replayed.
    """
    moderated.web()
    worker = moderated.start("worker", "--workers", "1")
    assert moderated.post(in_flight("good morning")).json() == {}
    assert moderated.post(in_flight(SCAM)).json() == DROP
    wait_for(lambda: len(cases(moderated)) == 1, "the dropped message is a case")
    [dropped] = cases(moderated)
    assert (dropped["rule"], dropped["origin"], dropped["excerpt"]) == ("scam", "dropped", SCAM)

    for number in ("57", "58"):
        chat.has_message({**sent(SCAM, number)["data"]["message"]})
    chat.silent(path="messages/58")
    for number in ("57", "58"):
        moderated.deliver(sent(f"{SCAM} {number}", number))
    wait_for(lambda: not chat._waiting, "CometChat is silent about the second one")
    for horse in work_horses_of(worker.pid):
        os.kill(horse, signal.SIGKILL)
    wait_for(lambda: len(chat.sent) == 2, "both are warned of")
    wait_for(lambda: len(runs(moderated, "sent")) == 2, "both are done")
    deletions = [call.path for call in chat.calls if call.method == "DELETE"]
    assert deletions == ["messages/57", "messages/58"]
    assert sorted(case["message_id"] or "" for case in cases(moderated)) == ["", "57", "58"]

    calls = len(chat.calls)
    moderated.run("replay", "run", "--name", "again", "--all", "--yes", "--include", SENT)
    wait_for(
        lambda: len([run for run in runs(moderated, "sent") if run["replay"] == "again"]) == 2,
        "both messages are replayed",
    )
    wait_for(lambda: states(moderated) == {"done"}, "all is done")
    assert len(chat.calls) == calls
    assert len(cases(moderated)) == 3
    assert [each.message.text for each in chat.sent] == ["omar: not here"] * 2

    blocked = sent(SCAM, "59") | {"trigger": "moderation_engine_blocked"}
    moderated.deliver(blocked)
    wait_for(lambda: len(cases(moderated)) == 4, "what CometChat blocked is a case, too")
    [last] = cases(moderated, "--limit", "1")
    moderated.run("moderation", "approve", last["id"], "--by", "ada")
    assert chat.reviews == {"59": "approved"}
    assert [case["state"] for case in cases(moderated)] == ["approved", "open", "open", "open"]
    again = moderated.run("moderation", "reject", last["id"], check=False)
    assert (again.returncode, "approved by ada" in again.stderr) == (1, True)


SENT = "moderator.sent"


def states(stack: Stack) -> set[str]:
    """The states of the runs about messages that were sent."""
    return {run["state"] for run in runs(stack, "sent")}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """A running `up` with rules that drop nothing yet."""
    made = Up(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES.replace('"drop"', '"none"'))
    made.stack.environment["COMETHOOKS_MODERATION_RULES"] = str(tmp_path / "rules.toml")
    made.stack.environment |= {"COMETHOOKS_WORKERS": "1", "WEB_CONCURRENCY": "1"}
    made.start()
    yield made
    made.stack.close()


def answer(up: Up, text: str) -> Any:
    """What CometChat is told about a message in flight, which nobody has written before."""
    body = in_flight(f"{text} {now_ms()}")
    return up.post(json.dumps(body).encode()).json()


@pytest.mark.timeout(180)
def test_rules_are_loaded_again_and_what_runs_stays(up: Up, tmp_path: Path) -> None:
    """By the web process, too. Where the file breaks, or is gone, the rules before go on, and it is
    said what is wrong.
    """
    assert answer(up, SCAM) == {}
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    wait_for(lambda: answer(up, SCAM) == DROP, "the web process has the new rules")
    wait_for(lambda: cases(up.stack), "so have the workers")

    rules.unlink()
    wait_for(lambda: "goes on with its last good version" in up.stack.log(), "it is noticed")
    for _ in range(20):
        assert answer(up, SCAM) == DROP
    found = up.stack.run("doctor", "--json", check=False).stdout.splitlines()
    told = [each for each in map(json.loads, found) if each["check"] == "plugins.moderator"]
    assert "cannot be read" in str(told)
    assert "WARN" in str([each["level"] for each in told]).upper()
