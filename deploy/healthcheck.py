"""Whether the web process of this container answers, for HEALTHCHECK: the image has no curl.

It imports next to nothing, since it is started anew each time. In a container of workers there is
nobody to ask, and all is well as long as the container's process lives: it brings back what dies.
"""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

SECONDS = 3.0
_SERVES = {b"web", b"up"}
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}


def main() -> int:
    """The exit status for this container."""
    return health(Path("/proc/1/cmdline").read_bytes(), os.environ)


def health(command: bytes, environ: Mapping[str, str]) -> int:
    """0 when the web process answers 200, or when the first process, by its command line, is none
    that serves.
    """
    if _SERVES.isdisjoint(command.split(b"\0")):
        return 0
    host, port = address(environ)
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=SECONDS) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            line = connection.makefile("rb").readline()
    except OSError as error:
        sys.stderr.write(f"/healthz does not answer: {error}\n")
        return 1
    if b" 200 " in line:
        return 0
    sys.stderr.write(f"/healthz answers {line!r}\n")
    return 1


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Where the web process listens, by the settings that say so."""
    first = environ.get("COMETHOOKS_BIND", "").split(",")[0].strip()
    host, colon, port = first.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = first, ""
    return EVERYWHERE.get(host, host), int(port or environ.get("PORT") or 8000)


if __name__ == "__main__":
    sys.exit(main())
