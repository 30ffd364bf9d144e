"""Telling systemd, where it has started us, that a service is ready: one datagram, no library."""

import socket
from collections.abc import Mapping
from contextlib import suppress

SOCKET = "NOTIFY_SOCKET"


def tell_ready(environ: Mapping[str, str]) -> None:
    """Say that the service runs, to `Type=notify`. Where nobody listens nothing happens: it is no
    reason to do without the service.
    """
    address = environ.get(SOCKET, "")
    if not address:
        return
    # An abstract one, without a file, is written with an @.
    path = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", path)
