"""What the bytes of a body rule out, its reading would have left out: any body, however written."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comethooks.schemas import ATTRIBUTES
from comethooks.workers.plugins.event_filters import EventFilter, Facts
from comethooks.workers.record import Kind, Record
from tests.schemas.samples import SAMPLES, places, put

ASKED = ("category", "type", "tags", "sender", "receiver", "uid", "guid", "user", "by", "to")
"""The keys under which stands what filters ask for."""
NOBODYS = tuple(f"nobodys{number}" for number in range(20))
"""More values than are searched for one by one."""
WORDS = st.text('kKS\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}9e/\\"-. \0\ud800é', max_size=4)
VALUES = (
    WORDS
    | st.sampled_from(("interactive", "\N{KELVIN SIGN}ate", "a/b", "a\\b", "5000", "-5"))
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from((5e3, -5.0, 1e15))
    | st.lists(WORDS, max_size=2)
)


def escaped(text: str) -> str:
    """JSON whose keys and texts are nothing but escapes of four digits."""

    def written(value: Any) -> str:
        if isinstance(value, dict):
            return (
                f"{{{','.join(f'{written(key)}:{written(each)}' for key, each in value.items())}}}"
            )
        if isinstance(value, list):
            return f"[{','.join(map(written, value))}]"
        if not isinstance(value, str):
            return json.dumps(value)
        units = value.encode("utf-16-be", "surrogatepass").hex()
        return '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'

    return written(json.loads(text))


WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode("utf-8", "surrogatepass"),
    "as by PHP": lambda text: json.dumps(json.loads(text)).replace("/", "\\/").encode(),
    "escaped": lambda text: escaped(text).encode(),
    "ESCAPED": lambda text: escaped(text).upper().replace("\\U", "\\u").encode(),
    "with a byte order mark": lambda text: text.encode("utf-8-sig", "surrogatepass"),
    "in UTF-16": lambda text: text.encode("utf-16", "surrogatepass"),
    "in UTF-32": lambda text: text.encode("utf-32", "surrogatepass"),
}
"""Ways to write a body that are read as the same."""


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, bytes]:
    """A trigger and a body, some of what filters ask for replaced."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    body = SAMPLES[name]
    for _ in range(draw(st.integers(0, 3))):
        there = [each for each in places(body) if each.steps[-1] in ASKED]
        if there:
            body = put(body, draw(st.sampled_from(there)).steps, draw(VALUES))
    write = WRITTEN[draw(st.sampled_from(sorted(WRITTEN)))]
    return SAMPLES[name]["trigger"], write(json.dumps(body, ensure_ascii=False))


def facts(trigger: str, body: bytes) -> Facts:
    """What is known of an event whose record says nothing but its trigger."""
    return Facts(Record(kind=Kind.EVENT, id="1", received_at=1, trigger=trigger, body=body))


@settings(
    max_examples=600,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(bodies(), st.sampled_from((str, str.lower, str.upper, str.swapcase)))
def test_what_reading_finds_is_never_ruled_out(
    sent: tuple[str, bytes], spell: Callable[[str], str]
) -> None:
    """In whatever letters, escapes and encoding, and in whatever letters it is wanted."""
    for name in ATTRIBUTES:
        for value in facts(*sent).values(name) or ():
            for others in (("nobodys",), NOBODYS):
                wanted = EventFilter(name, (*others, spell(value)))
                if wanted.lets((value,)):
                    assert facts(*sent).may_have(wanted), (name, value)


@pytest.mark.parametrize("name", [each.name for each in ATTRIBUTES.values() if each.in_body])
def test_what_stands_nowhere_is_ruled_out(name: str) -> None:
    """Of every sample, and without decoding it: that is what the bytes are looked at for."""
    for sample in SAMPLES.values():
        body = WRITTEN["as it is"](json.dumps(sample, ensure_ascii=False))
        asked = facts(sample["trigger"], body)
        assert not asked.may_have(EventFilter(name, ("nobodys", "no-one")))
        assert not asked.may_have(EventFilter(name, NOBODYS))
        assert asked.may_have(EventFilter(name, ("nobodys", "no/one")))
        assert asked.may_have(EventFilter(name, ("nobodys", "5")))


def test_what_the_record_says_is_asked_before_the_body() -> None:
    """The sender of a record is the event's, whoever stands in the body."""
    told = Record(kind=Kind.EVENT, id="1", received_at=1, sender="ada", body=b'{"x":"bob"}')
    assert Facts(told).may_have(EventFilter("sender", ("ada",)))
    assert not Facts(told).may_have(EventFilter("sender", ("bob",)))
    assert Facts(replace(told, sender=None)).may_have(EventFilter("sender", ("bob",)))
