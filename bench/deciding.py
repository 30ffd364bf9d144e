"""What asking deciders costs beside what they do themselves: threads, one deadline, one ruling."""

import time
from typing import Any

from bench.report import Report, percentile
from comethooks.schemas import decode, parse
from comethooks.testing.configuring import loaded
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.handlers.http import Clients
from comethooks.workers.ids import id_at
from comethooks.workers.plugins.deciders.decision import Decision
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_record

MESSAGES = 5_000
BUDGET_MS = 800
_NOW = 1_795_971_931_000
_BODY = (
    b'{"trigger":"before_message","appId":"app","data":{"sender":"ada","receiver":"grace",'
    b'"receiverType":"user","category":"message","type":"text","sentAt":1795971931,'
    b'"data":{"text":"Shall we meet at noon?"}}}'
)


def deciding(report: Report, events: int) -> None:
    """Ask one decider, and two side by side, about one message after the other."""
    message = event_record(
        parse(decode(_BODY), _BODY), id=id_at(_NOW, bytes(10)), received_at=_NOW, body=_BODY
    )
    for count in (1, 2):
        panel = _panel(count)
        begun, decided = _asked(panel, message, min(events, MESSAGES))
        panel.close()
        p50, p99 = percentile(decided, 50), percentile(decided, 99)
        begins = percentile(begun, 50)
        report.line(f"{count} asked, until the loop goes on: p50", begins, "ms", most=0.1)
        report.line(f"{count} asked, until the ruling: p50", p50, "ms", most=1)
        report.line(f"{count} asked, until the ruling: p99", p99, "ms", most=5)


def _asked(panel: Panel, message: Record, times: int) -> tuple[list[float], list[float]]:
    """How long it takes to ask each time, and to have the ruling (ms)."""
    begun, decided = [], []
    for _ in range(times):
        began = time.perf_counter()
        sitting = panel.begin(message)
        begun.append(1000 * (time.perf_counter() - began))
        sitting.result(BUDGET_MS / 1000 + 1)
        decided.append(1000 * (time.perf_counter() - began))
    return begun, decided


def _panel(count: int) -> Panel:
    """So many deciders that read the message and let it pass."""
    deciders = []
    for number in range(count):
        plugin = Plugin(f"reader_{number}")

        @plugin.decide("before_message")
        def read(event: Any, ctx: Any) -> Decision | None:
            return Decision.drop("spam") if "spam" in event.message.text else None

        deciders += loaded(plugin, {}, BUDGET_MS / 1000).deciders
    return Panel(deciders, services=DeciderServices(Clients().client), budget_ms=BUDGET_MS)
