"""What showing figures costs beside a million events of one day, and counting them again.

Measured in processor time, as listings are.
"""

import tempfile
import time
from collections.abc import Iterator

from bench.growth import write
from bench.listings import processor_ms
from bench.report import Report
from comethooks import schemas
from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.sizes import DAY_MS, Size, start_of
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import id_at
from comethooks.workers.journal import APP, Journal, KeptBuckets, Settled
from comethooks.workers.record import Record, event_record
from comethooks.workers.texts import dumps
from tests.servers import running_postgres
from tests.tables import make_tables

MOST_MS = 100
LEAST_REBUILT = 5_000
_ROUNDS = 5
_APPS, _USERS = 5, 20_000
_TYPES = ("text", "text", "text", "image", "file", "audio")


def figures(report: Report, events: int) -> None:
    """Show the figures of a day of ten times `--events`, and rebuild them, in both databases."""
    with tempfile.TemporaryDirectory() as directory:
        _measure(report, "SQLite", f"sqlite:///{directory}/journal.db", 10 * events)
    with running_postgres(on_disk=True) as server:
        _measure(report, "PostgreSQL", server.url, 10 * events, server.pid)


def _measure(
    report: Report, database: str, url: str, number: int, server: int | None = None
) -> None:
    make_tables(url)
    journal = Journal.open(url, durable=not url.startswith("sqlite"))
    day = start_of(Size.DAY, now_ms()) - DAY_MS
    _fill(journal, day, number)
    for what, metrics, size, by in (
        ("all metrics, by hour", tuple(METRICS), Size.HOUR, ()),
        ("all metrics, by minute", tuple(METRICS), Size.MINUTE, ()),
        ("messages by type and app, by hour", ("messages.sent",), Size.HOUR, ("type", APP)),
        ("messages by type and app, by minute", ("messages.sent",), Size.MINUTE, ("type", APP)),
        ("a latency, by hour", ("latency.read",), Size.HOUR, ("kind",)),
    ):
        took = min(_cost(journal, metrics, size, day, by, server) for _ in range(_ROUNDS))
        # A day by the minute is tens of thousands of figures: it is here to be seen.
        most = MOST_MS if size is Size.HOUR else None
        report.line(f"{database}: {what}", took, "ms", most=most)
    _rebuild(report, database, journal, server)
    journal.close()


def _rebuild(report: Report, database: str, journal: Journal, server: int | None) -> None:
    """Count everything again. What differs is nothing, and is looked for in the last step."""
    kept = KeptBuckets({})
    began, before, count, last = time.monotonic(), processor_ms(server), 0, 0.0
    journal.figures.begin_rebuild(journal.figures.plan_rebuild())
    while journal.figures.rebuild_under_way():
        at = processor_ms(server)
        count += journal.figures.rebuild_step(kept).count
        last = processor_ms(server) - at
    while not journal.figures.rebuild_step(kept).done:
        pass
    used, seconds = (processor_ms(server) - before) / 1000, time.monotonic() - began
    report.line(f"{database}: rebuild", count / seconds, "events/s")
    report.line("  for each second of processor time", count / used, "events", least=LEAST_REBUILT)
    report.line("  its last step, in which figures change", last, "ms")


def _cost(
    journal: Journal,
    metrics: tuple[str, ...],
    size: Size,
    day: int,
    by: tuple[str, ...],
    server: int | None,
) -> float:
    before = processor_ms(server)
    for name in metrics:
        if size in METRICS[name].sizes:
            journal.figures.read(name, size=size, since=day, until=day + DAY_MS, by=by)
    return processor_ms(server) - before


def _fill(journal: Journal, day: int, number: int) -> None:
    write(journal, (Settled(each, (), 0) for each in made_records(day, number)))
    while journal.figures.fold(KeptBuckets({})):
        pass


def made_records(
    since: int, number: int, span_ms: int = DAY_MS, *, first: int = 0, users: int = _USERS
) -> Iterator[Record]:
    """Messages with receipts and reactions, spread over a time. Ids begin at `first`."""
    for count in range(number):
        at = since + count * span_ms // number
        body = _body(4 * first + count, at // 1000, users)
        raw = dumps(body)
        parsed = schemas.parse(body, raw)
        yield event_record(parsed, id=id_at(at), received_at=at, headers={}, body=raw)


def _body(count: int, at: int, users: int) -> dict[str, object]:
    message, part = divmod(count, 4)
    sender, receiver = f"user{message * 7 % users}", f"user{message * 11 % users}"
    head = {"appId": f"app{message % _APPS}", "region": "eu", "webhook": "bench"}
    if part == 0:
        sent = {"id": str(message), "sender": sender, "receiver": receiver, "sentAt": at}
        kind = {"receiverType": "user", "category": "message", "type": _TYPES[message % 6]}
        pair = {"conversationId": "_user_".join(sorted((sender, receiver)))}
        told = {"message": {**sent, **kind, **pair, "data": {"text": "hello"}}}
        return {"trigger": "message_sent", "data": told, **head}
    if part == 3:
        reaction = {"id": f"r{message}", "messageId": str(message), "reaction": "👍"}
        told = {"reaction": {**reaction, "uid": receiver, "reactedAt": at}}
        return {"trigger": "message_reaction_added", "data": told, **head}
    what, trigger = (
        ("delivered", "message_delivery_receipt") if part == 1 else ("read", "message_read_receipt")
    )
    of = {"receiver": sender, "receiverType": "user", "sender": receiver, "messageSender": sender}
    who = {"messageId": str(message), "user": {"uid": receiver}, "timestamp": at, "action": what}
    return {"trigger": trigger, "data": {**of, "type": "receipts", "body": who}, **head}
