"""What most teams write first: Flask hands the body to a Celery task."""

import os
from collections.abc import Iterable

from celery import Celery
from flask import Flask, request
from sender import authorized

tasks = Celery("tasks", broker=f"redis+socket://{os.environ['PEER_SOCKET']}")
tasks.conf.task_ignore_result = True
tasks.conf.worker_hijack_root_logger = False
app = Flask(__name__)


@tasks.task
def handle(body: dict) -> None:
    """Read the text, as the measured handler of comethooks does."""
    len(body["data"]["message"]["data"]["text"])


@app.post("/webhooks")
def receive() -> tuple[dict[str, str], int]:
    """Check the sender, enqueue, answer."""
    if not authorized(request.headers.get("Authorization", "")):
        return {"status": "unauthorized"}, 401
    handle.delay(request.get_json())
    return {"status": "ok"}, 200


def fill(bodies: Iterable[dict]) -> None:
    """Enqueue everything."""
    with tasks.pool.acquire() as connection, tasks.amqp.Producer(connection) as producer:
        for each in bodies:
            handle.apply_async((each,), producer=producer)
