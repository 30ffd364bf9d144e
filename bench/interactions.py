"""Presses on interactive messages, drained and judged."""

import http.client
import json
import time

from bench.deployment import stack
from bench.load import READER, post_one
from bench.report import Report
from comethooks.workers.journal import Filter
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Stack
from tests.servers import running_postgres
from tests.waiting import wait_for
from tests.workers.interactions.bodies import message, press

USERS, MESSAGES, FIRST = 500, 20, 1000
PRESSES = ("name", "age", "submit", "submit")
"""What each user presses on one message; the third completes it, and the fourth is too many."""


def pressed(report: Report, events: int) -> None:
    """Drain and judge 2,000 presses of 500 users on 20 interactive messages."""
    with stack(READER, "reader") as (made, server):
        measure(report, "SQLite", made, server)
    with (
        running_postgres(on_disk=True) as database,
        stack(READER, "reader", DATABASE_URL=database.url) as (made, server),
    ):
        measure(report, "PostgreSQL", made, server)


def measure(report: Report, database: str, made: Stack, server: RedisServer) -> None:
    """Accept messages and presses while no worker runs, then drain them with two."""
    made.web()
    connection = http.client.HTTPConnection("127.0.0.1", made.port)
    for number in range(MESSAGES):
        shown = message("name", "age", "submit", group="hikers", id=str(FIRST + number))
        post_one(connection, json.dumps(shown).encode())
    for turn, element in enumerate(PRESSES):
        for user in range(USERS):
            body = press(element, f"u{user}", str(FIRST + user % MESSAGES), note=f"{turn}")
            post_one(connection, json.dumps(body).encode())
    redis = server.client()
    started = time.perf_counter()
    made.start("worker", "--workers", "2")
    wait_for(lambda: not int(redis.get(keys.BACKLOG) or 0), "all is journalled", seconds=300)
    seconds = time.perf_counter() - started
    number = USERS * len(PRESSES)
    report.line(f"{database}: {number} presses, from the workers' start", seconds, "s", most=10)
    journal = journal_of(made)
    completed = sum(1 for _ in journal.events(Filter(trigger="interaction.completed")))
    journal.close()
    report.line("  completions", completed, "", least=USERS, most=USERS)
