"""Many users press what completes a goal, through two web processes, while a worker is killed: each
completion is told once, to others too, whatever is sent twice or replayed.
"""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from redis import Redis
from standardwebhooks import Webhook

from comethooks.workers.journal import Filter, StoredEvent
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.comethooks.cli.listening import listener  # noqa: F401  (a fixture)
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Stack, children, workers_of
from tests.waiting import wait_for
from tests.workers.interactions.bodies import APP, message, press
from tests.workers.notify.files import SECRET, written

KEY = InteractionKey("k1", b"a-secret-of-the-scenario")
ELEMENTS = ("name", "age", "submit")
"""What every user presses, one after the other: the goal takes all three."""
USERS_OF_A_MESSAGE = 25
"""So that the presses of all of them are fewer than one token may have in a minute."""
FIRST = 1000
"""The id of the first message."""
NOTIFY = f"""
[[sink]]
name = "orders"
kind = "webhook"
url = "URL/hook"
secrets = ["{SECRET}"]

[[rule]]
on = ["interaction.completed"]
sinks = ["orders"]
"""


def message_of(user: int) -> str:
    """The message that a user gets."""
    return str(FIRST + user // USERS_OF_A_MESSAGE)


def press_all(webs: Sequence[Stack], users: Iterable[int], element: str, first: int) -> None:
    """Have users press an element; every other one through the second web process, or through the
    first when `first` is 1.
    """
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(8) as pool:

        def post(user: int) -> int:
            token = mint([KEY], InteractionToken(app=APP, message=message_of(user)))
            url = f"{webs[(user + first) % 2].url}/interactions/{token}"
            body = press(element, f"u{user}", message_of(user))
            return client.post(url, json=body).status_code

        assert set(pool.map(post, users)) == {200}


def completed(stack: Stack) -> list[StoredEvent]:
    """The events that tell of a completion."""
    journal = journal_of(stack)
    found = list(journal.events(Filter(trigger="interaction.completed")))
    journal.close()
    return found


def wait_until_done(stack: Stack, redis: Redis) -> None:
    """Return once everything is journalled, and every run has ended well."""
    wait_for(lambda: not int(redis.get(keys.BACKLOG) or 0), "all is journalled", seconds=120)
    journal = journal_of(stack)
    wait_for(
        lambda: {run.state for run in journal.runs()} <= {RunState.DONE},
        "every run is done",
        seconds=60,
    )
    journal.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("database_url", "users"),
    [
        ("sqlite", 50),
        pytest.param("sqlite", 500, marks=pytest.mark.attack),
        pytest.param("postgresql", 500, marks=pytest.mark.attack),
    ],
    indirect=["database_url"],
)
def test_each_user_completes_once_and_is_told_of_once(
    stack: Stack,
    own_redis_server: RedisServer,
    listener: Any,  # noqa: F811
    users: int,
) -> None:
    """Three presses each, in turn through two web processes, the last one through both; a worker is
    killed between the first and the last, and everything is replayed.
    """
    notify = written(stack.directory, NOTIFY.replace("URL", listener.url))
    stack.environment |= {
        "COMETHOOKS_INTERACTION_KEYS": f"{KEY.id}:{KEY.secret.decode()}",
        "COMETHOOKS_NOTIFY_FILE": str(notify),
        "WEB_CONCURRENCY": "1",
    }
    second = Stack(stack.directory, stack.redis_url, stack.database_url)
    second.environment = {**stack.environment, "PORT": str(second.port)}
    webs = (stack, second)
    for each in webs:
        each.web()
    try:
        worker = stack.start("worker", "--workers", "2")
        redis = own_redis_server.client()
        everybody = range(users)
        for asked in sorted({message_of(user) for user in everybody}):
            stack.deliver(message(*ELEMENTS, group="hikers", id=asked))
        wait_for(lambda: len(workers_of(worker.pid)) == 2, "both workers are there")

        began = time.monotonic()
        press_all(webs, everybody, "name", 0)
        half = users // 2
        press_all(webs, everybody[:half], "age", 1)
        victim = workers_of(worker.pid)[0]
        horses = children(victim)
        for pid in (victim, *horses):
            os.kill(pid, signal.SIGKILL)
        press_all(webs, everybody[half:], "age", 1)
        assert completed(stack) == []
        press_all(webs, everybody, "submit", 0)
        press_all(webs, everybody, "submit", 1)
        wait_until_done(stack, redis)

        ids = {event.id for event in completed(stack)}
        assert len(completed(stack)) == len(ids) == users
        wait_for(lambda: len(listener.requests) >= users, "everything is told")
        seconds = time.monotonic() - began
        print(f"{4 * users} presses, {users} completions, all told after {seconds:.1f} s")
        stack.run(
            *("replay", "run", "--name", "again", "--all", "--yes"),
            *("--include", "notify.orders", "--include", "recorder.record"),
            seconds=240,
        )
        wait_until_done(stack, redis)
        assert {event.id for event in completed(stack)} == ids
        told = [
            Webhook(SECRET).verify(body, dict(headers)) for _, headers, body in listener.requests
        ]
        assert {each["id"] for each in told} == ids
        assert len(told) == users
        who = [each["data"]["data"]["completion"] for each in told]
        assert sorted((each["messageId"], each["user"]) for each in who) == sorted(
            (message_of(user), f"u{user}") for user in everybody
        )
    finally:
        second.close()
