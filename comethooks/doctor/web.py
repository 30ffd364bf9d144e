"""The web process of this host, asked from this host."""

from collections.abc import Iterator
from typing import Any

import httpx

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.settings import NAMES

TIMEOUT_SECONDS = 3.0


def check_web(place: str) -> Iterator[Finding]:
    """Whether this service listens at `place` (`host:port`), and what it says of itself."""
    try:
        with httpx.Client(
            base_url=f"http://{place}", timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            alive = client.get("/healthz")
            if alive.status_code != httpx.codes.OK or _document(alive).get("alive") is not True:
                yield Finding(
                    "web.alive",
                    Level.WRONG,
                    f"something else listens at {place}: /healthz gave {alive.status_code}",
                    f"stop it, or choose another port with {NAMES['bind']}",
                )
                return
            yield Finding("web.alive", Level.OK, f"it answers at {place}")
            yield from _ready(client.get("/readyz"))
    except httpx.ConnectError:
        yield Finding(
            "web.alive",
            Level.WARNING,
            f"nothing listens at {place}",
            "start `comethooks up`, or `comethooks web`; if it runs on another host, use"
            " --public-url",
        )
    except httpx.HTTPError as error:
        yield Finding(
            "web.alive",
            Level.WRONG,
            f"{place} takes connections and does not answer: {type(error).__name__}",
            "look at its log, and start it again",
        )


def _ready(answer: httpx.Response) -> Iterator[Finding]:
    document = _document(answer)
    refusing, degraded = _words(document, "refusing"), _words(document, "degraded")
    if answer.status_code != httpx.codes.OK:
        detail = f"it is not ready: {'; '.join(refusing) or answer.status_code}"
        yield Finding("web.ready", Level.WRONG, detail, "see redis above")
    elif degraded:
        yield Finding(
            "web.ready",
            Level.WARNING,
            f"it is ready, and names: {', '.join(degraded)}",
            "see above",
        )
    else:
        yield Finding("web.ready", Level.OK, "an event sent now would be kept")


def _words(document: dict[str, Any], name: str) -> list[str]:
    found = document.get(name)
    entries = found if isinstance(found, list) else []
    part = "detail" if name == "refusing" else "what"
    return [str(entry.get(part)) for entry in entries if isinstance(entry, dict)]


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
