"""What CometChat takes (its documentation), checked before anything is sent."""

import re

from comethooks.management.errors import LimitError

MOST_WEBHOOKS = 25
"""Webhooks that an app may have."""
_LONGEST_URL = 255
_LONGEST_ID = 50
_LONGEST_NAME = 50
_LONGEST_USER = 50
_LONGEST_PASSWORD = 100


def check_id(text: str) -> None:
    """Raise `LimitError` when `text` cannot be the id of a new webhook."""
    # The documentation says alphanumeric, and has an underscore in its own example.
    if not re.fullmatch(rf"[A-Za-z0-9_]{{1,{_LONGEST_ID}}}", text):
        raise LimitError(
            f"the id of a webhook is 1 to {_LONGEST_ID} letters and digits, without blanks"
        )


def check_name(text: str) -> None:
    """Raise `LimitError` when `text` cannot be the name of a webhook."""
    if not text.strip() or len(text) > _LONGEST_NAME:
        raise LimitError(f"the name of a webhook has 1 to {_LONGEST_NAME} characters")


def check_url(text: str) -> None:
    """Raise `LimitError` when `text` is too long for the URL of a webhook."""
    if len(text) > _LONGEST_URL:
        raise LimitError(
            f"the URL of a webhook has at most {_LONGEST_URL} characters, and this one {len(text)}"
        )


def check_credential(user: str, password: str) -> None:
    """Raise `LimitError` when CometChat cannot send these. The password is not quoted."""
    if not re.fullmatch(rf"[A-Za-z0-9]{{1,{_LONGEST_USER}}}", user):
        raise LimitError(
            f"the first user in COMETHOOKS_BASIC_AUTH is none that CometChat takes for Basic auth:"
            f" it has to have 1 to {_LONGEST_USER} letters and digits, and nothing else"
        )
    if not re.fullmatch(rf"[A-Za-z0-9]{{1,{_LONGEST_PASSWORD}}}", password):
        raise LimitError(
            f'the password of "{user}" in COMETHOOKS_BASIC_AUTH is none that CometChat takes for'
            f" Basic auth: it has to have 1 to {_LONGEST_PASSWORD} letters and digits, and nothing"
            " else"
        )


def check_count(present: int) -> None:
    """Raise `LimitError` when an app with so many webhooks cannot have another."""
    if present >= MOST_WEBHOOKS:
        raise LimitError(
            f"the app has {present} webhooks, and CometChat allows {MOST_WEBHOOKS}: see "
            "`comethooks webhook list`, and remove one"
        )
