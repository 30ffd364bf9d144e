"""Who sends: HTTP Basic authentication (RFC 7617) against several credentials, for rotation."""

import base64
import hmac
from collections.abc import Iterable

from comethooks.webhooks.sources import NotAuthenticatedError
from comethooks.workers.settings.settings import Credential

CHALLENGE = 'Basic realm="comethooks", charset="UTF-8"'
"""The value of WWW-Authenticate that goes with a 401."""


class Authenticator:
    """Compares what a request presents with every known credential."""

    def __init__(self, credentials: Iterable[Credential]) -> None:
        self._known = tuple(
            (item.user.encode(), item.password.encode(), item.label) for item in credentials
        )

    def label(self, authorization: str | None) -> str:
        """The label of the credential in an Authorization header.

        Takes the same time whichever credential it is, and whether user or password is wrong.
        Raises `NotAuthenticatedError`.
        """
        user, password = presented(authorization)
        found: str | None = None
        for known_user, known_password, label in self._known:
            # `&` and not `and`, and no end of the loop at a match: the time that an answer takes
            # must not say how much of a guess was right.
            same_user = hmac.compare_digest(user, known_user)
            same_password = hmac.compare_digest(password, known_password)
            if same_user & same_password:
                found = label
        if found is None:
            raise NotAuthenticatedError("wrong user name or password")
        return found


def presented(authorization: str | None) -> tuple[bytes, bytes]:
    """User name and password, as bytes, from the value of an Authorization header.

    Raises `NotAuthenticatedError`.
    """
    if not authorization:
        raise NotAuthenticatedError("no Authorization header")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise NotAuthenticatedError("Authorization is not of the scheme Basic")
    try:
        decoded = base64.b64decode(token.strip().encode("latin-1"), validate=True)
    except ValueError:
        raise NotAuthenticatedError("Authorization is not base64") from None
    user, colon, password = decoded.partition(b":")
    if not colon:
        raise NotAuthenticatedError("Authorization has no colon between user name and password")
    return user, password
