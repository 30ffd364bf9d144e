from types import MappingProxyType

import orjson

from comethooks.workers.journal.tables.rows import event_row, request_row, run_row
from tests.workers.journal.samples import event, refusal, run


def test_a_searched_text_is_cut_where_it_can_be_seen():
    """A user's id of a megabyte does not break an index, and shows that it was cut."""
    kept = event_row(event(sender="x" * 2**20), 0)["sender"]
    assert kept == "x" * 254 + "…"
    assert event_row(event(sender="x" * 255), 0)["sender"] == "x" * 255


def test_what_no_text_column_takes_is_replaced():
    """NUL and lone surrogates become U+FFFD; other text stays as it came."""
    row = event_row(event(conversation_id="a\x00b\ud800c", sender="Zoë 🥾"), 0)
    assert row["conversation_id"] == "a\ufffdb\ufffdc"
    assert row["sender"] == "Zoë 🥾"


def test_numbers_beyond_64_bits_are_left_out():
    """A number that no column holds is None; its neighbours stay."""
    row = event_row(event(size=2**70, occurred_at=2**70), 5)
    assert (row["size"], row["occurred_at"], row["partition"]) == (None, None, 5)
    assert request_row(refusal(0, status=-(2**64)))["status"] is None


def test_errors_and_headers_become_json_whatever_is_in_them():
    """A path with a lone surrogate, a NUL, a huge number or a mapping that is no dict can still be
    kept.
    """
    errors = MappingProxyType({"data.\ud800": ["not \x00 valid"], "n": 2**70})
    kept = orjson.loads(request_row(refusal(0, errors=errors))["errors"])
    assert kept["data.\ufffd"] == ["not \x00 valid"]
    assert orjson.loads(event_row(event(headers=MappingProxyType({"a": "b"})), 0)["headers"]) == {
        "a": "b"
    }


def test_the_end_of_a_long_traceback_is_kept():
    """The end of a traceback is where the error is named."""
    kept = run_row("e", run(traceback="line\n" * 50_000 + "ValueError: no such user"))["traceback"]
    assert kept.startswith("…")
    assert kept.endswith("ValueError: no such user")
    assert len(kept) == 64_000


def test_a_body_that_was_not_sent_along_is_none_and_an_empty_one_is_empty():
    """A duplicate's record may come without its body; a refused empty body is a body."""
    assert request_row(refusal(0, body=b"", size=900))["body"] is None
    assert request_row(refusal(0, body=b"", size=0))["body"] == b""
