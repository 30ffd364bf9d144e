"""`decode` takes what CometChat's clients send and refuses what is no JSON object."""

import pytest

from comethooks.schemas import NotJsonError, decode, trigger_of


class TestDecode:
    def test_gives_the_object(self):
        """As dicts, lists and plain values."""
        assert decode(b'{"trigger": "message_sent", "data": {}}') == {
            "trigger": "message_sent",
            "data": {},
        }

    @pytest.mark.parametrize(
        "raw, value",
        [
            (b'{"a": "\\ud83d"}', "\ud83d"),
            (b'{"a": "\xed\xa0\xbd"}', "\ud83d"),
            (b'{"a": "\\u0000"}', "\x00"),
            (b'\xef\xbb\xbf{"a": 1}', 1),
            (b'{"a": 1180591620717411303424}', float(2**70)),
            (b'{"a": 1180591620717411303424, "b": "\\ud83d"}', 2**70),
            (b'{"a": 1e400}', float("inf")),
            (b'{"a": ' + b"9" * 5000 + b"}", float("inf")),
        ],
    )
    def test_takes_what_strict_decoders_refuse(self, raw, value):
        """Half an emoji, NUL, a byte order mark and numbers of any size are no reason to lose an
        event.
        """
        assert decode(raw)["a"] == value

    @pytest.mark.parametrize(
        "raw, reason",
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"\xff\xfe\xfa", "not JSON"),
            (b"trigger=message_sent", "not JSON"),
            (b'{"a": NaN}', "not JSON"),
            (b'{"a": -Infinity}', "not JSON"),
            (b"[1]", "not a JSON object but a list"),
            (b'"text"', "not a JSON object but a string"),
            (b"57", "not a JSON object but a number"),
            (b"5.5", "not a JSON object but a number"),
            (b"true", "not a JSON object but a boolean"),
            (b"null", "not a JSON object but null"),
        ],
    )
    def test_says_what_it_is_instead(self, raw, reason):
        """In words for the answer with status 400."""
        with pytest.raises(NotJsonError) as caught:
            decode(raw)
        assert caught.value.reason == reason

    def test_follows_a_thousand_levels(self):
        """Deeper than orjson does."""
        raw = b'{"a":' * 1000 + b"1" + b"}" * 1000
        assert "a" in decode(raw)

    @pytest.mark.parametrize("raw", [b'{"a":' * 200_000, b"[" * 1_000_000])
    def test_refuses_what_is_too_deep_without_a_recursion_error(self, raw):
        """A body may not end the process."""
        with pytest.raises(NotJsonError) as caught:
            decode(raw)
        assert caught.value.reason == "nested too deeply"

    def test_an_error_does_not_show_the_body(self):
        """It may be logged."""
        with pytest.raises(NotJsonError) as caught:
            decode(b'{"authToken": "tok-1"')
        assert "tok-1" not in str(caught.value)
        assert caught.value.__suppress_context__


class TestTriggerOf:
    def test_gives_the_trigger(self):
        """As the body has it."""
        assert trigger_of({"trigger": "message_sent"}) == "message_sent"

    @pytest.mark.parametrize(
        "body", [{}, *({"trigger": value} for value in ("", None, 5, [], {}, True))]
    )
    def test_is_none_for_anything_but_a_non_empty_string(self, body):
        """There is no trigger then."""
        assert trigger_of(body) is None
