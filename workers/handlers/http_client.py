"""The HTTP client that all handlers of a process share. It keeps no cookies."""

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from comethooks.workers.handlers.http_transport import DeadlineTransport


def new_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for `ctx.http`; with `transport` it reaches that instead of the world."""
    # Plugins, apps and events share it: what one of them is given, the next one would send.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # Not what httpx unpacks besides when a plugin brings a library for it: a piece of that can hold
    # gigabytes.
    headers = {"Accept-Encoding": "gzip, deflate"}
    return httpx.Client(
        transport=transport or DeadlineTransport(), cookies=no_cookies, headers=headers
    )
