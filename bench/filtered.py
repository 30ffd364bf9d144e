"""What filters cost: draining beside handlers that want a tenth of the events, or none of them."""

from statistics import median

from bench import backlog, growth
from bench.deployment import stack
from bench.load import CONVERSATIONS
from bench.report import Report

ROUNDS = 3
EVENTS = 20_000
MOST = 1.05
"""What a filter may make of the processor time without a handler, where it need not decode."""
TAG = "wanted"
"""What a tenth of the messages have."""
_TENTH = tuple(f"room{number}" for number in range(CONVERSATIONS // 10))
"""The groups that get a tenth of the messages."""


def plugin(wanted: str | None) -> str:
    """A plugin whose handler has this filter; None: without a handler."""
    lines = ["from comethooks import Plugin", 'plugin = Plugin("reader")']
    if wanted is not None:
        lines += [f'@plugin.on("message_sent", {wanted})']
        lines += ["def read(event, ctx):", "    len(event.message.text)"]
    return "\n".join(lines) + "\n"


BASE, EVERYTHING = "without a handler", "nothing left out"
BY_RECORD, BY_BYTES = "all left out, by the record", "all left out, by the bytes of the body"
PLUGINS = {
    BASE: (plugin(None), 0.0),
    BY_RECORD: (plugin('conversation="group_nobodys"'), 0.0),
    BY_BYTES: (plugin('category="interactive"'), 0.0),
    "all left out, once the body is decoded": (plugin('receiver_type="user"'), 0.0),
    "90 % left out, by one tag": (plugin(f"tag={TAG!r}"), 0.1),
    "90 % left out, by a hundred receivers": (plugin(f"receiver={_TENTH!r}"), 0.1),
    EVERYTHING: (growth.plugin(1), 1.0),
}
"""By name: a plugin, and the share of the events that its handler runs with."""


def filters(report: Report, events: int) -> None:
    """Drain beside handlers with a filter that leaves out most events, or all of them."""
    # In turn, so that what disturbs one disturbs all.
    rounds = [
        {name: _drained(text, min(EVENTS, events)) for name, (text, _) in PLUGINS.items()}
        for _ in range(ROUNDS)
    ]
    for name, (_, share) in PLUGINS.items():
        report.line(
            f"drained: {name}", median(each[name].per_second for each in rounds), "events/s"
        )
        report.line(
            "  processor time: workers", median(each[name].cpu_us for each in rounds), "µs/event"
        )
        if name == BASE:
            continue
        ratios = [each[name].cpu_us / each[BASE].cpu_us for each in rounds]
        most = MOST if name in (BY_RECORD, BY_BYTES) else None
        report.line(
            "  in terms of no handler, median of rounds", median(ratios), "times", most=most
        )
        if 0 < share < 1:
            aside = [_without_runs(each, name, share) for each in rounds]
            report.line("  the same without what runs cost", median(aside), "times")


def _drained(plugin: str, events: int) -> growth.Drained:
    with stack(plugin, "reader") as (made, server):
        client = server.client()
        put = backlog.put(client, events, tag=TAG)
        return growth.drained(made, client, server.pid, put)


def _without_runs(found: dict[str, growth.Drained], name: str, share: float) -> float:
    """What one takes in terms of no handler, less as much as that share of the runs takes where
    nothing is left out.
    """
    base = found[BASE].cpu_us
    return (found[name].cpu_us - share * (found[EVERYTHING].cpu_us - base)) / base
