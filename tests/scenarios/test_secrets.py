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
from tests.redis_server import RedisServer
from tests.scenarios.judging import waiting
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

TOKEN, GROUP_PASSWORD, CHANNEL_SECRET, SIGNATURE, UNKNOWN = PLANTED = (
    "tok3n-7f1a9c",
    "pa55-of-the-crew",
    "ch4nnel-s3cret",
    "51gn4ture-of-a-file",
    "ap1-k3y-of-somebody",
)

CARELESS = """
from comethooks import Plugin

plugin = Plugin("careless")


@plugin.on("*")
def quote(event, ctx):
    ctx.log.info("got it", user=event.sender)
    raise ValueError(f"no idea what to do with {event.payload.copy()}")
"""


def user(uid: str) -> dict[str, Any]:
    return {"uid": uid, "name": f"Name of {uid}", "authToken": TOKEN, "apiKey": UNKNOWN}


def message(identifier: str, **changes: Any) -> dict[str, Any]:
    url = f"https://files.example.com/a.png?fat={SIGNATURE}&X-Amz-Signature={SIGNATURE}"
    data = {
        "text": f"see {url}",
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
    message("3", surprise={"password": GROUP_PASSWORD}),  # drift
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
    stack.plugin("careless", CARELESS)
    stack.web()
    stack.start("worker", "--workers", "1")
    ids = [stack.post(body).headers["X-Request-Id"] for body in BODIES]
    assert stack.post(BODIES[0]).json()["duplicate"]
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
    leaked = [
        (planted, output[:200]) for planted in PLANTED for output in outputs if planted in output
    ]
    assert leaked == []
    assert json.loads(export.read_text().splitlines()[0])["trigger"] == "message_sent"


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
