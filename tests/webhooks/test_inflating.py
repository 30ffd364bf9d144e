"""Bodies that come compressed: inflated up to the limit, in bounded memory, or refused in words."""

import gzip
import tracemalloc
import zlib

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.webhooks.body import NotInflatedError, TooLargeError, UnknownEncodingError
from comethooks.webhooks.inflating import inflated
from tests.application import Kept, MakeSettings
from tests.webhooks.samples import authorization, in_flight, message, raw

MIB = 1024 * 1024
BODY = raw(message())


def zipped_zeros(size: int) -> bytes:
    """A gzip of so many zeros, made without holding them."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [deflater.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join(parts) + deflater.flush()


class TestInflated:
    @pytest.mark.parametrize("encoding", [None, "", "identity", " Identity , "])
    def test_what_is_not_encoded_stays_as_it_is(self, encoding: str | None) -> None:
        assert inflated(BODY, encoding, limit=1) == BODY

    @pytest.mark.parametrize("encoding", ["gzip", "GZip", "x-gzip", "identity, gzip"])
    def test_gzip_is_inflated_also_when_it_has_several_members(self, encoding: str) -> None:
        members = gzip.compress(BODY[:20]) + gzip.compress(BODY[20:])
        assert inflated(members, encoding, limit=len(BODY)) == BODY

    def test_deflate_is_inflated(self) -> None:
        assert inflated(zlib.compress(BODY), "deflate", limit=len(BODY)) == BODY

    @pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "aws-chunked"])
    def test_everything_else_is_unknown(self, encoding: str) -> None:
        with pytest.raises(UnknownEncodingError) as caught:
            inflated(BODY, encoding, limit=len(BODY))
        assert caught.value.encoding == encoding

    @pytest.mark.parametrize(
        ("came", "encoding"),
        [
            (BODY, "gzip"),
            (gzip.compress(BODY)[:-9], "gzip"),
            (gzip.compress(BODY)[:30] + b"xxxx" + gzip.compress(BODY)[34:], "gzip"),
            (gzip.compress(BODY) + b"more", "gzip"),
            (BODY, "deflate"),
            (zlib.compress(BODY)[:-1], "deflate"),
            (b"", "deflate"),
        ],
        ids=["plain", "cut off", "damaged", "trailing", "no zlib", "zlib cut off", "nothing"],
    )
    def test_what_is_not_what_it_says_is_not_inflated(self, came: bytes, encoding: str) -> None:
        with pytest.raises(NotInflatedError):
            inflated(came, encoding, limit=MIB)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_the_limit_is_that_of_the_inflated_body(self, encoding: str) -> None:
        packed = gzip.compress(BODY) if encoding == "gzip" else zlib.compress(BODY)
        with pytest.raises(TooLargeError) as caught:
            inflated(packed, encoding, limit=len(BODY) - 1)
        assert caught.value.limit == len(BODY) - 1

    def test_a_bomb_takes_no_more_memory_than_the_limit(self) -> None:
        """256 kB that would be 256 MB."""
        bomb = zipped_zeros(256 * MIB)
        tracemalloc.start()
        try:
            with pytest.raises(TooLargeError):
                inflated(bomb, "gzip", limit=MIB)
            assert tracemalloc.get_traced_memory()[1] < 4 * MIB
        finally:
            tracemalloc.stop()


class TestOverHttp:
    @staticmethod
    def post(client: FlaskClient, body: bytes, encoding: str) -> tuple[int, dict[str, object]]:
        response = client.post(
            "/webhooks",
            data=body,
            headers={"Authorization": authorization(), "Content-Encoding": encoding},
        )
        return response.status_code, response.get_json()

    def test_an_event_is_kept_inflated(self, client: FlaskClient, kept: Kept) -> None:
        status, _ = self.post(client, gzip.compress(BODY), "gzip")
        assert status == 200
        assert [(record.body, record.size) for record in kept()] == [(BODY, len(BODY))]

    def test_a_message_in_flight_is_let_through(self, client: FlaskClient) -> None:
        assert self.post(client, gzip.compress(raw(in_flight())), "gzip") == (200, {})

    def test_another_encoding_is_415_that_says_which_are_read(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        status, document = self.post(client, b"\x0b\x02", "br")
        assert (status, document["status"]) == (415, 415)
        assert "gzip or deflate" in str(document["detail"])
        (record,) = kept()
        assert (record.reason, record.body) == ("the Content-Encoding is 'br'", b"\x0b\x02")

    def test_what_is_no_gzip_is_400(self, client: FlaskClient, kept: Kept) -> None:
        status, document = self.post(client, BODY, "gzip")
        assert (status, "Content-Encoding" in str(document["detail"])) == (400, True)
        (record,) = kept()
        assert (record.reason, record.body) == ("the body is no whole gzip: BadGzipFile", BODY)

    def test_what_inflates_to_more_than_the_limit_is_413(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        client = create_app(make_settings(COMETHOOKS_MAX_BODY="1000")).test_client()
        status, _ = self.post(client, gzip.compress(b" " * 1001), "gzip")
        assert status == 413
        assert [(record.status, record.body) for record in kept()] == [(413, b"")]
