"""The naive way with RQ: Flask puts each body into a job of its own."""

import os
from collections.abc import Iterable

from flask import Flask, request
from jobs import handle
from redis import Redis
from rq import Queue
from sender import authorized

queue = Queue(connection=Redis(unix_socket_path=os.environ["PEER_SOCKET"]))
app = Flask(__name__)


@app.post("/webhooks")
def receive() -> tuple[dict[str, str], int]:
    """Check the sender, enqueue, answer."""
    if not authorized(request.headers.get("Authorization", "")):
        return {"status": "unauthorized"}, 401
    queue.enqueue(handle, request.get_json(), result_ttl=0)
    return {"status": "ok"}, 200


def fill(bodies: Iterable[dict]) -> None:
    """Enqueue everything."""
    for each in bodies:
        queue.enqueue(handle, each, result_ttl=0)
