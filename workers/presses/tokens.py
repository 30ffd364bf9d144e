"""Tokens: what the URL of an interaction proves, that we made it for one message or one app.

A token is `<key id>.<payload>.<mac>`. The payload is a JSON list in base64url (RFC 4648, without
padding): the app, the kind of the scope, the scope, and the element if the token is for one. The
MAC is HMAC-SHA256 of everything before it. Every recipient of a message gets the same token, so it
proves the message, and never the user.
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import orjson

from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.settings.settings import Settings

PATH = "/interactions/"
"""What a token stands behind in a URL."""
MAX_TOKEN = 200
"""Characters. CometChat's own limit for a URL is 255."""
_MESSAGE, _MUID, _EXPIRES = "m", "u", "e"
_NOBODYS = InteractionKey("", bytes(32))
"""Stands in for a key that is not known: to look for it takes no less time."""


class WrongTokenError(Exception):
    """The token is not ours, was changed, or is over. It is not said which: who guesses shall learn
    nothing.
    """

    def __init__(self) -> None:
        super().__init__("the token proves nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionToken:
    """What a token says: presses may come of this app, in one scope.

    The scope is a message by its id; or one by its `muid`, for what has no id until it is sent; or
    every message of the app until `expires`, in seconds since the epoch. `element` is the only one
    that may have been pressed, for kits that do not say which it was. Raises `ValueError` when the
    scope is not exactly one, or something is empty.
    """

    app: str
    message: str | None = None
    muid: str | None = None
    expires: int | None = None
    element: str | None = None

    def __post_init__(self) -> None:
        scopes = [each for each in (self.message, self.muid, self.expires) if each is not None]
        if len(scopes) != 1:
            raise ValueError(
                "a token is of one message, of one muid, or of all messages for some time; give"
                " exactly one of message, muid and expires"
            )
        if not self.app or not scopes[0] or self.element == "":
            raise ValueError("app, message, muid, expires and element of a token cannot be empty")


@dataclass(frozen=True, slots=True)
class InteractionUrls:
    """Makes the URLs of interactions: `base` is what `COMETHOOKS_PUBLIC_URL` says."""

    keys: tuple[InteractionKey, ...] = ()
    base: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of these settings."""
        return cls(settings.interaction_keys, settings.public_url)

    def url(self, token: InteractionToken) -> str:
        """The URL with this token. Raises what `mint` raises."""
        return f"{self.base}{PATH}{mint(self.keys, token)}"


def mint(keys: Sequence[InteractionKey], token: InteractionToken) -> str:
    """The text of a token, signed with the first of `keys`.

    Raises `ValueError` when there are no keys, and when the text would have more than `MAX_TOKEN`
    characters.
    """
    if not keys:
        raise ValueError(
            "there is no key to sign with; set COMETHOOKS_INTERACTION_KEYS=id:secret, or run"
            " `comethooks up` once, which makes one"
        )
    try:
        payload = orjson.dumps(_payload(token))
    except TypeError:
        raise ValueError("half of a surrogate pair cannot be written into a token") from None
    signed = f"{keys[0].id}.{_base64url(payload)}"
    text = f"{signed}.{_base64url(_mac(keys[0], signed.encode()))}"
    if len(text) > MAX_TOKEN:
        raise ValueError(
            f"the token would have {len(text)} characters, and {MAX_TOKEN} is the most; use a"
            " shorter muid or element id"
        )
    return text


def verify(keys: Sequence[InteractionKey], text: str, now: float) -> InteractionToken:
    """What a token says that one of `keys` signed; `now` is seconds since the epoch.

    Raises `WrongTokenError`, and nothing else, whatever `text` is. It takes the same time whatever
    is wrong.
    """
    raw = text[: MAX_TOKEN + 1].encode("utf-8", "replace")
    signed, _, mac = raw.rpartition(b".")
    key_id = signed.partition(b".")[0].decode("utf-8", "replace")
    key = next((each for each in keys if each.id == key_id), _NOBODYS)
    # The text is compared, and not what it decodes to: the last character of base64 has bits that
    # do not count, and a token that somebody has altered in any way is none.
    is_ours = hmac.compare_digest(_base64url(_mac(key, signed)).encode(), mac)
    if not is_ours or key is _NOBODYS or len(raw) > MAX_TOKEN:
        raise WrongTokenError
    found = _read(signed.partition(b".")[2])
    if found is None or (found.expires is not None and found.expires <= now):
        raise WrongTokenError
    return found


def _payload(token: InteractionToken) -> list[Any]:
    scope: tuple[str, Any] = (_EXPIRES, token.expires)
    if token.message is not None:
        scope = (_MESSAGE, token.message)
    elif token.muid is not None:
        scope = (_MUID, token.muid)
    return [token.app, *scope, *([] if token.element is None else [token.element])]


def _read(payload: bytes) -> InteractionToken | None:
    """What a payload says that we have signed; None for what another version of us says."""
    try:
        padding = b"=" * (-len(payload) % 4)
        app, kind, scope, *rest = orjson.loads(base64.urlsafe_b64decode(payload + padding))
        return InteractionToken(
            app=app,
            message=scope if kind == _MESSAGE else None,
            muid=scope if kind == _MUID else None,
            expires=scope if kind == _EXPIRES else None,
            element=rest[0] if rest else None,
        )
    except (ValueError, TypeError):
        return None


def _mac(key: InteractionKey, signed: bytes) -> bytes:
    return hmac.digest(key.secret, signed, "sha256")


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
