"""Addresses: of Redis, of the database, of this service, and how they are shown.

The functions that parse raise `ValueError` with what was expected, in words that fit behind `NAME
is "…": `. None of them quotes the text, which may be a secret.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from comethooks.schemas.masking import MASK, SECRET_NAMES
from comethooks.workers.settings.values import parse_number, parse_path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = "0.0.0.0"
_EVERY_HOST = {EVERYWHERE: LOOPBACK[0], "::": LOOPBACK[2]}
"""What means every network card, and where such a listener is found from the same machine."""

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
"""Loopback, RFC 1918, unique local and link-local addresses. Others that are not global, such as
those that a carrier shares among its customers, may be a stranger's.
"""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where the web process listens; `port` is None when only the host was said."""

    host: str
    port: int | None = None


def parse_binding(text: str) -> Binding:
    """The host, and the port if there is one, in `host`, `host:port`, `[IPv6]` or `[IPv6]:port`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]+))?", text)
    host = (match[1] or match[2]) if match else ""
    if match is None or not _can_be_bound(host):
        raise ValueError(
            "expected a host or host:port of this machine, such as 127.0.0.1:8000, 0.0.0.0 for"
            " every network card, or [::1]:8000"
        )
    return Binding(host, parse_number(match[3], maximum=65_535) if match[3] else None)


def _can_be_bound(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # A name may be bound; a number alone is more likely meant as a port.
        return re.fullmatch(r"[0-9.]*", host) is None
    return True


def host_and_port(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def local_address(host: str | None, port: int) -> str:
    """`host:port` at which this machine finds what listens on `host`; None: wherever it likes."""
    host = host or EVERYWHERE
    return host_and_port(_EVERY_HOST.get(host, host), port)


def is_private(text: str) -> bool:
    """Whether `text` is an IP address of this machine or of a private network."""
    address = _ip_address(text)
    return address is not None and any(address in network for network in _PRIVATE)


def is_local(host: str) -> bool:
    """Whether `host`, an address or a name, is one that the world outside does not reach."""
    if re.fullmatch(r"[0-9.]+|.*:.*", host):
        address = _ip_address(host)
        return address is not None and not address.is_global
    return (
        host == "localhost"
        or host.endswith((".localhost", ".local", ".internal"))
        or "." not in host
    )


def _ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """None when it is none; IPv4 also where a listener on `::` sees it as `::ffff:203.0.113.9`."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def parse_redis_url(text: str) -> str:
    """A URL that redis-py understands."""
    scheme, _, rest = text.partition("://")
    if scheme not in ("redis", "rediss", "unix") or not rest:
        raise ValueError(
            "expected redis://[user:password@]host:port/0, rediss://… or unix:///path/to/socket"
        )
    _check_host(text)
    # redis-py uses database 0 when it cannot read the path, and says nothing.
    parts = urlsplit(text)
    databases = parse_qs(parts.query).get("db", [])
    if scheme != "unix" and parts.path.removeprefix("/"):
        databases.append(parts.path.removeprefix("/"))
    if not all(re.fullmatch("[0-9]+", number) for number in databases):
        raise ValueError("expected a whole number for its database, as in redis://host:port/0")
    return text


def parse_database_url(text: str) -> str:
    """A URL for SQLAlchemy: PostgreSQL's with its driver, SQLite's with an absolute path."""
    scheme, _, rest = text.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and rest:
        _check_host(text)
        return f"postgresql+psycopg://{rest}"
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ValueError(
            "expected postgresql://user:password@host/database or sqlite:////path/to/file"
        )
    file, question, options = rest[1:].partition("?")
    if file in ("", ":memory:") or file.startswith("file:"):
        raise ValueError(
            "expected a file: several processes share the database, so it cannot be in memory"
        )
    return f"{sqlite_url(parse_path(unquote(file)))}{question}{options}"


def sqlite_url(path: Path) -> str:
    """SQLAlchemy's URL of the SQLite database in the file `path`."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


def parse_public_url(text: str) -> str:
    """An http or https URL without a slash at its end."""
    _check_host(text)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected a URL such as https://chat.example.com, without ? and #")
    return text.rstrip("/")


def masked_url(url: str) -> str:
    """`url` with its password, and parameters that look like one, replaced by `***`."""
    url = re.sub(r"(://[^:/?#@]*):.*@", rf"\1:{MASK}@", url)
    names = "|".join(SECRET_NAMES)
    return re.sub(rf"(?i)([?&][^=&]*(?:{names})[^=&]*=)[^&#]*", rf"\1{MASK}", url)


def _check_host(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            "its host and port cannot be read; characters such as / : @ # in a password are written"
            " percent-encoded"
        ) from None
