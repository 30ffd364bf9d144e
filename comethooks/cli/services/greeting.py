"""What `up` prints for the person who has started it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from comethooks.workers.settings.env_file import from_env_file
from comethooks.workers.settings.paths import credentials_path
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import number_of


def greeting(settings: Settings, *, ready: bool) -> str:
    """What to enter in the Dashboard, what to try, and what is worth knowing."""
    state = "is ready" if ready else "is not ready yet; `comethooks doctor` says why"
    lines = [
        "",
        f"comethooks {state}. In CometChat's Dashboard, under Webhooks, enter:",
        f"  URL        {settings.public_url}/webhooks",
        *_credentials(settings),
        "",
        f"Try it from another terminal{_with_the_same()}:",
        f"  {_own_command(settings)} send after_message",
        f"  {_own_command(settings)} events list",
        "",
        *_remarks(settings),
        "Ctrl-C stops everything. Nothing that was accepted is lost.",
        "",
    ]
    return "\n".join(lines)


def _credentials(settings: Settings) -> Iterator[str]:
    """User and password of each; a password only if it is ours, and only for a person to see."""
    is_given = NAMES["basic_auth"] in given()
    for credential in settings.basic_auth:
        yield f"  user       {credential.user}"
        if is_given:
            yield f"  password   the one in {NAMES['basic_auth']}"
        elif sys.stderr.isatty():
            yield f"  password   {credential.password}"
        else:
            yield f"  password   in {credentials_path(settings.data_dir)}"


def _remarks(settings: Settings) -> Iterator[str]:
    if NAMES["public_url"] not in given():
        yield (
            "CometChat needs a public HTTPS address: put one in front, and set"
            " COMETHOOKS_PUBLIC_URL."
        )
    if not settings.app_ids:
        yield (
            "Every app id is accepted; COMETHOOKS_APPS=appid:region (or COMETHOOKS_APP_IDS=id) lets"
            " in only yours."
        )
    kept = number_of(settings.retention_days, "day")
    yield (
        f"Events are kept for {kept}{_shorter(settings)}; {NAMES['retention_days']} says how long."
    )
    yield f"Data is in {settings.data_dir}, plugins in {settings.plugin_dir}."


def _shorter(settings: Settings) -> str:
    """What is kept less long than the events."""
    ages = {
        "payloads": settings.payload_retention_days,
        "run details": settings.run_retention_days,
    }
    less = [
        f"their {what} for {number_of(days, 'day')}"
        for what, days in ages.items()
        if days < settings.retention_days
    ]
    return "".join(f", {each}" for each in less)


def _with_the_same() -> str:
    """The settings that another terminal needs and that may hold a password."""
    secret = {NAMES["basic_auth"], NAMES["redis_url"], NAMES["database_url"]}
    names = ", ".join(sorted(_exported() & secret))
    return f", with the same {names}" if names else ""


def _own_command(settings: Settings) -> str:
    """How to call this command from the same folder, with the settings that matter."""
    program = Path(sys.argv[0])
    with contextlib.suppress(ValueError):
        program = program.resolve().relative_to(Path.cwd())
    given = _exported() & {NAMES["data_dir"], NAMES["bind"], NAMES["port"]}
    assignments = [f"{name}={os.environ[name]}" for name in sorted(given) if name in os.environ]
    return " ".join([*assignments, str(program)])


def given() -> set[str]:
    """The settings that are in the environment, by their variables."""
    return {name.removesuffix("_FILE") for name, value in os.environ.items() if value.strip()}


def _exported() -> set[str]:
    """What is given and is not in the `.env`, where any command of this folder finds it."""
    return given() - {name.removesuffix("_FILE") for name in from_env_file(os.environ)}
