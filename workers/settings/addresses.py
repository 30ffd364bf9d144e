"""Addresses of this service, which of them are whose, and how addresses are shown.

The functions that parse raise `ValueError` with what was expected, in words that fit behind `NAME
is "…": `. None of them quotes the text.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from comethooks.schemas.masking import MASK, SECRET_NAMES
from comethooks.workers.settings.server_urls import check_host
from comethooks.workers.settings.values import parse_number

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE, EVERYWHERE_6 = "0.0.0.0", "::"
_EVERY_HOST = {EVERYWHERE: LOOPBACK[0], EVERYWHERE_6: LOOPBACK[2]}
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
    """An address that the web process listens on; `port` is None when only the host was said."""

    host: str
    port: int | None = None

    def at(self, port: int) -> "Binding":
        """The same with a port: its own, or else `port`."""
        return Binding(self.host, self.port or port)

    def __str__(self) -> str:
        return host_and_port(self.host, self.port) if self.port else self.host


def parse_bindings(text: str) -> tuple[Binding, ...]:
    """The addresses between commas, once each."""
    return tuple(dict.fromkeys(parse_binding(each.strip()) for each in text.split(",")))


def parse_binding(text: str) -> Binding:
    """The host, and the port if there is one, in `host`, `host:port`, `[IPv6]` or `[IPv6]:port`."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]+))?", text)
    host = (match[1] or match[2]) if match else ""
    if match is None or not _can_be_bound(host):
        raise ValueError(
            "expected a host or host:port of this machine, such as 127.0.0.1:8000, 0.0.0.0 for"
            " every network card, or [::1]:8000; several with commas between them"
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


def parse_public_url(text: str) -> str:
    """An http or https URL without a slash at its end."""
    check_host(text)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected a URL such as https://chat.example.com, without ? and #")
    return text.rstrip("/")


def moderation_url(public_url: str) -> str:
    """Where Custom API lists ask at a public address, which may be that of the webhooks."""
    return f"{_above_webhooks(public_url)}/moderation"


def webhooks_url(public_url: str) -> str:
    """Where webhooks go at a public address, which may be that itself."""
    return f"{_above_webhooks(public_url)}/webhooks"


def _above_webhooks(public_url: str) -> str:
    return public_url.rstrip("/").removesuffix("/webhooks")


def masked_url(url: str) -> str:
    """`url` with its password, and parameters that look like one, replaced by `***`."""
    url = re.sub(r"(://[^:/?#@]*):.*@", rf"\1:{MASK}@", url)
    names = "|".join(SECRET_NAMES)
    return re.sub(rf"(?i)([?&][^=&]*(?:{names})[^=&]*=)[^&#]*", rf"\1{MASK}", url)
