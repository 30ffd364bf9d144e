"""URLs of a Redis whose primary Sentinels name:
`redis+sentinel://user:password@host:26379,host2/mymaster/0`.

User and password are those of Redis, as in any of its URLs; Sentinels that ask for some of their
own get them from the parameters `sentinel_username` and `sentinel_password`. With TLS it is
`rediss+sentinel`, and the Sentinels are spoken to in the same way as Redis.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from comethooks.workers.settings.hosts import bracketed, parse_hosts

MARK = "+sentinel"
PORT = 26379
EXPECTED = "expected redis+sentinel://[user:password@]host:26379[,host2:26379]/mymaster[/0]"
_OWN = ("sentinel_username", "sentinel_password")

_URL = re.compile(
    r"(?P<scheme>[a-z]+)\+sentinel://(?:(?P<user>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)"
    r"/(?P<name>[^@/?#]+)(?:/(?P<db>[^@/?#]*))?(?:\?(?P<query>[^@#]*))?"
)


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """One such URL, taken apart. `query` has no parameters of the Sentinels."""

    scheme: str
    user: str | None
    """User and password of Redis, as they are written."""
    hosts: tuple[tuple[str, int], ...]
    name: str
    """What the Sentinels call the primary."""
    db: str
    query: str
    sentinel_username: str | None = None
    sentinel_password: str | None = None

    @property
    def server_url(self) -> str:
        """The URL that the primary would have if it had the name of the first Sentinel."""
        host, port = self.hosts[0]
        user = f"{self.user}@" if self.user is not None else ""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{user}{bracketed(host)}:{port}/{self.db}{query}"

    def of_server(self, url: str) -> "SentinelUrl":
        """The same with scheme and parameters as this URL of a server has them."""
        scheme, _, rest = url.partition("://")
        return replace(self, scheme=scheme, query=rest.partition("?")[2])

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user is not None else ""
        hosts = ",".join(f"{bracketed(host)}:{port}" for host, port in self.hosts)
        own = {name: text for name in _OWN if (text := getattr(self, name)) is not None}
        query = "&".join(filter(None, (self.query, urlencode(own))))
        db = f"/{self.db}" if self.db else ""
        return f"{self.scheme}{MARK}://{user}{hosts}/{self.name}{db}{f'?{query}' if query else ''}"


def is_sentinel_url(text: str) -> bool:
    """Whether the URL names Sentinels."""
    return text.partition("://")[0].endswith(MARK)


def parse_sentinel_url(text: str) -> SentinelUrl:
    """Take a URL apart. What it says of the server itself is not checked.

    Raises `ValueError` with what was expected, in words that fit behind `NAME is "…": `, and never
    with a piece of the text, which may be a secret.
    """
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{EXPECTED}; characters such as / : @ # ? in a password are written percent-encoded"
            " (@ is %40)"
        )
    if not re.fullmatch(r"[A-Za-z0-9._-]+", found["name"]):
        raise ValueError("the name of its primary may hold letters, digits, . _ and - only")
    parameters = dict(parse_qsl(found["query"] or "", keep_blank_values=True))
    own = {name: parameters[name] for name in _OWN if parameters.get(name)}
    kept = [
        part for part in (found["query"] or "").split("&") if part.partition("=")[0] not in _OWN
    ]
    return SentinelUrl(
        scheme=found["scheme"],
        user=found["user"],
        hosts=tuple((host, port or PORT) for host, port in parse_hosts(found["hosts"])),
        name=found["name"],
        db=found["db"] or "",
        query="&".join(filter(None, kept)),
        sentinel_username=own.get("sentinel_username"),
        sentinel_password=own.get("sentinel_password"),
    )
