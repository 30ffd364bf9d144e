"""Where `comethooks send` posts to and what, and who it says it is."""

import click
import httpx

from comethooks.schemas import NotJsonError, decode, trigger_of
from comethooks.schemas.wire.moderation import REQUESTED_TRIGGER
from comethooks.workers.settings.addresses import LOOPBACK
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps

_ENDPOINT = "/webhooks"


def target_of(text: str) -> httpx.URL:
    """The URL in `text`; one without a path gets that of webhooks. Anything else is wrong use."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise click.BadParameter(
            "write a URL such as https://chat.example.com/webhooks", param_hint="'--to'"
        )
    return url.copy_with(path=_ENDPOINT) if url.path in ("", "/") else url


def addressed(target: httpx.URL, body: bytes) -> tuple[httpx.URL, bytes]:
    """Where a body is posted to, and what of it is.

    A question of moderation goes to `/moderation` beside the webhooks, out of its envelope: the URL
    says what the envelope does.
    """
    if REQUESTED_TRIGGER.encode() not in body:
        return target, body
    try:
        whole = decode(body)
    except NotJsonError:
        return target, body
    if trigger_of(whole) != REQUESTED_TRIGGER or "data" not in whole:
        return target, body
    named = {"app": whole.get("appId"), "rule": whole.get("rule")}
    url = target.copy_merge_params({key: str(value) for key, value in named.items() if value})
    if url.path.endswith(_ENDPOINT):
        url = url.copy_with(path=f"{url.path.removesuffix(_ENDPOINT)}/moderation")
    return url, dumps(whole["data"])


def credentials_of(
    user: str | None, target: httpx.URL, settings: Settings
) -> tuple[str, str] | None:
    """Those of `--user`, of the URL, or the first of the settings."""
    if user is None:
        if target.username:
            return target.username, target.password
        return next(((known.user, known.password) for known in settings.basic_auth), None)
    name, colon, password = user.partition(":")
    if colon:
        return name, password
    for known in settings.basic_auth:
        if known.user == name:
            return known.user, known.password
    raise click.BadParameter(
        f"the settings have no user {name!r}; write --user USER:PASSWORD", param_hint="'--user'"
    )


def client_for(
    target: httpx.URL, credentials: tuple[str, str] | None, *, timeout: float, connections: int
) -> httpx.Client:
    """A client with these credentials; `timeout` in seconds. Loopback needs no proxy."""
    return httpx.Client(
        auth=credentials,
        timeout=timeout,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        # A proxy of the environment is for the world outside.
        trust_env=target.host not in LOOPBACK,
    )


def without_credentials(url: httpx.URL) -> httpx.URL:
    """The URL as it may be shown and called."""
    return url.copy_with(userinfo=b"")
