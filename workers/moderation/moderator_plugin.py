"""The plugin `moderator`, made of the file that `COMETHOOKS_MODERATION_RULES` names, or of the one
that ships with us: deciders and handlers for what its rules need, and for nothing else.

A web process loads it for its deciders, and needs neither the journal nor CometChat for that: what
handlers do is imported when one of them first runs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comethooks.schemas import Event
from comethooks.workers.moderation.consequences import decision_on
from comethooks.workers.moderation.means import Means
from comethooks.workers.moderation.ours import is_ours
from comethooks.workers.moderation.rule import ON_PRESSES, Rule
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import SHIPPED_RULES, read_rules
from comethooks.workers.plugins.deciders.decider import DECIDED_ON, Decider
from comethooks.workers.plugins.deciders.decision import Decision
from comethooks.workers.plugins.event_filters import EventFilter, filters_of
from comethooks.workers.plugins.handler import Handler, Replayable
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.retry import Retry

if TYPE_CHECKING:
    from comethooks.workers.deciding.decider_context import DeciderContext
    from comethooks.workers.handlers.context import Context

NAME = "moderator"
DECIDES, DECIDES_IN_SHADOW = "decide", "decide_in_shadow"
RETRY = Retry(attempts=12, cap=600)
"""About an hour, if CometChat is away."""

Take = Callable[[Event, "Context"], None]


def plugin_of(path: Path | None = None, copy: Path | None = None) -> Plugin:
    """The plugin that the file at `path` says, or a `copy` of it that was kept; None: the rules
    that ship with us.

    Raises `RulesFileError`.
    """
    # Words that were kept with the copy are those of then; others are where they always were.
    rules = read_rules(copy or path, [each.parent for each in (copy, path) if each is not None])
    plugin = Plugin(NAME)
    plugin.where = f"{path or SHIPPED_RULES}:1"
    for decider in deciders_for(rules, plugin.where):
        plugin.add_decider(decider)
    for handler in handlers_for(rules, plugin.where):
        plugin.add(handler)
    return plugin


def deciders_for(rules: Rules, where: str) -> Iterable[Decider]:
    """One for the rules that count, and one for those in shadow."""
    for name, shadow in ((DECIDES, False), (DECIDES_IN_SHADOW, True)):
        some = [rule for rule in rules.rules if rule.in_flight != "none" and rule.shadow is shadow]
        if some:
            only = _only(rules, some)
            yield Decider(
                f"{NAME}.{name}",
                NAME,
                _deciding(name, only),
                DECIDED_ON,
                where,
                shadow=shadow,
                prepare=only.prepare,
            )


def handlers_for(rules: Rules, where: str) -> Iterable[Handler]:
    """Those that the rules need, and those for what CometChat's own moderation says."""
    drops = [rule for rule in rules.rules if rule.in_flight == "drop" and not rule.shadow]
    afterwards = [rule for rule in rules.rules if rule.after]
    on_presses = [rule for rule in afterwards if not ON_PRESSES.isdisjoint(rule.after)]
    # Always: while rules are loaded again, web processes may drop by some that are not here.
    dropped = filters_of({"decision": "drop"})
    yield _handler(_opening(_only(rules, drops)), DECIDED_ON, where, dropped, replay="safe")
    if afterwards:
        filters = shared_filters(afterwards)
        sent = _judging("sent", _only(rules, afterwards))
        yield _handler(sent, ("message.sent", "message.edited"), where, filters)
    if on_presses:
        pressed = _judging("pressed", _only(rules, on_presses))
        yield _handler(pressed, ("interaction.received",), where)
    # That CometChat has approved something is of interest where we had dropped it.
    said = ("moderation.blocked", "moderation.failed", "moderation.manually_approved")
    yield _handler(
        reviewed, (*said, "moderation.approved") if drops else said, where, replay="safe"
    )
    yield _handler(deleted, ("message.deleted",), where, replay="safe")


def shared_filters(rules: Sequence[Rule]) -> tuple[EventFilter, ...]:
    """What leaves out the events that none of the rules looks at: of each filter that all of them
    have, all values.
    """
    of_each = [{each.name: each.values for each in rule.filters} for rule in rules]
    shared = set.intersection(*(set(each) for each in of_each))
    values: Mapping[str, Any] = {
        name: tuple(dict.fromkeys(value for each in of_each for value in each[name]))
        for name in sorted(shared)
    }
    return filters_of(values)


def reviewed(event: Event, ctx: "Context") -> None:
    """Note what CometChat's own moderation says of a message."""
    from comethooks.workers.moderation.casework import note_standing

    note_standing(event, ctx)


def deleted(event: Event, ctx: "Context") -> None:
    """Drop what cases hold of a message that is deleted."""
    from comethooks.workers.moderation.casework import forget_deleted

    forget_deleted(event, ctx)


def _opening(rules: Rules) -> Take:
    def dropped(event: Event, ctx: "Context") -> None:
        """Open a case of a message that a rule dropped in flight."""
        from comethooks.workers.moderation.after_the_fact import note_dropped

        note_dropped(event, ctx, rules, decider=f"{NAME}.{DECIDES}")

    return dropped


def _judging(name: str, rules: Rules) -> Take:
    means = Means(rules)

    def judge(event: Event, ctx: "Context") -> None:
        from comethooks.workers.moderation.after_the_fact import follow_up

        if not is_ours(event):
            look = means.afterwards(event, ctx)
            follow_up(event, ctx, rules.findings(look), look)

    judge.__name__ = judge.__qualname__ = name
    return judge


def _deciding(name: str, rules: Rules) -> Callable[[Event, "DeciderContext"], Decision | None]:
    means = Means(rules)

    def decide(event: Event, ctx: "DeciderContext") -> Decision | None:
        if is_ours(event):
            return None
        return decision_on(rules.findings(means.in_flight(event, ctx)))

    decide.__name__ = decide.__qualname__ = name
    return decide


def _handler(
    function: Take,
    patterns: tuple[str, ...],
    where: str,
    filters: tuple[EventFilter, ...] = (),
    *,
    replay: Replayable = "ask",
) -> Handler:
    return Handler(
        id=f"{NAME}.{function.__name__}",
        plugin=NAME,
        function=function,
        patterns=patterns,
        where=where,
        retry=RETRY,
        replay=replay,
        filters=filters,
        # Who forges the mark of our own messages is not to be let through by it.
        own=True,
    )


def _only(rules: Rules, some: Sequence[Rule]) -> Rules:
    return replace(rules, rules=tuple(some))
