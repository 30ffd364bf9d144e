"""Hosts between commas, in URLs that name several servers."""

import ipaddress
import re

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]%]+))(?::(?P<port>[0-9]+))?")


def parse_hosts(text: str) -> tuple[tuple[str, int | None], ...]:
    """The hosts in `host`, `host:port`, `[IPv6]` or `[IPv6]:port`, each with its port if it has
    one, once each and in their order.

    Raises `ValueError`, which does not quote the text: a piece of a password may be in it.
    """
    return tuple(dict.fromkeys(_parsed(each.strip()) for each in text.split(",")))


def bracketed(host: str) -> str:
    """The host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _parsed(text: str) -> tuple[str, int | None]:
    found = _HOST.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65_536):
        raise ValueError(
            "one of its hosts cannot be read; expected host or host:port, an IPv6 address in"
            " brackets, and commas between them"
        )
    if found["six"]:
        try:
            ipaddress.IPv6Address(found["six"])
        except ValueError:
            raise ValueError("what stands in brackets in its hosts is no IPv6 address") from None
    return found["six"] or found["host"], port
