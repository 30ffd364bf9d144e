"""Telling systemd that a service is ready."""

import socket
from pathlib import Path

import pytest

from comethooks.workers.supervision.systemd import SOCKET, tell_ready


@pytest.mark.parametrize("is_abstract", [False, True])
def test_who_listens_is_told_once(tmp_path: Path, is_abstract: bool) -> None:
    """At a path, and at an address without a file, which is written with an @."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + path if is_abstract else path)
        listener.settimeout(2)
        tell_ready({SOCKET: ("@" if is_abstract else "") + path})
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {SOCKET: ""}, {SOCKET: "/nobody/listens/here"}])
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]) -> None:
    """A service is started without systemd, too."""
    tell_ready(environ)
