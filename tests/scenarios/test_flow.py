"""From the endpoint to the journal with real processes; where SQL matters, on both databases."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.redis_server import running_server
from tests.scenarios.stack import PASSWORD, RECORDER, Stack, kill_tree, message
from tests.servers import postgres_schema
from tests.waiting import wait_for

RAISER = """
    from comethooks import Plugin

    plugin = Plugin("raiser")

    @plugin.on("message_sent")
    def fail(event, ctx):
        if event.message.text.startswith("Planted"):
            raise ValueError(f"cannot take {event.message.text}")
"""
BROKEN = """
    from comethooks import Plugin

    plugin = Plugin("broken"
"""


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A deployment for tests that leave it as it was: each has conversations of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        database_url = None
        if getattr(request, "param", "sqlite") == "postgresql":
            database_url = stack.enter_context(
                postgres_schema(request.getfixturevalue("postgres_server"))
            )
        # What goes to the spool on a machine that is too busy has an answer with an id of its own.
        settings = {"COMETHOOKS_SPOOL_MAX_BYTES": "0"}
        directory = tmp_path_factory.mktemp("running")
        made = Stack(directory, server.url, database_url, settings)
        stack.callback(made.close)
        made.plugin("recorder", RECORDER)
        made.plugin("raiser", RAISER)
        made.plugin("broken", BROKEN)
        made.make_tables()
        made.web()
        made.start("worker", "--workers", "2")
        yield made


def listed(stack: Stack, **wanted: Any) -> list[dict[str, Any]]:
    """The events whose fields have these values."""
    events = stack.listing("events", "list")
    return [
        event for event in events if all(event[name] == value for name, value in wanted.items())
    ]


def test_an_event_is_listed_from_its_200_and_processed_once_a_worker_runs(stack: Stack) -> None:
    """Queued while no worker runs; done afterwards; its repeat is counted and not run."""
    stack.web()
    identifier = stack.post(message(1, 1)).json()["id"]
    assert listed(stack, id=identifier, status="queued")
    assert json.loads(stack.ask("events", "show", identifier, "--json"))["status"] == "queued"
    assert stack.post(message(1, 1)).json() == {"id": identifier, "duplicate": True}
    stack.start("worker", "--workers", "1")
    wait_for(lambda: listed(stack, id=identifier, status="done"), "the event is processed")
    wait_for(
        lambda: [
            r["event_id"] for r in stack.listing("requests", "list", "--outcome", "duplicate")
        ],
        "its repeat is journalled",
    )
    shown = json.loads(stack.ask("events", "show", identifier, "--json"))
    assert shown["duplicates"]["count"] == 1
    assert [line[0] for line in stack.effects().lines] == [identifier]


def test_a_handler_that_raises_costs_its_neighbours_nothing(running: Stack) -> None:
    """Its run is dead with the traceback; the other handler's is done; a broken plugin is named and
    left out.
    """
    identifier = running.post(message(1, 1, data={"text": "PlantedText"})).json()["id"]
    wait_for(lambda: listed(running, id=identifier, status="dead"), "the event is processed")
    runs = {run["handler"]: run for run in running.listing("runs", "list", "--event", identifier)}
    assert runs["recorder.record"]["state"] == "done"
    assert runs["raiser.fail"]["state"] == "dead"
    shown = running.ask("runs", "show", identifier, "raiser.fail")
    assert "ValueError" in shown
    assert "raiser.py" in shown
    checked = running.run("plugins", "check", check=False)
    assert checked.returncode == 1
    assert "broken.py" in checked.stdout + checked.stderr
    assert "PlantedText" not in running.log()


def test_a_refused_request_is_kept_with_its_reason(running: Stack) -> None:
    """With the path of what is missing."""
    body = message(2, 1)
    del body["data"]["message"]["id"]
    refused = running.post(body)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["data.message.id"]
    identifier = refused.headers["X-Request-Id"]

    def kept() -> set[str]:
        return {
            request["id"] for request in running.listing("requests", "list", "--outcome", "refused")
        }

    wait_for(lambda: identifier in kept(), "the refusal is journalled")
    shown = json.loads(running.ask("requests", "show", identifier, "--json"))
    assert shown["status"] == 422
    assert list(shown["errors"]) == ["data.message.id"]


@pytest.mark.parametrize("running", ["sqlite", "postgresql"], indirect=True)
def test_text_that_databases_refuse_is_kept_and_processed_with_its_neighbours(
    running: Stack,
) -> None:
    """A lone surrogate, NUL and 2^70: everywhere in a message, and as its uid."""
    poison = [
        json.dumps(message(3, 1, data={"text": "half an emoji: \ud83d"})).encode(),
        json.dumps(message(3, 2, data={"text": "nul: \x00"})).encode(),
        json.dumps(
            message(3, 3, data={"text": "x", "metadata": {"n": 2**70}}, sentAt=2**70)
        ).encode(),
        json.dumps(message(3, 4, sender="u\x00\ud83d", muid=str(2**70), tags=["\udfff"])).encode(),
    ]
    bodies = [json.dumps(message(3, 0)).encode(), *poison, json.dumps(message(3, 5)).encode()]
    answers = [running.post(body) for body in bodies]
    assert [answer.status_code for answer in answers] == [200] * len(bodies)
    ids = [answer.json()["id"] for answer in answers]
    wait_for(
        lambda: {event["id"] for event in listed(running, status="done")} >= set(ids),
        "all are processed",
    )
    assert [line[0] for line in running.effects().lines if line[0] in ids] == ids
    for identifier in ids[1:-1]:
        assert running.ask("events", "show", identifier)


def test_the_same_body_from_fifty_connections_is_one_event_with_one_run(running: Stack) -> None:
    """And fifty answers with the same id, however busy Redis is meanwhile."""
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: running.deliver(message(4, 1)), range(50)))
    (identifier,) = {answer.json()["id"] for answer in answers}
    wait_for(lambda: listed(running, id=identifier, status="done"), "it is processed")

    def repeats() -> list[str]:
        requests = running.listing("requests", "list", "--outcome", "duplicate")
        return [request["id"] for request in requests if request["event_id"] == identifier]

    # What was kept and answered too late counts as a repeat, too.
    wait_for(lambda: len(repeats()) >= 49, "its repeats are journalled")
    (event,) = listed(running, id=identifier)
    assert sorted(run["handler"] for run in event["runs"]) == ["raiser.fail", "recorder.record"]
    assert event["duplicates"]["count"] == len(repeats())
    assert running.effects().repeats == 0


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.attack), "postgresql"], indirect=True
)
def test_two_deployments_of_workers_share_the_work_and_one_may_vanish(stack: Stack) -> None:
    """Order holds while a whole `comethooks worker` is killed; nothing is lost."""
    stack.web()
    first, second = (stack.start("worker", "--workers", "1") for _ in range(2))
    accepted: dict[str, list[str]] = {}
    with stack.client() as client:
        for number in range(400):
            conversation = number % 8
            answer = client.post("/webhooks", json=message(conversation, number))
            accepted.setdefault(str(conversation), []).append(answer.json()["id"])
            if number == 200:
                wait_for(lambda: stack.effects().lines, "events are handled")
                kill_tree(first.pid)
    ids = {identifier for event_ids in accepted.values() for identifier in event_ids}
    wait_for(lambda: ids <= stack.effects().ids, "everything is handled")
    assert stack.effects().disorders(accepted) == 0
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    assert len(listed(stack, status="done")) == len(ids)


PLANTED = {
    "text": "PlantedTextOfTheBody",
    "authToken": "PlantedAuthToken",
    "password": "PlantedGroupPassword",
    "url": "https://media.example.com/a.png?token=PlantedUrlToken",
}


def test_no_log_line_holds_anything_of_a_body_or_a_credential(running: Stack) -> None:
    """Accepted, refused, duplicate, failing, unauthenticated and unparsable requests; all output is
    searched.
    """
    entities = {
        "sender": {
            "entity": {"uid": "ada", "authToken": PLANTED["authToken"]},
            "entityType": "user",
        }
    }
    data = {
        "text": PLANTED["text"],
        "entities": entities,
        "url": PLANTED["url"],
        "password": PLANTED["password"],
    }
    body = message(5, 1, data=data)
    identifier = running.post(body).json()["id"]
    running.post(body)
    refused = message(5, 2, data=data, id={"authToken": PLANTED["authToken"]})
    assert running.post(refused).status_code == 422
    assert running.post(json.dumps(body).encode()[:-9]).status_code == 400
    with running.client() as client:
        wrong = client.post(
            "/webhooks?token=PlantedQuery", json=body, auth=("PlantedUser", "PlantedPassword")
        )
        assert wrong.status_code == 401
        assert client.get("/PlantedPath").status_code == 404
    wait_for(lambda: listed(running, id=identifier, status="dead"), "the event is processed")
    assert "Planted" not in running.log()
    assert PASSWORD not in running.log()
    shown = "".join(running.ask("events", "show", identifier, *form) for form in ([], ["--json"]))
    assert PLANTED["text"] in shown
    for secret in ("PlantedAuthToken", "PlantedGroupPassword", "PlantedUrlToken"):
        assert secret not in shown
