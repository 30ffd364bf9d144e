"""What is wrong between the sinks and the rules of a file, whatever else is wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any

from comethooks.workers.notify.rules import route_name
from comethooks.workers.notify.sinks import WebhookSink
from comethooks.workers.plugin_files.toml_file import Problem, tables, texts_of
from comethooks.workers.texts import near


def contradictions(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Sinks and routes that are called the same, and rules that lead nowhere or say nothing."""
    sinks: dict[str, Mapping[str, Any]] = {}
    for number, sink in enumerate(tables(document, "sink")):
        name = sink.get("name")
        if isinstance(name, str):
            if name in sinks:
                yield f"sink[{number}].name", "another sink is called the same"
            sinks.setdefault(name, sink)
    taken: dict[str, int] = {}
    for number, rule in enumerate(tables(document, "rule")):
        for name in texts_of(rule.get("sinks")):
            yield from _lead(rule, number, name, sinks, taken)


def _lead(
    rule: Mapping[str, Any],
    number: int,
    name: str,
    sinks: Mapping[str, Mapping[str, Any]],
    taken: dict[str, int],
) -> Iterator[Problem]:
    """What is wrong with where a rule leads to; `taken` are the routes so far."""
    sink = sinks.get(name)
    if sink is None:
        close = near(name, sinks, most=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"rule[{number}].sinks", f"there is no sink {name}{hint}"
        return
    if sink.get("kind") != WebhookSink.kind and "text" not in rule:
        yield f"rule[{number}].text", f"it is missing, and {name} is told nothing else"
    own = rule.get("name")
    route = route_name(name, own if isinstance(own, str) else None)
    if route in taken and taken[route] != number:
        yield (
            f"rule[{number}].name",
            f"rule[{taken[route]}] is notify.{route} already; give one of them a name of its own,"
            " by which their runs are told apart",
        )
    taken.setdefault(route, number)
