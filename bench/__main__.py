"""`python -m bench [NAME…] [--events N]`: measure, print, and fail on a missed target.

`python -m bench peers` compares with others, see `bench.peers`.
"""

import argparse
import http.client
import json
import statistics
import sys
import time
from statistics import median

from sqlalchemy import create_engine, text

from bench import storm
from bench.counting import counting
from bench.deciding import deciding
from bench.deployment import stack
from bench.fetching import backfill
from bench.figures import figures
from bench.filtered import filters
from bench.forgetting import forgetting, forgetting_postgres
from bench.four_writers import four_writers
from bench.growing import kept, shapes, waiting
from bench.half_load import half_load
from bench.in_flight import in_flight
from bench.interactions import pressed
from bench.listings import listings
from bench.load import READER, documented_message, post, post_one
from bench.moderation import moderation
from bench.parts import parts
from bench.pressing import presses
from bench.processes import cpu_shares
from bench.replicas import replicas
from bench.report import Report
from bench.schema import schema
from bench.sizes import sizes
from bench.spooling import spool
from bench.start import start
from comethooks.workers.settings.paths import database_path
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Effects, Stack, by_conversation, workers_of
from tests.servers import running_postgres
from tests.waiting import wait_for

SLOW = """
    import os, time
    from marshmallow import fields
    from comethooks import Plugin
    plugin = Plugin("recorder", config={"file": fields.String(required=True)})

    @plugin.on("message_sent")
    def slow(event, ctx):
        time.sleep(0.2)
        with open(ctx.config.file, "ab", buffering=0) as file:
            line = f"{event.id} {event.conversation_id} {event.message.id} {time.time_ns()}\\n"
            file.write(line.encode())
"""
CLOCK = """
    import time
    from marshmallow import fields
    from comethooks import Plugin
    plugin = Plugin("recorder", config={"file": fields.String(required=True)})

    @plugin.on("message_sent")
    def clock(event, ctx):
        now = time.time_ns()
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(f"{event.id} {event.conversation_id} {event.message.id} {now}\\n".encode())
"""


def drain(report: Report, events: int) -> None:
    """Accept while no worker runs, then drain with two worker processes into SQLite."""
    with stack(READER, "reader") as (made, server):
        redis = server.client()
        made.web()
        memory = redis.info("memory")["used_memory"]
        load = post(made.port, events)
        report.line(
            "accepted by two web processes, load on the same cores", load.per_second, "events/s"
        )
        report.line("  answer, median", load.p50_ms, "ms")
        report.line("  answer, p99", load.p99_ms, "ms")
        grown = (redis.info("memory")["used_memory"] - memory) / 1e6
        report.line("Redis memory with the backlog", grown, "MB")
        engine = create_engine(f"sqlite:///{database_path(made.directory / 'data')}")
        started = time.perf_counter()
        made.start("worker", "--workers", "2")
        # An entry is forgotten once it is committed, and asking Redis costs the workers less than
        # counting rows.
        wait_for(
            lambda: not int(redis.get(keys.BACKLOG) or 0), "everything is journalled", seconds=600
        )
        seconds = time.perf_counter() - started
        report.line(
            "drained from the workers' start to the last row",
            events / seconds,
            "events/s",
            least=5000,
        )
        report.line("rows in events", count(engine, "events"), "", least=events, most=events)
        report.line("rows in runs", count(engine, "runs"), "", least=events, most=events)
        grown = (redis.info("memory")["used_memory"] - memory) / 1e6
        report.line("Redis memory afterwards, duplicate keys included", grown, "MB", most=10)


def count(engine, table: str) -> int:  # noqa: ANN001
    """Rows of a table."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def slow(report: Report, events: int) -> None:
    """A handler that takes 200 ms, 40 conversations, one worker."""
    number = min(events, 800)
    with stack(SLOW, "recorder") as (made, _):
        made.web()
        connection = http.client.HTTPConnection("127.0.0.1", made.port)
        accepted = []
        for event in range(number):
            post_one(connection, json.dumps(documented_message(event % 40, event)).encode())
            accepted.append((event % 40, f"{event % 40}-{event}"))
        started = time.time_ns()
        made.start("worker", "--workers", "1")
        wait_for(lambda: len(made.effects().ids) == number, "everything is handled", seconds=300)
        effects = made.effects()
        ends = [line[3] for line in effects.lines]
        report.line(
            "200 ms handler, 40 conversations, one worker",
            (number - 1) / (max(ends) - min(ends)) * 1e9,
            "events/s",
            least=60,
        )
        report.line("  from the worker's start to the first end", (min(ends) - started) / 1e6, "ms")
        numbered = Effects([(line[2], *line[1:]) for line in effects.lines])
        report.line("  out of order", numbered.disorders(by_conversation(accepted)), "", most=0)


def idle(report: Report, events: int) -> None:
    """Single events with pauses between them, and the cost of doing nothing."""
    number = min(events, 200)
    with stack(CLOCK, "recorder") as (made, server):
        web = made.web()
        supervisor = made.start("worker", "--workers", "2")
        wait_for(lambda: server.client().zcard(keys.MEMBERS) == 2, "both drainers have joined")
        connection = http.client.HTTPConnection("127.0.0.1", made.port)
        answered = {}
        for event in range(number):
            post_one(connection, json.dumps(documented_message(event % 40, event)).encode())
            answered[f"{event % 40}-{event}"] = time.time_ns()
            time.sleep(0.3)
        wait_for(lambda: len(made.effects().ids) == number, "everything is handled")
        late = [(line[3] - answered[line[2]]) / 1e6 for line in made.effects().lines]
        report.line("from the answer to the handler, median", median(late), "ms", most=5)
        report.line("  p90", statistics.quantiles(late, n=10)[8], "ms")
        report.line("  largest", max(late), "ms")
        shares = cpu_shares(
            {"worker": supervisor.pid, "web": web.pid, "redis": server.pid}, seconds=20
        )
        for name, share in shares.items():
            report.line(f"idle, {name}", share, "% of a core")
        report.line("idle, all processes together", sum(shares.values()), "% of a core", most=3)
        assert len(workers_of(supervisor.pid)) == 2


def retries(report: Report, events: int) -> None:
    """50,000 runs that failed at once and are due together, beside 20 live events a second."""
    number = min(events // 2, 50_000)
    with stack(CLOCK, "recorder") as (made, server):
        measure_retries(report, "SQLite", made, server, number)
    with (
        running_postgres(on_disk=True) as database,
        stack(CLOCK, "recorder", DATABASE_URL=database.url) as (made, server),
    ):
        measure_retries(report, "PostgreSQL", made, server, number)


def measure_retries(
    report: Report, database: str, made: Stack, server: RedisServer, number: int
) -> None:
    """One storm on a deployment whose plugin notes when live events are handled."""
    made.plugin("storm", storm.PLUGIN)
    made.environment["COMETHOOKS_STORM_FILE"] = str(made.directory / "again")
    made.web()
    made.start("worker", "--workers", "2")
    wait_for(lambda: server.client().zcard(keys.MEMBERS) == 2, "both drainers have joined")
    journal = journal_of(made)
    found = storm.measure(journal, made.port, made.effects_file, number, calm=300, seconds=900)
    journal.close()
    attempts = Effects.read(made.directory / "again")
    report.line(
        f"{database}: {number} runs due together, worked off", found.per_second, "runs/s", least=500
    )
    report.line("  each run once", len(attempts.lines), "", least=number, most=number)
    report.line("  live, from the call to the handler, median before", median(found.calm_ms), "ms")
    report.line(
        "  live, from the call to the handler, median meanwhile", median(found.storm_ms), "ms"
    )
    report.line("  the one in terms of the other", found.slowdown, "times", most=2)
    report.line(
        "  live, from the answer to the handler, median before",
        median(found.calm_after_answer_ms),
        "ms",
    )
    report.line(
        "  from the answer to the handler, meanwhile", median(found.storm_after_answer_ms), "ms"
    )
    report.line("  live, p90 meanwhile", statistics.quantiles(found.storm_ms, n=10)[8], "ms")


_ALL = (
    schema,
    drain,
    slow,
    idle,
    start,
    retries,
    pressed,
    presses,
    replicas,
    spool,
    kept,
    waiting,
    shapes,
    listings,
    figures,
    forgetting,
    forgetting_postgres,
    counting,
    parts,
    four_writers,
    filters,
    moderation,
    deciding,
    half_load,
    in_flight,
    backfill,
    sizes,
)
BENCHES = {bench.__name__: bench for bench in _ALL}


def main() -> int:
    """Run what was asked for. 1 when a target was missed."""
    if sys.argv[1:2] == ["peers"]:
        from bench.peers.command import main as peers

        return peers(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHES)}; default all"
    )
    parser.add_argument(
        "--events",
        type=int,
        default=100_000,
        help="events that `drain` uses; half as many `retries`",
    )
    arguments = parser.parse_args()
    report = Report()
    for name in arguments.names or BENCHES:
        print(f"# {name}: {BENCHES[name].__doc__}")
        BENCHES[name](report, arguments.events)
    return int(report.missed)


if __name__ == "__main__":
    sys.exit(main())
