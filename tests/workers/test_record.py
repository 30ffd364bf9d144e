"""The stream entry: what goes in comes out, and what cannot be read says so."""

import pytest

from comethooks.workers.record import (
    FORMAT,
    DamagedError,
    Kind,
    Record,
    RecordError,
    Vote,
    cost,
    decode,
    encode_decision,
    encode_meta,
    event_of,
)
from comethooks.workers.states import DecisionAction


def a_record(**changes: object) -> Record:
    return Record(
        **{"kind": Kind.EVENT, "id": "i", "received_at": 1, "body": b"\x00\xff", **changes}
    )  # type: ignore[arg-type]


def entry_of(record: Record) -> dict[bytes, bytes]:
    decided = encode_decision(record)
    return {
        b"v": FORMAT,
        b"k": str(record.kind).encode(),
        b"m": encode_meta(record),
        b"b": record.body,
        **({b"d": decided} if decided else {}),
    }


VOTES = (
    Vote("moderator.decide", DecisionAction.DROP, 0.25, reason="scam", confidence=0.9),
    Vote("mine.look", None, 300.0, shadow=True, error="late"),
)


def test_a_record_survives_the_stream() -> None:
    """Every field but those that the script adds."""
    record = a_record(
        trigger="t",
        headers={"a": "b"},
        errors={"data.x": ["missing"]},
        occurred_at=5,
        key="k",
        drift=(("unknown field", "data.x"), ("wrong type", "data.y")),
    )
    assert decode(entry_of(record)) == record


def test_a_decision_survives_the_stream_with_its_votes() -> None:
    """In a field of its own, so that `m` is the same with one and without."""
    record = a_record(decision=DecisionAction.DROP, votes=VOTES)
    assert decode(entry_of(record)) == record
    assert encode_meta(record) == encode_meta(a_record())


def test_handlers_read_the_decision_and_the_votes() -> None:
    """In drainers, retries and replays alike: all make the event of the record."""
    event = event_of(a_record(decision=DecisionAction.DROP, votes=VOTES))
    assert (event.decision, event.votes) == ("drop", VOTES)


def test_an_entry_without_a_decision_is_one_that_nobody_decided_on() -> None:
    """So are those that were written before there were decisions."""
    assert encode_decision(a_record()) == b""
    assert (decode(entry_of(a_record())).decision, decode(entry_of(a_record())).votes) == (None, ())


def test_what_a_vote_says_is_kept_in_200_characters() -> None:
    """Whatever an exception of a decider holds, and lone surrogates cost nothing but themselves."""
    vote = Vote("p.f", None, 1.0, error="x" * 10_000, reason="a\ud800b")
    (kept,) = decode(entry_of(a_record(decision=DecisionAction.ALLOW, votes=(vote,)))).votes
    assert len(kept.error or "") == 200
    assert kept.reason == "a\ufffdb"


def test_a_decision_adds_nothing_to_what_an_entry_costs() -> None:
    """Workers of a version that does not know decisions take back as much as was added."""
    assert cost(entry_of(a_record(decision=DecisionAction.DROP, votes=VOTES))) == cost(
        entry_of(a_record())
    )


def test_an_event_without_drift_has_three_bytes_for_it() -> None:
    """Nearly all are without."""
    assert encode_meta(a_record()).endswith(b",null,[]]")


def test_text_that_json_refuses_is_scrubbed() -> None:
    """A lone surrogate in a uid costs the surrogate, not the event."""
    poisoned = a_record(
        sender="a\ud800b", headers={"h": "\udfff"}, drift=(("unknown field", "data.\ud800"),)
    )
    read = decode(entry_of(poisoned))
    assert (read.sender, read.drift) == ("a\ufffdb", (("unknown field", "data.\ufffd"),))


@pytest.mark.parametrize(
    "change",
    [
        {b"v": b"0"},
        {b"m": b"{"},
        {b"m": b"[]"},
        {b"m": b"7"},
        {b"k": b"other"},
        {b"e": b"short"},
        {b"d": b"{"},
        {b"d": b"[]"},
        {b"d": b'{"decision":"other","votes":[]}'},
        {b"d": b'{"decision":"drop","votes":[{}]}'},
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_read_is_an_error_of_its_own(change: dict[bytes, bytes]) -> None:
    """Another format, damage, or an unknown kind."""
    with pytest.raises(RecordError):
        decode({**entry_of(a_record()), **change})


def test_an_entry_of_another_format_is_not_taken_for_damaged() -> None:
    """Another version may read it; what is damaged nobody can."""
    with pytest.raises(RecordError) as other:
        decode({**entry_of(a_record()), b"v": b"0"})
    assert not isinstance(other.value, DamagedError)
    with pytest.raises(DamagedError):
        decode({**entry_of(a_record()), b"m": b"{"})


def test_an_entry_costs_more_than_its_bytes() -> None:
    """Redis keeps more than the fields."""
    entry = entry_of(a_record())
    assert cost(entry) > sum(len(value) for value in entry.values())
