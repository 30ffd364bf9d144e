"""Who may ask how the service does: this machine, private networks, and others if told so."""

from collections.abc import Callable

from flask import Response, request
from werkzeug.exceptions import Forbidden
from werkzeug.http import parse_list_header

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
    forwarded = parse_list_header(request.headers.get("X-Forwarded-For", ""))
    # A proxy is itself at a private address, more often than not. One that the settings do not
    # count, or that does not say in this header whom it speaks for, hides the sender.
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    if is_forwarded and not 0 < trusted_proxies <= len(forwarded):
        return True
    # Every address on the way counts, not only the first: when the settings count more proxies
    # than there are, the first is the sender's own word, and the sender's address comes later.
    # ProxyFix keeps the address of the connection, which nobody can make up.
    connection = request.environ.get("werkzeug.proxy_fix.orig", request.environ)["REMOTE_ADDR"]
    way = (connection or "", *forwarded[-trusted_proxies:])
    # gunicorn's SERVER_NAME is the address that it listens on, whatever a header says: who comes
    # from there is this machine.
    here = request.environ.get("SERVER_NAME")
    return any(not is_private(address) and address != here for address in way)
