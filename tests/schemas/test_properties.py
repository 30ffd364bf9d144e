"""Any body that CometChat might send: hypothesis leaves out, empties, respells and spoils what is
optional.
"""

import inspect
import json
from types import MappingProxyType
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from comethooks.schemas import ReadOnlyDict, ReadOnlyList, decode, masked, parse, redacted
from comethooks.schemas.event.views import Frozen
from tests.schemas.samples import (
    EVERY_PLACE,
    SAMPLES,
    Place,
    accepted,
    drop,
    event_of,
    form_of,
    optional,
    places,
    public,
    put,
)

checked = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
"""The same examples each time, and nothing written."""

TEXT = st.text(
    st.characters(codec=None, categories=None), max_size=6
)  # lone surrogates and NUL, too
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(
        ("uid", "guid", "id", "0", "1760000301", {"uid": 5}, {"guid": []}, {"entity": []})
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("uid", "guid", "id", "entity", "data", "sender", "message", "action"))
            | TEXT,
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
names = st.sampled_from(EVERY_PLACE)


TELLING = ("uid", "guid", "id", "sessionid", "sessionId")
"""The keys that tell what a thing is: without them, an entity is something else."""


def separable(sample: dict[str, Any]) -> list[Place]:
    """What may be left out by itself."""
    return [
        place
        for place in optional(sample)
        if not isinstance(place.value, dict | list) and place.steps[-1] not in TELLING
    ]


def is_time(place: Place) -> bool:
    """Whether something is a time, by its key."""
    key = str(place.steps[-1])
    return key in ("timestamp", "startTime", "endTime", "at") or key.endswith(("At", "_at"))


def is_id(place: Place) -> bool:
    """Whether something is an id that may be a number, by its key."""
    return place.steps[-1] in ("id", "messageId", "parentId", "parentMessageId", "quotedMessageId")


def spellings(value: Any) -> list[Any]:
    """The ways to write a time: seconds or milliseconds, a number or a string."""
    number = int(value)
    milliseconds = number if number >= 10**11 else number * 1000
    written: list[Any] = [milliseconds, str(milliseconds), milliseconds * 1000]
    if milliseconds % 1000 == 0:
        seconds = milliseconds // 1000
        written += [seconds, str(seconds), float(seconds), f"{seconds}.0"]
    return written


@st.composite
def variants(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body with some of its optional fields, and the same in another spelling: null, and
    respelled.
    """
    sample = SAMPLES[draw(names)]
    chosen = draw(
        st.lists(
            st.sampled_from(separable(sample)), max_size=8, unique_by=lambda place: place.steps
        )
    )
    plain, other = sample, sample
    for place in chosen:
        plain = drop(plain, place.steps)
        empty = [None, "", 0] if is_time(place) else [None, ""]
        other = put(other, place.steps, draw(st.sampled_from(empty)))
    left_out = {place.steps for place in chosen}
    for place in places(sample):
        if place.steps in left_out or not place.value or isinstance(place.value, bool):
            continue
        if is_time(place) and str(place.value).isdigit():
            other = put(other, place.steps, draw(st.sampled_from(spellings(place.value))))
        elif is_id(place) and str(place.value).isdigit() and str(place.value)[0] != "0":
            spelled = [str(place.value), int(place.value)]
            other = put(other, place.steps, draw(st.sampled_from(spelled)))
    return plain, other


@given(variants())
@checked
def test_whatever_is_left_out_or_respelled_it_is_the_same(bodies):
    """Null is as good as absent, an id may be a number, and a time has many spellings. It is no
    repeat, though: what CometChat repeats, it repeats as it was.
    """
    plain, other = accepted(bodies[0]), accepted(bodies[1])
    assert (plain.drift, other.drift) == ((), ())
    said = ("trigger", "name", "app_id", "conversation_id", "sender", "occurred_at", "key")
    assert [getattr(other, name) for name in said] == [getattr(plain, name) for name in said]


@given(variants())
@checked
def test_whatever_is_left_out_or_respelled_a_handler_reads_the_same(bodies):
    """Every attribute of the event, and of what it holds, but those that hold the wire as it is."""
    assert read(event_of(bodies[0])) == read(event_of(bodies[1]))


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A body with junk in some of its optional places, so that it still is of the same form."""
    original = sample = SAMPLES[draw(names)]
    chosen = draw(st.lists(st.sampled_from(optional(sample)), min_size=1, max_size=6))
    for place in sorted(chosen, key=lambda place: len(place.steps), reverse=True):
        sample = put(sample, place.steps, draw(JUNK))
    assume(form_of(sample) is form_of(original))
    return sample


@given(spoiled())
@checked
def test_junk_in_optional_places_never_raises(body):
    """Neither in what the server does with a body nor in anything that a handler may look at."""
    raw = json.dumps(body).encode()
    decoded = decode(raw)
    assert parse(decoded, raw).trigger == body["trigger"]
    event = event_of(decoded, raw=raw)
    read(event)
    shown = (
        repr(event),
        str(event.message),
        repr(event.action),
        repr(event.call),
        repr(event.members),
    )
    assert all(isinstance(text, str) for text in shown)
    assert isinstance(masked(decoded), dict)
    assert isinstance(redacted(decoded), dict)


@given(
    st.dictionaries(
        st.sampled_from(("message", "body", "call", "group", "user")) | TEXT, JUNK, max_size=4
    )
)
@checked
def test_an_unknown_trigger_takes_anything_and_reads_as_nothing(data):
    """Nothing is known of it but that it came."""
    body = {"trigger": "group_painted", "data": data}
    assert accepted(body).name is None
    masked(body)
    redacted(body)


AS_IT_IS = ("payload", "raw", "data", "metadata", "moderation")
"""What shows the wire, in whatever spelling."""


def read(value: Any) -> Any:
    """Everything that there is to read of a view, and of the views in it, as plain values."""
    if isinstance(value, Frozen):
        assert isinstance(repr(value), str)
        hash(value)
        found = {name: getattr(value, name) for name in public(type(value))}
        return {name: read(item) for name, item in found.items() if name not in AS_IT_IS}
    if isinstance(value, tuple):
        return [read(item) for item in value]
    if isinstance(value, MappingProxyType):
        return {name: read(item) for name, item in value.items()}
    if inspect.ismethod(value):
        return read(value())
    return type(value).__name__ if isinstance(value, ReadOnlyDict | ReadOnlyList) else value


def test_everything_public_is_read():
    """Otherwise the tests above would show nothing."""
    event = event_of(SAMPLES["message_sent mention"])
    told = read(event)
    assert told["message"]["sender"]["uid"] == told["sender"]["uid"]
    assert told["mentions"][0]["uid"]
    assert {"call", "receipt", "presence", "members", "campaign"} <= told.keys()
    assert parse(SAMPLES["message_sent mention"], b"").drift == ()
