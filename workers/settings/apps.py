"""CometChat's apps, and the keys that act on them. No output shows a key, and no error quotes the
text, which holds keys.
"""

import re
from dataclasses import dataclass, field

from comethooks.schemas.masking import MASK


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

    @property
    def api_url(self) -> str:
        """Where its Chat REST API is (CometChat's documentation)."""
        return f"https://{self.id}.api-{self.region}.cometchat.io/v3"

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


def _app(entry: str, number: int) -> App:
    match = re.fullmatch(r"([A-Za-z0-9_-]+) *: *([A-Za-z]+)(?: *: *([!-~]+))?", entry)
    if match is None:
        raise AppsError(
            f"entry {number} is not appid:region[:restkey], such as 2345abc:eu; the region is us,"
            " eu or in"
        )
    return App(match[1], match[2].lower(), match[3])
