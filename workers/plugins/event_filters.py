"""Filters: which of the events that its patterns fit a handler wants, `category="interactive"`.

What the record of an event says is asked first, and then whether the bytes of its body hold a
wanted value at all, which most do not. Only what is left has its body decoded, once for all
handlers. Which triggers have what can be asked for, and how it is read, is said in
`schemas.event.attributes`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

from comethooks.schemas import ATTRIBUTES, Event, NotJsonError
from comethooks.schemas.event.messages import MARK_IN_BODY
from comethooks.workers.patterns import forms_for
from comethooks.workers.record import Record, event_of
from comethooks.workers.texts import near

Values = str | tuple[str, ...]
_IN_RECORD = {
    "app": "app_id",
    "conversation": "conversation_id",
    "decision": "decision",
    "sender": "sender",
}
"""What a record says without its body, by the names that filters have for it."""
_SEARCHED = 3
"""Up to so many values are each searched for in a body; for more, to take it apart is quicker."""
_PLAIN = re.compile(r"(?=.*[A-Za-z])[ !#-.0-\[\]-~]+")
"""A text that JSON may not write otherwise but with `\\u`, and that no number is read as."""
_KELVIN = "\N{KELVIN SIGN}".encode()
"""The one character beyond ASCII that is in ASCII as a small letter: k."""


class Wanted(TypedDict, total=False):
    """What `@plugin.on` can be told to look at beside the trigger: one value, or several of which
    one has to be the event's. All that is named has to fit.
    """

    category: Values
    type: Values
    sender: Values
    receiver: Values
    receiver_type: Values
    conversation: Values
    tag: Values
    decision: Values
    app: Values


@dataclass(frozen=True)
class EventFilter:
    """An attribute of events, and the values of which one has to be among an event's."""

    name: str
    values: tuple[str, ...]

    @property
    def needs_body(self) -> bool:
        """Whether the record of an event may not say."""
        return self.name not in ("app", "conversation", "decision")

    @cached_property
    def sought(self) -> frozenset[bytes]:
        """The values, if each stands in the `spelling` of every event that has it; else none."""
        is_spelled = ATTRIBUTES[self.name].in_body and all(map(_PLAIN.fullmatch, self.values))
        return frozenset(value.lower().encode() for value in self.values if is_spelled)

    @cached_property
    def _quoted(self) -> tuple[bytes, ...]:
        return tuple(b'"%b"' % value for value in self.sought)

    def stands_in(self, spelling: bytes) -> bool:
        """Whether one of the values `sought` stands in the spelling of a body."""
        if len(self.sought) <= _SEARCHED:
            return any(map(spelling.__contains__, self._quoted))
        return not self.sought.isdisjoint(spelling.split(b'"'))

    def lets(self, found: tuple[str, ...] | None) -> bool:
        """Whether one of the values that an event has is wanted; None are those of an event whose
        body cannot be read.
        """
        return bool(found) and not self._wanted.isdisjoint(self._folded(found or ()))

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return frozenset(self._folded(self.values))

    def _folded(self, values: tuple[str, ...]) -> Iterable[str]:
        return map(str.lower, values) if ATTRIBUTES[self.name].any_case else values

    def misfit(self, found: tuple[str, ...] | None) -> str:
        """Why it does not let an event with these values through."""
        if found is None:
            return f"its body cannot be read, so nobody knows its {self.name}"
        if not found:
            return f"it has no {self.name}"
        return f"{self.name} is {_quoted(found, 'and')}, not {_quoted(self.values, 'or')}"

    def __str__(self) -> str:
        return f"{self.name}={'|'.join(self.values)}"


class Facts:
    """What filters ask of one event."""

    __slots__ = ("_event", "_record", "_spelling")

    def __init__(self, record: Record, event: Event | None = None) -> None:
        """`event` is the one that the record is of, where there is one already."""
        self._record = record
        self._event = event
        self._spelling: bytes | None = None

    @property
    def sent_by(self) -> str | None:
        """The plugin of ours that did what the event tells of; None for all others."""
        if MARK_IN_BODY not in self._record.body:
            return None
        try:
            event = self._known_event
            return event.message.sent_by if event.is_own and event.message else None
        except NotJsonError:
            return None

    def values(self, name: str) -> tuple[str, ...] | None:
        """The values of an attribute; None when the body would say, and cannot be read."""
        if told := self._told(name):
            return (told,)
        if not self._record.body:
            return None
        try:
            return ATTRIBUTES[name].read(self._known_event)
        except NotJsonError:  # of a source whose bodies are something else
            return None

    def may_have(self, wanted: EventFilter) -> bool:
        """Whether the event has one of the wanted values, as far as can be told without decoding
        its body.
        """
        if told := self._told(wanted.name):
            return wanted.lets((told,))
        return not wanted.sought or not (here := self.spelling) or wanted.stands_in(here)

    @property
    def spelling(self) -> bytes:
        """The body in small letters, in which every plain text stands as it is, in quotes; empty
        where one may be written otherwise: with escapes, or in UTF-16.
        """
        if self._spelling is None:
            small = self._record.body.lower()
            # One character is looked for in no time, and escapes of others are no matter.
            escaped = b"\\" in small and b"\\u" in small
            is_k = not small.isascii() and _KELVIN in small
            self._spelling = b"" if escaped or is_k or b"\0" in small else small
        return self._spelling

    def _told(self, name: str) -> str | None:
        """What the record says without its body."""
        known = _IN_RECORD.get(name)
        return getattr(self._record, known) if known else None

    @property
    def _known_event(self) -> Event:
        if self._event is None:
            self._event = event_of(self._record)
        return self._event


def filters_of(wanted: Mapping[str, Any]) -> tuple[EventFilter, ...]:
    """The filters that are written so, those first that need no body."""
    found = (EventFilter(name, _tuple(values)) for name, values in wanted.items())
    return tuple(sorted(found, key=lambda each: each.name not in _IN_RECORD))


def read_filters(documents: Iterable[Mapping[str, Any]]) -> tuple[EventFilter, ...]:
    """Filters that were written as JSON. Raises `KeyError` and `TypeError` for what are none."""
    return tuple(EventFilter(each["name"], tuple(each["values"])) for each in documents)


def lets(filters: Iterable[EventFilter], facts: Facts) -> bool:
    """Whether all of them let an event through."""
    return all(map(facts.may_have, filters)) and all(
        each.lets(facts.values(each.name)) for each in filters
    )


def misfits(filters: Iterable[EventFilter], facts: Facts) -> Iterator[str]:
    """Why those of them that do not let an event through do not."""
    for each in filters:
        found = facts.values(each.name)
        if not each.lets(found):
            yield each.misfit(found)


def filter_problems(
    filters: Iterable[EventFilter], patterns: Iterable[str], options: Sequence[str] = ()
) -> Iterator[str]:
    """What is wrong with the filters of a handler that has these patterns. What is no filter may
    be a slip of one of the `options` that stand beside them.
    """
    for each in filters:
        if each.name not in ATTRIBUTES:
            close = near(each.name, (*ATTRIBUTES, *options), most=1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            yield f"there is no filter {each.name!r}; there are {', '.join(ATTRIBUTES)}{hint}"
            continue
        if problem := _value_problem(each):
            yield problem
            continue
        for pattern in patterns:
            there = _attributes_of(pattern)
            if each.name not in there:
                yield (
                    f'{each} leaves out every event that "{pattern}" fits, since none has a'
                    f" {each.name}; they have {', '.join(there)}"
                )


def _attributes_of(pattern: str) -> list[str]:
    """What the events that a pattern fits have, as far as is known."""
    forms = forms_for(pattern)
    return [each.name for each in ATTRIBUTES.values() if any(map(each.is_in, forms))]


def _value_problem(each: EventFilter) -> str | None:
    # Authors need not use a type checker: anything may stand here.
    values: Any = each.values
    if values == ():
        return f"{each.name}=() leaves out every event; name what is wanted"
    if isinstance(values, tuple) and all(isinstance(value, str) and value for value in values):
        return None
    return (
        f"{each.name}={values!r} is neither a text nor a tuple of texts; write"
        f' {each.name}="one" or {each.name}=("one", "another")'
    )


def _tuple(values: Any) -> Any:
    return (values,) if isinstance(values, str) else values


def _quoted(values: Iterable[str], word: str) -> str:
    return f" {word} ".join(f'"{value}"' for value in values)
