"""Who may ask how the service does: this machine, private networks, and others if told so."""

from collections.abc import Callable

from flask import Response, request
from werkzeug.exceptions import Forbidden

from comethooks.workers.settings.addresses import is_private
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.settings import Settings

_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
"""What proxies say of whom they speak for."""


def unless_stranger(view: Callable[[], Response], settings: Settings) -> Callable[[], Response]:
    """`view`, which answers a stranger with 403."""

    def answer() -> Response:
        if not settings.public_status and _is_stranger(settings.trusted_proxies):
            raise Forbidden(
                "Only this machine and private networks may ask this;"
                f" {NAMES['public_status']}=true lets in everybody."
            )
        return view()

    return answer


def _is_stranger(trusted_proxies: int) -> bool:
    # A proxy that the settings do not count is itself at a private address, more often than not,
    # and what it says of the sender may be made up.
    if not trusted_proxies and any(name in request.headers for name in _FORWARDED):
        return True
    address = request.remote_addr or ""
    # gunicorn's SERVER_NAME is the address that it listens on, whatever a header says: who comes
    # from there is this machine.
    return not is_private(address) and address != request.environ.get("SERVER_NAME")
