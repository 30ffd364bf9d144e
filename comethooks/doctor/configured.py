"""The settings: where they come from, and what is lacking though they can be used."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.addresses import is_local, masked_url
from comethooks.workers.settings.credentials import Credential
from comethooks.workers.settings.env_file import ENV_FILE, from_env_file
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.settings.variables import read_variables

_DASHBOARD_USER = re.compile(r"[A-Za-z0-9]{1,50}")
_DASHBOARD_PASSWORD = re.compile(r"[A-Za-z0-9]{1,100}")
"""What CometChat's Dashboard takes (CometChat's documentation)."""


def given(settings: Settings) -> list[str]:
    """The names of the settings that the environment has, as `NAME` or `NAME_FILE`, in order."""
    texts, _ = read_variables(settings.environ, NAMES.values())
    return [name for name in NAMES.values() if name in texts]


def unusable(problems: Iterable[str]) -> Iterator[Finding]:
    """What is wrong with settings that cannot be used, all of it."""
    for problem in problems:
        yield Finding("settings", Level.WRONG, problem, "see docs/settings.md")


def check_settings(settings: Settings) -> Iterator[Finding]:
    """What can be said of settings that can be used. Shows no value that could be a secret."""
    yield _given(settings)
    yield _data_dir(settings)
    yield from _credentials(settings.basic_auth)
    yield _apps(settings)
    yield _public_url(settings.public_url)


def _given(settings: Settings) -> Finding:
    of_file = {name.removesuffix("_FILE") for name in from_env_file(settings.environ)}
    names = given(settings)
    places = {
        "the environment": [name for name in names if name not in of_file],
        str(ENV_FILE): [name for name in names if name in of_file],
    }
    told = [f"{', '.join(there)} from {place}" for place, there in places.items() if there]
    detail = ", ".join(told) or "none from the environment"
    return Finding("settings.given", Level.OK, f"{detail}; the others are as they come")


def _data_dir(settings: Settings) -> Finding:
    there = "" if settings.data_dir.is_dir() else ", which is not there yet"
    return Finding("settings.data_dir", Level.OK, f"{settings.data_dir}{there}")


def _credentials(credentials: Iterable[Credential]) -> Iterator[Finding]:
    name = "settings.credentials"
    users = [credential.user for credential in credentials]
    if not users:
        yield Finding(
            name,
            Level.WARNING,
            "there are none, and without any `web` does not start: anybody could send events",
            "start `comethooks up`, which makes its own, or set"
            f" {NAMES['basic_auth']}=user:password",
        )
        return
    refused = [
        credential.user
        for credential in credentials
        if not (
            _DASHBOARD_USER.fullmatch(credential.user)
            and _DASHBOARD_PASSWORD.fullmatch(credential.password)
        )
    ]
    if refused:
        yield Finding(
            name,
            Level.WARNING,
            "CometChat's Dashboard does not take the user name or the password of"
            f" {', '.join(refused)}",
            "use letters and digits only: at most 50 for the user, at most 100 for the password",
        )
    else:
        yield Finding(name, Level.OK, f"of {', '.join(users)}")


def _apps(settings: Settings) -> Finding:
    if settings.app_ids:
        return Finding(
            "settings.apps", Level.OK, f"only {', '.join(sorted(settings.app_ids))} may send"
        )
    return Finding(
        "settings.apps",
        Level.OK,
        "none is named, so every app id is accepted",
        f"{NAMES['app_ids']}=id,id2 lets in only yours",
    )


def _public_url(url: str) -> Finding:
    parts = urlsplit(url)
    if parts.scheme == "https" and not is_local(parts.hostname or ""):
        return Finding(
            "settings.public_url",
            Level.OK,
            masked_url(url),
            "check it with: comethooks doctor --public-url",
        )
    return Finding(
        "settings.public_url",
        Level.WARNING,
        f"CometChat cannot reach {masked_url(url)}",
        f"put a public HTTPS address in front, and set {NAMES['public_url']} to it",
    )
