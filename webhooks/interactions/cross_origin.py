"""CORS: what a browser has to be told before pages of others may call a route (Fetch standard).

A kit in a page is of the app's origin, never of ours. No cookies are involved and no credentials
but the URL itself, so any page may call.
"""

import re
from collections.abc import Sequence
from wsgiref.types import WSGIEnvironment

from comethooks.webhooks.replies import HttpReply

FOR_ANYBODY = {"Access-Control-Allow-Origin": "*"}
"""Goes with every answer, also with one that refuses: a page could not read it otherwise."""
MAX_AGE_SECONDS = 600
MAX_REQUESTED = 1000
"""Characters of the names of headers that are given back."""
_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")


def preflight(environ: WSGIEnvironment, methods: Sequence[str]) -> HttpReply:
    """The answer to a browser that asks what it may send: all of `methods`, with the headers that
    it names.
    """
    requested = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "").strip()
    headers = {
        **FOR_ANYBODY,
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        "Vary": "Access-Control-Request-Headers",
    }
    if len(requested) <= MAX_REQUESTED and _NAMES.fullmatch(requested):
        headers["Access-Control-Allow-Headers"] = requested
    return HttpReply(b"{}", headers=headers)
