"""The public address, tried out as CometChat would: does it refuse strangers and take events?

It posts without credentials, then with them, and without once more to `/moderation`. What it posts
has the trigger `comethooks_doctor` and nothing else in it, so the second one is counted and not
kept. Credentials are sent only where this service has answered the first time, and only encrypted.
"""

import time
from collections.abc import Callable, Iterator, Mapping

import httpx

from comethooks.doctor.finding import Finding, Level
from comethooks.doctor.posts import TIMEOUT_SECONDS, CertificateError, Reply, post
from comethooks.schemas import DOCTOR
from comethooks.workers.ids import new_id
from comethooks.workers.settings.addresses import is_local, masked_url, moderation_url
from comethooks.workers.settings.settings import NAMES, Credential
from comethooks.workers.texts import dumps, number_of

WITHIN_SECONDS = 2.0
"""CometChat wants an answer within this time (CometChat's documentation)."""
SLOW_SECONDS = 1.0
EXPIRES_SOON_DAYS = 14
_DAY = 86_400
_LEFT_TO_PROXY = (502, 503, 504)
_REFUSES = "public.refuses"
_ACCEPTS = "public.accepts"
_MODERATION = "public.moderation"


def endpoint(public_url: str) -> httpx.URL:
    """Where CometChat posts to at a public address. Credentials in the address are left out."""
    url = httpx.URL(public_url).copy_with(userinfo=b"")
    path = url.path.rstrip("/")
    return url.copy_with(path=path if path.endswith("/webhooks") else f"{path}/webhooks")


def probe(app_id: str | None) -> bytes:
    """A harmless body. It is different every time: a duplicate would prove nothing."""
    body = {"trigger": DOCTOR, "data": {"check": new_id()}, "webhook": "comethooks"}
    return dumps(body if app_id is None else {**body, "appId": app_id})


def check_public(
    url: httpx.URL,
    *,
    credential: Credential | None,
    app_id: str | None,
    clock: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Check the endpoint at `url`. `clock` gives seconds since the epoch."""
    local = is_local(url.host)
    yield _address(url, local=local)
    # SSL_CERT_FILE counts for every address, proxies of the environment for the world outside.
    with httpx.Client(
        verify=httpx.create_ssl_context(), timeout=TIMEOUT_SECONDS, trust_env=not local
    ) as client:
        try:
            first = post(client, url, probe(app_id))
            yield from _certificate(first.expires, clock())
            yield _refuses(first)
            if first.is_problem and first.status == httpx.codes.UNAUTHORIZED:
                yield _identity(first)
                yield from _with_credentials(client, url, first, credential, app_id, local=local)
                yield _moderation(client, url)
            else:
                yield Finding(
                    _ACCEPTS,
                    Level.WARNING,
                    "not tried: whoever answers there shall not learn the credentials",
                    "mend the above, and look again",
                )
        except CertificateError as error:
            advice = "mend the certificate and its chain: CometChat would not connect"
            yield Finding(
                "public.certificate", Level.WRONG, f"it is not to be trusted: {error}", advice
            )
        except httpx.HTTPError as error:
            yield _no_answer(url, error)


def _address(url: httpx.URL, *, local: bool) -> Finding:
    name, text = "public.address", masked_url(str(url))
    if local:
        advice = "put a public HTTPS address in front: a reverse proxy, or a tunnel"
        return Finding(name, Level.WRONG, f"{text} cannot be reached from outside", advice)
    if url.scheme != "https":
        advice = "use https: everything in an event, and the credentials, would travel in clear"
        return Finding(name, Level.WRONG, f"{text} is not https, which CometChat needs", advice)
    return Finding(name, Level.OK, text)


def _certificate(expires: float | None, now: float) -> Iterator[Finding]:
    if expires is None:
        return
    days = int((expires - now) / _DAY)
    detail = f"it is valid, for {number_of(days, 'day')} more"
    soon = days < EXPIRES_SOON_DAYS
    yield Finding(
        "public.certificate",
        Level.WARNING if soon else Level.OK,
        detail,
        "renew it" if soon else None,
    )


def _refuses(reply: Reply) -> Finding:
    """What became of the request without credentials."""
    status = reply.status
    if reply.is_problem and status == httpx.codes.UNAUTHORIZED:
        return Finding(_REFUSES, Level.OK, "401 without credentials")
    if status == httpx.codes.UNAUTHORIZED:
        detail, advice = (
            "401, but not from this service",
            "let the proxy in front leave Authorization to comethooks",
        )
    elif 200 <= status < 300:
        detail = (
            f"{status} without credentials: anybody could send events, or it is not this service"
        )
        advice = (
            "let comethooks answer, which refuses what has no credentials; put none in front of it"
        )
    else:
        detail, advice = _elsewhere(reply)
    return Finding(_REFUSES, Level.WRONG, detail, advice)


def _elsewhere(reply: Reply) -> tuple[str, str]:
    """What an answer that neither refuses nor accepts says, and what to do about it."""
    status = reply.status
    if 300 <= status < 400:
        to = masked_url(reply.headers.get("location", "nowhere"))[:200]
        return (
            f"{status}: it redirects to {to}",
            "enter in CometChat, and set here, the address that it leads to",
        )
    if status == httpx.codes.NOT_FOUND:
        return (
            "404: there is no endpoint",
            f"see {NAMES['public_url']}, and which paths the proxy hands on",
        )
    if status in _LEFT_TO_PROXY and not reply.is_problem:
        return (
            f"{status}: the proxy in front does not reach comethooks",
            "start `comethooks web`, or mend the proxy",
        )
    return f"{status}, which is no answer of this service", "see what answers at this address"


def _identity(reply: Reply) -> Finding:
    if reply.headers.get("x-request-id") == reply.request_id:
        return Finding("public.identity", Level.OK, "X-Request-Id comes back: it is comethooks")
    return Finding(
        "public.identity",
        Level.WARNING,
        "it is comethooks, but X-Request-Id does not come back as it was sent",
        "let the proxy in front leave the header as it is: it leads to the request",
    )


def _with_credentials(
    client: httpx.Client,
    url: httpx.URL,
    first: Reply,
    credential: Credential | None,
    app_id: str | None,
    *,
    local: bool,
) -> Iterator[Finding]:
    if credential is None:
        advice = f"use the {NAMES['basic_auth']} or the {NAMES['data_dir']} of the server"
        yield Finding(
            _ACCEPTS, Level.WARNING, "not tried: the settings have no credentials", advice
        )
        yield _time(first.seconds)
        return
    if url.scheme != "https" and not local:
        yield Finding(
            _ACCEPTS, Level.WARNING, "not tried: credentials are not sent in clear", "use https"
        )
        yield _time(first.seconds)
        return
    reply = post(client, url, probe(app_id), auth=(credential.user, credential.password))
    yield _accepts(reply)
    yield _time(max(first.seconds, reply.seconds))


def _accepts(reply: Reply) -> Finding:
    """What became of the request with credentials."""
    if reply.status == httpx.codes.OK:
        return Finding(_ACCEPTS, Level.OK, "200 with credentials")
    if reply.is_problem and reply.status == httpx.codes.UNPROCESSABLE_ENTITY:
        detail = f"422: the credentials fit, but the server is strict, and does not know {DOCTOR}"
        return Finding(_ACCEPTS, Level.WARNING, detail, f"see {NAMES['strict_triggers']} there")
    detail, advice = _ANSWERS.get(reply.status) or _elsewhere(reply)
    return Finding(_ACCEPTS, Level.WRONG, f"{reply.status}: {detail}", advice)


_ANSWERS: Mapping[int, tuple[str, str]] = {
    401: (
        "the credentials of these settings are not those of the server, or do not arrive",
        (
            f"compare {NAMES['basic_auth']} here and there; let the proxy in front leave"
            " Authorization as it is"
        ),
    ),
    403: (
        "the server does not let in the app id of these settings",
        f"compare {NAMES['app_ids']} and {NAMES['apps']} here and there",
    ),
    503: ("it could not be kept", "run `comethooks doctor` where the server runs"),
}


def _moderation(client: httpx.Client, url: httpx.URL) -> Finding:
    """Whether lists of moderation could ask here, which nobody has to use."""
    asked = httpx.URL(moderation_url(str(url)))
    try:
        reply = post(client, asked, b"{}")
    except httpx.HTTPError as error:
        said = type(error).__name__
    else:
        said = str(reply.status)
        if reply.is_problem and reply.status == httpx.codes.UNAUTHORIZED:
            return Finding(_MODERATION, Level.OK, f"401 without credentials at {asked.path}, too")
    detail = (
        f"{said} at {asked.path}: a list of CometChat's moderation that uses a Custom API could not"
        " ask here; nothing else needs it"
    )
    return Finding(_MODERATION, Level.OK, detail)


def _time(seconds: float) -> Finding:
    detail = f"answered after {seconds * 1000:.0f} ms; CometChat waits {WITHIN_SECONDS:g} s"
    if seconds > WITHIN_SECONDS:
        return Finding(
            "public.time",
            Level.WRONG,
            detail,
            "find out what is slow: the proxy, the way, or Redis",
        )
    level = Level.WARNING if seconds > SLOW_SECONDS else Level.OK
    return Finding("public.time", level, detail)


def _no_answer(url: httpx.URL, error: httpx.HTTPError) -> Finding:
    reason = str(error) or type(error).__name__
    return Finding(
        "public.connection",
        Level.WRONG,
        f"no answer from {url.host}: {reason}",
        "see its DNS, its firewall, and whether the proxy in front runs",
    )
