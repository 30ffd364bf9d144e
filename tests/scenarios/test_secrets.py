"""Secrets that travel in bodies: in no output, in no log, and in an export only without
--redact.
"""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from comethooks.cli import main
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.redis_server import RedisServer
from tests.scenarios.judging import waiting
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

SIGNING = "a-k3y-of-the-test"
INTERACTION = mint(
    [InteractionKey("k1", SIGNING.encode())], InteractionToken(app="app1", message="1")
)
TOKEN, GROUP_PASSWORD, CHANNEL_SECRET, SIGNATURE, UNKNOWN = PLANTED = (
    "tok3n-7f1a9c",
    "pa55-of-the-crew",
    "ch4nnel-s3cret",
    "51gn4ture-of-a-file",
    "ap1-k3y-of-somebody",
)
OF_OURS = f"https://chat.example.com/interactions/{INTERACTION}"
"""The URL of a button, whose token proves the message."""

CARELESS = """
import logging

from comethooks import Plugin

plugin = Plugin("careless")


@plugin.on("*")
def quote(event, ctx):
    ctx.log.info("got it", user=event.sender)
    url = ctx.interaction_url(message="1")
    ctx.log.warning(f"made {url}", url=url, urls=[url])
    logging.getLogger("theirs").warning("made %s", url)
    raise ValueError(f"no idea what to do with {event.payload.copy()}")
"""


def user(uid: str) -> dict[str, Any]:
    return {"uid": uid, "name": f"Name of {uid}", "authToken": TOKEN, "apiKey": UNKNOWN}


def message(identifier: str, **changes: Any) -> dict[str, Any]:
    url = f"https://files.example.com/a.png?fat={SIGNATURE}&X-Amz-Signature={SIGNATURE}"
    data = {
        "text": f"see {url} or {OF_OURS}",
        "interactiveData": {"submitElement": {"action": {"url": OF_OURS}}},
        "card": {"body": [{"id": "b", "action": {"type": "apiCall", "url": OF_OURS}}]},
        "url": url,
        "attachments": [{"url": url, "name": "a.png"}],
        "entities": {"sender": {"entity": user("nora"), "entityType": "user"}},
        "metadata": {"their": {"secret": UNKNOWN}},
    }
    shape = {
        "id": identifier,
        "conversationId": "nora_user_oskar",
        "sender": user("nora"),
        "receiver": user("oskar"),
        "receiverType": "user",
        "category": "message",
        "type": "image",
        "data": data,
        "sentAt": 1_790_000_000,
    }
    return {"trigger": "message_sent", "data": {"message": {**shape, **changes}}, "appId": "app1"}


BODIES = (
    message("1"),
    message("2", sender=None),  # refused
    message("3", surprise={"password": GROUP_PASSWORD}, **{OF_OURS: OF_OURS}),  # drift
    {
        "trigger": "group_member_added",
        "appId": "app1",
        "data": {
            "group": {"guid": "crew", "type": "password", "password": GROUP_PASSWORD},
            "members": {"nora": user("nora")},
            "by": user("oskar"),
        },
    },
    {
        "trigger": "call_initiated",
        "appId": "app1",
        "data": {
            "call": {
                "id": "9",
                "sender": "nora",
                "data": {
                    "entities": {
                        "on": {
                            "entity": {"sessionid": "s1", "wsChannel": {"secret": CHANNEL_SECRET}}
                        }
                    }
                },
            }
        },
    },
    {
        "trigger": "brand_new",
        "appId": "app1",
        "data": {"deep": [{"authToken": TOKEN, "secret": CHANNEL_SECRET}]},
    },
)


@pytest.mark.timeout(180)
def test_planted_secrets_are_in_no_output_and_no_log(
    stack: Stack, own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """Whatever prints: listings, details, a careless handler's tracebacks, drift, logs, metrics,
    redacted exports.
    """
    stack.environment["COMETHOOKS_INTERACTION_KEYS"] = f"k1:{SIGNING}"
    stack.plugin("careless", CARELESS)
    stack.web()
    stack.start("worker", "--workers", "1")
    ids = [stack.post(body).headers["X-Request-Id"] for body in BODIES]
    assert stack.post(BODIES[0]).json()["duplicate"]
    ids += press(stack)
    redis = own_redis_server.client()
    wait_for(lambda: not waiting(redis), "everything is handled")
    export = tmp_path / "events.jsonl"
    outputs = [
        run(stack, "events", "export", "--redact", "--output", str(export)),
        export.read_text(),
    ]
    listings = (("events", "list"), ("requests", "list"), ("runs", "list"), ("drift",))
    for command in listings:
        outputs += [run(stack, *command), run(stack, *command, "--json")]
    for identifier, command in (
        (each, what) for each in ids for what in ("requests", "events", "runs")
    ):
        outputs += [
            run(stack, command, "show", identifier),
            run(stack, command, "show", identifier, "--json"),
        ]
    with stack.client() as client:
        outputs += [client.get(path).text for path in ("/metrics", "/readyz")]
    outputs.append(stack.log())
    assert sum(len(output) for output in outputs) > 20_000
    assert "ValueError" in outputs[-1]
    assert outputs[-1].count("/interactions/***") >= 4
    leaked = [
        (planted, output[max(0, output.find(planted) - 100) :][:200])
        for planted in (*PLANTED, INTERACTION, SIGNING)
        for output in outputs
        if planted in output
    ]
    assert leaked == []
    assert json.loads(export.read_text().splitlines()[0])["trigger"] == "message_sent"


def press(stack: Stack) -> list[str]:
    """Press in every way that the token may get into an output by; the ids of the requests."""
    path, ids = f"/interactions/{INTERACTION}", []
    headers = {"User-Agent": OF_OURS, "Referer": OF_OURS}
    with stack.client() as client:
        for body in (b"{}", b"[]", json.dumps({OF_OURS: OF_OURS}).encode()):
            ids.append(client.post(path, content=body, headers=headers).headers["X-Request-Id"])
        for answer in (
            client.post(f"{path}x", content=b"{}"),
            client.post(f"/api{path}", content=b"{}"),
            client.get(path),
            client.post("/webhooks", content=b"{}", headers=headers),
            client.post("/webhooks", content=b"{}", headers={"Content-Type": OF_OURS}),
        ):
            assert INTERACTION not in answer.text
            ids.append(answer.headers["X-Request-Id"])
    return ids


def test_an_export_that_holds_them_is_for_its_owner_alone(stack: Stack, tmp_path: Path) -> None:
    """Whoever makes one is warned."""
    stack.web()
    stack.post(BODIES[0])
    export = tmp_path / "events.jsonl"
    done = stack.run("events", "export", "--output", str(export))
    assert "secrets" in done.stderr
    assert TOKEN in export.read_text()
    assert stat.S_IMODE(export.stat().st_mode) == 0o600


def run(stack: Stack, *arguments: str) -> str:
    """Everything that a command prints; some have nothing to show of some requests."""
    done = CliRunner(env=stack.environment).invoke(main, arguments)
    assert done.exit_code in (0, 1), done.output
    return done.output
