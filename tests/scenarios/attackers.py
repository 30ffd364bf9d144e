"""`AUTHORIZATION=… python attackers.py KIND PORT`: a crowd that wants to stop reception.

It prints one line once everybody has begun, and goes on until it is killed. Whoever is turned away
comes again.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable

TRICKLE_SECONDS = 3.0
"""Between two bytes of somebody who pretends to be slow: less than any limit for silence."""
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

AUTHORIZATION = os.environ.get("AUTHORIZATION", "")
"""The header of those who have the password."""


async def trickle(writer: asyncio.StreamWriter, *begin: bytes) -> None:
    """Send `begin`, and then a byte now and then."""
    for part in begin:
        writer.write(part)
        await writer.drain()
    while True:
        await asyncio.sleep(TRICKLE_SECONDS)
        writer.write(b"1")
        await writer.drain()


async def endless_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """70 kB of headers that do not end."""
    await trickle(writer, b"POST /webhooks HTTP/1.1\r\nHost: x\r\n" + 70 * (b"X: " + b"y" * 997))


async def half_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head that does not end."""
    await trickle(writer, b"POST /webhooks HTTP/1.1\r\nHost: x\r\nX: ")


async def no_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A large body that never comes, from a stranger."""
    writer.write(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    await reader.read()


async def no_body_nowhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The same to a path that is not ours, and of no length that was told."""
    writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    await reader.read()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Nothing at all."""
    await reader.read()


async def idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, and then nothing for as long as the server allows."""
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.read()


async def slow_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A large body in tiny pieces, from somebody who has the password."""
    head = f"POST /webhooks HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\n"
    await trickle(writer, head.encode() + b"Content-Length: 100000\r\n\r\n{")


async def slow_chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A chunk in tiny pieces, from somebody who has the password."""
    head = f"POST /webhooks HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\n"
    await trickle(writer, head.encode() + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{")


async def pipelined(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A whole request with the beginning of another one behind it."""
    await trickle(writer, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nPOST /webhooks HTTP/1.1\r\nX: ")


CROWDS: dict[str, tuple[int, int, tuple[Speak, ...]]] = {
    "endless heads": (100, 100, (endless_head,)),
    "half heads": (2_300, 300, (half_head,)),
    "bodies that never come": (2_000, 200, (no_body, no_body_nowhere)),
    "idle connections": (2_300, 300, (idle, idle, silent)),
    "slow bodies": (100, 100, (slow_body, slow_chunks)),
    "pipelines": (100, 100, (pipelined,)),
}
"""Of each kind: how many there are, how many connections they open in a second, and what one does
with a connection.
"""


class Door:
    """Lets in so many in a second."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._next = 0.0

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now) + 1 / self._per_second
        await asyncio.sleep(self._next - now)


async def one(speak: Speak, port: int, door: Door, begun: asyncio.Semaphore) -> None:
    """One of the crowd."""
    first = True
    while True:
        await door.wait()
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if first:
                first = False
                begun.release()
            try:
                await speak(reader, writer)
            finally:
                writer.transport.abort()


async def attack(kind: str, port: int) -> None:
    """The whole crowd."""
    count, per_second, ways = CROWDS[kind]
    door, begun = Door(per_second), asyncio.Semaphore(0)
    crowd = [
        asyncio.create_task(one(ways[number % len(ways)], port, door, begun))
        for number in range(count)
    ]
    for _ in crowd:
        await begun.acquire()
    print("begun", flush=True)
    await asyncio.gather(*crowd)


if __name__ == "__main__":
    asyncio.run(attack(sys.argv[1], int(sys.argv[2])))
