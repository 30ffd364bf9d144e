"""What strangers wrote, fit to be shown without its secrets."""

from typing import Any

from comethooks import schemas
from comethooks.workers.texts import without_secrets


def payload(body: bytes) -> Any:
    """A body without its secrets: decoded, or as text if it is not JSON."""
    try:
        return schemas.masked(schemas.decode(body))
    except schemas.NotJsonError:
        return without_secrets(body.decode("utf-8", "replace"))
