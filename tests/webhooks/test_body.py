"""Reading a body: never more than is allowed, and never less than was declared."""

import io

import pytest

from comethooks.webhooks.body import BrokenOffError, TooLargeError, read


class Counting(io.BytesIO):
    """A stream that knows how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.taken += len(part)
        return part


class Silent:
    """A sender that says nothing any more."""

    def read(self, size: int, /) -> bytes:
        raise BlockingIOError


class TestWithLength:
    @pytest.mark.parametrize("length", ["0", "3", "5", "00000000000000000000005"])
    def test_as_much_as_declared_is_read(self, length: str) -> None:
        assert (
            read(io.BytesIO(b"hello"), length, limit=5, terminated=True) == b"hello"[: int(length)]
        )

    @pytest.mark.parametrize("length", ["6", "99999999999999999999", "9" * 5000])
    def test_more_than_allowed_is_refused_before_a_byte_is_read(self, length: str) -> None:
        stream = Counting(b"hello, world")
        with pytest.raises(TooLargeError) as caught:
            read(stream, length, limit=5, terminated=True)
        assert caught.value.limit == 5
        assert stream.taken == 0

    def test_a_sender_that_goes_away_has_sent_nothing(self) -> None:
        with pytest.raises(BrokenOffError, match="shorter than its Content-Length"):
            read(io.BytesIO(b"hel"), "5", limit=5, terminated=True)

    @pytest.mark.parametrize("length", ["-1", "five", "1.0", "٣"])
    def test_a_length_that_is_no_number_is_refused(self, length: str) -> None:
        with pytest.raises(BrokenOffError, match="not a number"):
            read(io.BytesIO(b"hello"), length, limit=5, terminated=True)


class TestWithoutLength:
    def test_a_chunked_body_is_read_to_its_end(self) -> None:
        assert read(io.BytesIO(b"hello"), None, limit=5, terminated=True) == b"hello"

    def test_of_a_longer_one_a_single_byte_too_many_is_read(self) -> None:
        stream = Counting(b"x" * 1_000_000)
        with pytest.raises(TooLargeError):
            read(stream, None, limit=100_000, terminated=True)
        assert stream.taken == 100_001

    @pytest.mark.parametrize("length", [None, ""])
    def test_without_a_length_and_an_end_there_is_no_body(self, length: str | None) -> None:
        assert read(Silent(), length, limit=5, terminated=False) == b""

    def test_silence_and_wrong_framing_are_a_body_that_broke_off(self) -> None:
        with pytest.raises(BrokenOffError, match="BlockingIOError"):
            read(Silent(), None, limit=5, terminated=True)
