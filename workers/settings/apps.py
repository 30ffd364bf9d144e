"""CometChat's apps, the keys that act on them, and where its APIs are.

No output shows a key, and no error quotes the text, which holds keys.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from comethooks.schemas.masking import MASK
from comethooks.workers.settings.addresses import LOOPBACK
from comethooks.workers.settings.server_urls import check_host

CHAT_API = "https://{appId}.api-{region}.cometchat.io/v3"
"""Where the Chat REST API of an app is (CometChat's documentation)."""
MANAGEMENT_API = "https://apimgmt.cometchat.io"
"""Where the management API of all apps is."""


class AppsError(ValueError):
    """Text that does not name apps. The message says which entry is wrong, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class App:
    """A CometChat app.

    `region` is where it is hosted: us, eu, in, or one that came later. `rest_key` is for its Chat
    REST API; `repr` and `str` do not show it.
    """

    id: str
    region: str
    rest_key: str | None = field(default=None, repr=False)
    api: str = field(default=CHAT_API, repr=False)
    """Where its Chat REST API is, with `{appId}` and `{region}` for what stands above."""

    @property
    def api_url(self) -> str:
        """The address of its Chat REST API, without a slash at its end."""
        return self.api.replace("{appId}", self.id).replace("{region}", self.region)

    def api_headers(self, *, on_behalf_of: str | None = None) -> dict[str, str]:
        """The headers that its Chat REST API asks for: as the user with the uid `on_behalf_of`, or
        as the app.

        Raises `AppsError` when its key is not known.
        """
        if self.rest_key is None:
            entry = f"{self.id}:{self.region}:restkey"
            raise AppsError(
                f"the REST key of the app {self.id} is not known; write COMETHOOKS_APPS={entry}"
            )
        acting = {} if on_behalf_of is None else {"onBehalfOf": on_behalf_of}
        return {"apiKey": self.rest_key, "appId": self.id, **acting}


@dataclass(frozen=True, slots=True, repr=False)
class ManagementKey:
    """The key and secret of the management API, which CometChat's sales team issues. `repr` and
    `str` show neither.
    """

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"ManagementKey({MASK})"


def parse_apps(text: str) -> tuple[App, ...]:
    """The apps in `appid:region[:restkey]` entries, separated by commas or line ends.

    Raises `AppsError`.
    """
    entries = [entry.strip() for entry in re.split(r"[,\r\n]", text)]
    apps = tuple(_app(entry, number) for number, entry in enumerate(entries, 1) if entry)
    if text and not apps:
        raise AppsError("it names no app; unset it, or write appid:region[:restkey]")
    seen: set[str] = set()
    for app in apps:
        if app.id in seen:
            raise AppsError(f"it names the app {app.id} twice")
        seen.add(app.id)
    return apps


def parse_api_url(text: str) -> str:
    """The address of an API, without a slash at its end; `{appId}` and `{region}` may stand in it.

    Keys are sent there, so it is https, or http to this machine. Raises `ValueError`, with words
    that fit behind `NAME is "…": `.
    """
    filled = text.replace("{appId}", "app").replace("{region}", "us")
    check_host(filled)
    parts = urlsplit(filled)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username is not None
        or re.search(r"[?#{}\s]", filled)
    ):
        raise ValueError(
            f"expected a URL such as {CHAT_API}, without user, ? and #; {{appId}} and {{region}}"
            " stand for those of the app"
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(
            "expected https: the REST key is sent there, and http is only for this machine"
            f" ({', '.join(LOOPBACK)})"
        )
    return text.rstrip("/")


def parse_media_hosts(text: str) -> tuple[str, ...]:
    """The hosts in a list such as `files.example.com,127.0.0.1:8080`, in lower case. Raises
    `ValueError`.
    """
    hosts = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", host):
            raise ValueError("expected hosts such as files.example.com, without https:// and paths")
    return hosts


def _app(entry: str, number: int) -> App:
    match = re.fullmatch(r"([A-Za-z0-9_-]+) *: *([A-Za-z]+)(?: *: *([!-~]+))?", entry)
    if match is None:
        raise AppsError(
            f"entry {number} is not appid:region[:restkey], such as 2345abc:eu; the region is us,"
            " eu or in"
        )
    return App(match[1], match[2].lower(), match[3])
