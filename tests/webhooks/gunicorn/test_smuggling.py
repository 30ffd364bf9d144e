"""A proxy in front and the server behind it read the same bytes: where the two could see another
number of requests in them, nothing of what is hidden there is served.
"""

from collections.abc import Iterator

import pytest

from comethooks.workers.settings.settings import Settings
from tests.application import Kept
from tests.redis_server import RedisServer
from tests.webhooks.samples import PASSWORD, USER, authorization, message, raw
from tests.webhooks.serving import Served, free_port, served

HIDDEN_BODY = raw(message(id="smuggled"))
HIDDEN = (
    f"POST /webhooks HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization()}\r\n"
    f"Content-Length: {len(HIDDEN_BODY)}\r\n\r\n"
).encode() + HIDDEN_BODY
"""A request with valid credentials, as somebody else's that a proxy sends over the same
connection would be; nobody has sent it as one."""
CHUNKED = b"0\r\n\r\n" + HIDDEN
"""Whoever reads chunks takes this for an empty body, and for what comes behind it."""


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, _shared_redis: RedisServer
) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("smuggling")
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(directory / "data"),
            "REDIS_URL": _shared_redis.url,
            "PORT": str(free_port()),
            "WEB_CONCURRENCY": "1",
        }
    )
    with served(settings, directory) as server:
        yield server


def exchange(
    server: Served, head: bytes, rest: bytes, *, seconds: float = 0.4, most: int = 9
) -> list[int]:
    """The statuses of up to so many answers, until the server ends the connection or has said
    nothing for so long.
    """
    client = server.client()
    client.send(b"POST /webhooks HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + rest)
    statuses = []
    try:
        while len(statuses) < most:
            statuses.append(client.answer()[0])
            client._socket.settimeout(seconds)
    except (OSError, IndexError, ValueError):
        pass
    finally:
        client.close()
    return statuses


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: CHUNKED\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: \tchunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding:\x0bchunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: identity, chunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: chunked, identity\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: chunked, chunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding : chunked\r\n",
        b"Content-Length: %d\r\nTransfer_Encoding: chunked\r\n",
        b"Content-Length: %d\r\nX: y\r\n Transfer-Encoding: chunked\r\n",
        b"Content-Length: %d\r\nX: y\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: %d\r\nX: y\rTransfer-Encoding: chunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding\r\n: chunked\r\n",
        b"Content-Length: %d\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: %d\r\n",
        b"Content-Length: 5, %d\r\n",
        b"Content-Length: %d\r\nContent_Length: 5\r\n",
        b"Content-Length: %d\r\nContent-Length : 5\r\n",
        b"Content-Length: %d\r\nX: y\r\n\tContent-Length: 5\r\n",
    ],
)
def test_what_is_hidden_in_a_body_is_no_request(
    shared: Served, redis_server: RedisServer, kept: Kept, framing: bytes
) -> None:
    """Whoever reads by its length sees one request, and so does the server, or it refuses and ends
    the connection.
    """
    statuses = exchange(shared, framing % len(CHUNKED), CHUNKED)
    assert len(statuses) == 1
    assert statuses[0] in {400, 401, 415, 501}
    assert not [record for record in kept() if b"smuggled" in (record.body or b"")]


@pytest.mark.parametrize("body", [b"0\r\n\r\n", b"0;x=y\r\n\r\n"])
def test_two_requests_that_both_would_see_are_two(
    shared: Served, redis_server: RedisServer, kept: Kept, body: bytes
) -> None:
    """So that the tests above show something."""
    statuses = exchange(shared, b"Transfer-Encoding: chunked\r\n", body + HIDDEN, seconds=5, most=2)
    assert statuses == [401, 200]
    assert [record for record in kept() if b"smuggled" in (record.body or b"")]


@pytest.mark.parametrize(
    "chunk",
    [
        b"1\r\nZ\r\n0\r\n\n" + HIDDEN,
        b"0x0\r\n\r\n" + HIDDEN,
        b"+0\r\n\r\n" + HIDDEN,
        b"-0\r\n\r\n" + HIDDEN,
        b"0_0\r\n\r\n" + HIDDEN,
        b" 0\r\n\r\n" + HIDDEN,
        b"0\n\n" + HIDDEN,
        b"1\r\nZZ\r\n0\r\n\r\n" + HIDDEN,
        b"1;\nx\r\nZ\r\n0\r\n\r\n" + HIDDEN,
        b"ffffffffffffffff1\r\nZ\r\n0\r\n\r\n" + HIDDEN,
    ],
)
def test_behind_a_chunk_that_is_none_nothing_is_a_request(
    shared: Served, redis_server: RedisServer, kept: Kept, chunk: bytes
) -> None:
    """A proxy may read such a size otherwise, and pass on what is behind it as a body."""
    statuses = exchange(shared, b"Transfer-Encoding: chunked\r\n", chunk)
    assert len(statuses) <= 1
    assert not [record for record in kept() if b"smuggled" in (record.body or b"")]


@pytest.mark.parametrize(
    "name", ["X_Forwarded_For", "X-Forwarded-For ", "x-forwarded_for", "X_FORWARDED-FOR"]
)
def test_a_header_that_is_called_nearly_so_is_not_taken_for_what_a_proxy_says(
    shared: Served, name: str
) -> None:
    """An environment of WSGI would mix up the two, and let its sender in where a proxy is
    trusted.
    """
    client = shared.client()
    client.send(f"GET /readyz HTTP/1.1\r\nHost: x\r\n{name}: 8.8.8.8\r\n\r\n".encode())
    status, _, _ = client.answer()
    client.close()
    assert status in {200, 400}


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0)])
def test_two_credentials_are_none(shared: Served, kept: Kept, order: tuple[int, int]) -> None:
    """A proxy that looks at the first and a server that looks at the last would let in whoever
    brings one that each of them likes.
    """
    values = (authorization(), authorization("somebody", "else"))
    lines = "".join(f"Authorization: {values[each]}\r\n" for each in order)
    head = f"{lines}Content-Length: {len(HIDDEN_BODY)}\r\n".encode()
    assert exchange(shared, head, HIDDEN_BODY) == [401]
    assert not [record for record in kept() if b"smuggled" in (record.body or b"")]
