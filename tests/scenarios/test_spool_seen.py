"""What people see of events that were answered while Redis was away, from the 200 on."""

import json
import os
import signal
from typing import Any

import httpx

from comethooks.workers.processes import is_alive
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, children, message
from tests.waiting import wait_for


def ready(stack: Stack) -> dict[str, Any]:
    """What `/readyz` says, which is 200."""
    answer = httpx.get(f"{stack.url}/readyz", timeout=5)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def spooled(stack: Stack) -> int:
    [found] = map(json.loads, stack.ask("spool", "status", "--json").splitlines())
    count: int = found["records"]
    return count


def post(stack: Stack, number: int) -> str:
    answer = stack.post(message(1, number))
    assert answer.status_code == 200, answer.text
    identifier: str = answer.json()["id"]
    return identifier


def test_what_is_answered_while_redis_is_away_is_seen_until_it_is_handled(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It is listed and shown on the host, counted by readiness and metrics, and handled once."""
    stack.environment["COMETHOOKS_SPOOL_DIR"] = str(stack.directory / "spool")
    stack.web()
    post(stack, 0)
    own_redis_server.kill()
    ids = [post(stack, number) for number in (1, 2)]
    again = post(stack, 2)
    assert again not in ids

    listed = stack.listing("events", "list")
    assert {each["id"] for each in listed} == {*ids, again}
    assert {each["status"] for each in listed} == {"queued"}
    assert json.loads(stack.ask("events", "show", ids[0], "--json"))["spooled"] is True
    assert "waits in the spool of this host" in " ".join(stack.ask("explain", ids[0]).split())
    assert spooled(stack) == 3
    found = ready(stack)
    assert found["spool"]["records"] == 3
    assert {"redis", "spooling"} <= {each["what"] for each in found["degraded"]}
    metrics = httpx.get(f"{stack.url}/metrics", timeout=5).text
    assert "comethooks_spool_records 3.0" in metrics
    assert "comethooks_spooled_total 3.0" in metrics

    own_redis_server.start()
    wait_for(lambda: spooled(stack) == 0, "the spool is emptied")
    worker = stack.start("worker", "--workers", "1")
    wait_for(lambda: {*ids} <= stack.effects().ids, "all are handled", seconds=30)
    wait_for(
        lambda: {each["status"] for each in stack.listing("events", "list")} == {"done"},
        "all are journalled",
    )
    shown = json.loads(stack.ask("requests", "show", again, "--json"))
    assert (shown["outcome"], shown["event_id"]) == ("duplicate", ids[1])
    assert ids[1] in stack.ask("explain", again)
    assert not {again} & stack.effects().ids
    assert not any(each["what"] == "spooling" for each in ready(stack)["degraded"])
    assert worker.poll() is None


def test_what_a_killed_host_has_left_is_drained_by_a_command(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Its web process does not come back."""
    stack.environment["COMETHOOKS_SPOOL_DIR"] = str(stack.directory / "spool")
    web = stack.web()
    own_redis_server.kill()
    ids = [post(stack, number) for number in range(3)]
    group = [web.pid, *children(web.pid)]
    for pid in group:
        os.kill(pid, signal.SIGKILL)
    web.wait()
    wait_for(lambda: not any(map(is_alive, group)), "the web process is gone")
    refused = stack.run("events", "list", "--json")
    assert [json.loads(line)["id"] for line in refused.stdout.splitlines()] == ids[::-1]
    own_redis_server.start()
    done = stack.run("spool", "drain")
    assert "3 requests emptied into Redis." in done.stderr
    listed = stack.listing("events", "list")
    assert [each["id"] for each in listed] == ids[::-1]
    assert spooled(stack) == 0
