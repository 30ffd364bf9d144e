"""Which events are told to whom, and in which words."""

from dataclasses import dataclass

from comethooks.workers.notify.sinks import Sink
from comethooks.workers.plugin_files.templates import Template
from comethooks.workers.plugins.event_filters import EventFilter


@dataclass(frozen=True, slots=True)
class NotifyRule:
    """Events that are told: those that one of the patterns `on` fits and all filters let through.

    `place` is where it stands in the file, `rule[0]`, and `line` the number of that line.
    """

    place: str
    line: int
    on: tuple[str, ...]
    filters: tuple[EventFilter, ...]
    text: Template | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A rule and one of its sinks: what becomes a handler of its own, `notify.<name>`."""

    rule: NotifyRule
    sink: Sink

    @property
    def name(self) -> str:
        """What it is called."""
        return route_name(self.sink.name, self.rule.name)


@dataclass(frozen=True, slots=True)
class NotifyFile:
    """What a file says. `version` changes with every byte of it."""

    version: str
    routes: tuple[Route, ...]


def route_name(sink: str, rule: str | None) -> str:
    """The name of a sink, with that of the rule behind it if it has one: whatever is added to the
    file or moved in it, a route is called the same.
    """
    return sink if rule is None else f"{sink}_{rule}"
