"""Settings: read once from the environment, checked together, and then one object that nothing
changes.

Every setting is `NAME`, or `NAME_FILE` with the path of a file that holds the value. An empty one
counts as unset. When some cannot be used, `SettingsError` lists all of them.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

from environs import EnvValidationError

from comethooks.schemas.masking import MASK
from comethooks.workers.settings import addresses, paths
from comethooks.workers.settings.apps import App, ManagementKey
from comethooks.workers.settings.credentials import (
    Credential,
    CredentialsError,
    read_credentials,
)
from comethooks.workers.settings.names import MANAGEMENT, NAMES, SECRET
from comethooks.workers.settings.parsers import SettingsEnv
from comethooks.workers.settings.variables import read_variables
from comethooks.workers.texts import number_of

__all__ = ["MAX_BODY", "NAMES", "App", "Credential", "ManagementKey", "Settings", "SettingsError"]

MAX_BODY = "1MiB"
"""The largest body that is accepted, unless a setting says otherwise."""
_PORT = "8000"
_DAYS = "30"
_MOST_DAYS = 36_500


class SettingsError(Exception):
    """Settings that cannot be used. `problems` says of each what is wrong and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = number_of(len(self.problems), "setting")
        super().__init__("\n  ".join([f"{count} cannot be used:", *self.problems]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """Everything that can be turned. Secrets are masked in `repr` and `str`."""

    basic_auth: tuple[Credential, ...]
    """What CometChat may authenticate with; empty when it is neither set nor made by `up`."""
    app_ids: frozenset[str]
    """The app ids that are let in, those of `apps` among them; empty: every one."""
    apps: tuple[App, ...]
    """The apps of which more than the id is known."""
    management: ManagementKey | None
    """What CometChat's management API asks for; None: webhooks are registered in the Dashboard."""
    redis_url: str
    server: str | None
    """The Redis or Valkey that `comethooks up` runs, by path or name; None: the shipped one."""
    database_url: str
    """For SQLAlchemy: `postgresql+psycopg://…`, or `sqlite:///…` with an absolute path."""
    host: str | None
    """Where the web process listens; None: the command decides."""
    port: int
    web_concurrency: int
    data_dir: Path
    public_url: str
    """Where CometChat reaches us; without a slash at its end."""
    public_status: bool
    """Whether `/readyz` and `/metrics` answer strangers too, who are not of a private network."""
    trusted_proxies: int
    workers: int
    threads: int
    partitions: int | None
    """None: as many as there are, or the usual number."""
    handler_timeout: float
    """Seconds: how long a handler may take that does not say, and the most that one may ask for."""
    duplicate_window: int
    """Seconds."""
    max_body: int
    """Bytes."""
    max_backlog_bytes: int
    retention_days: int
    """After so many days an event or request is deleted, counted from when it was received."""
    payload_retention_days: int
    """The same for its body; no more than `retention_days`."""
    run_retention_days: int
    """The same for tracebacks and earlier attempts of its runs; no more than `retention_days`."""
    strict_triggers: frozenset[str]
    """Triggers whose bodies are refused when they hold what the schemas do not know; `*` is every
    one."""
    drop_secrets: bool
    """Whether secrets in bodies are replaced before they are kept."""
    count_only: frozenset[str]
    """Triggers whose events are answered and counted, and not kept."""
    plugins: tuple[str, ...]
    """`package.module:attribute`, each."""
    plugin_dir: Path
    disabled_plugins: frozenset[str]
    log_format: Literal["auto", "console", "json"]
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The environment that all this was read from, for the settings of plugins."""

    @property
    def local_address(self) -> str:
        """`host:port` at which this machine finds its web process."""
        return addresses.local_address(self.host, self.port)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings in `environ`, by default the environment of this process.

        Raises `SettingsError` with every problem at once.
        """
        given = MappingProxyType(dict(os.environ if environ is None else environ))
        texts, unread = read_variables(given, NAMES.values())
        problems = list(unread.values())
        env = SettingsEnv(texts)
        fields = _parsed(env)
        if NAMES["basic_auth"] not in {*texts, *unread}:
            fields["basic_auth"], damaged = _kept_credentials(fields["data_dir"])
            problems += damaged
        fields["management"], lacking = _management(texts, unread)
        problems += lacking
        try:
            env.seal()
        except EnvValidationError as error:
            problems += _worded(cast(Mapping[str, list[str]], error.error_messages), given)
        if problems:
            raise SettingsError(problems)
        return cls(**fields, environ=given)

    def __repr__(self) -> str:
        names = (each.name for each in dataclass_fields(self) if each.name != "environ")
        return f"Settings({', '.join(f'{name}={_shown(getattr(self, name))!r}' for name in names)})"


def _parsed(env: SettingsEnv) -> dict[str, Any]:
    """Every field of `Settings` but `environ` and `management`, with its default. A value that
    cannot be used is left as it is, and `env` knows the problem.
    """
    data_dir = env.directory(NAMES["data_dir"], ".comethooks")
    host, port = _listening(env)
    socket = f"unix://{quote(str(paths.socket_path(data_dir)))}"
    return {
        "basic_auth": env.credentials(NAMES["basic_auth"], None),
        **_apps(env),
        "redis_url": env.redis(NAMES["redis_url"], socket),
        "server": env.str(NAMES["server"], None),
        "database_url": env.database(
            NAMES["database_url"], addresses.sqlite_url(paths.database_path(data_dir))
        ),
        "host": host,
        "port": port,
        "web_concurrency": env.number(NAMES["web_concurrency"], "2"),
        "data_dir": data_dir,
        "public_url": env.public(
            NAMES["public_url"], f"http://{addresses.local_address(host, port)}"
        ),
        "public_status": env.flag(NAMES["public_status"], "false"),
        "trusted_proxies": env.number(NAMES["trusted_proxies"], "0", minimum=0),
        "workers": env.number(NAMES["workers"], str(_cores())),
        "threads": env.number(NAMES["threads"], "16"),
        "partitions": env.number(NAMES["partitions"], None),
        "handler_timeout": env.seconds(NAMES["handler_timeout"], "30s", minimum=0.001),
        "duplicate_window": env.whole_seconds(NAMES["duplicate_window"], "24h"),
        "max_body": env.size(NAMES["max_body"], MAX_BODY),
        "max_backlog_bytes": env.size(NAMES["max_backlog_bytes"], "512MB"),
        **_retention(env),
        "strict_triggers": env.set_of_names(NAMES["strict_triggers"], ""),
        "drop_secrets": env.flag(NAMES["drop_secrets"], "false"),
        "count_only": env.set_of_names(NAMES["count_only"], ""),
        "plugins": env.names(NAMES["plugins"], ""),
        "plugin_dir": env.directory(NAMES["plugin_dir"], str(paths.plugin_dir(data_dir))),
        "disabled_plugins": env.set_of_names(NAMES["disabled_plugins"], ""),
        "log_format": env.choice(NAMES["log_format"], "auto", choices=("auto", "console", "json")),
    }


def _listening(env: SettingsEnv) -> tuple[str | None, int]:
    """Host and port; a port that stands beside the host comes before that of PORT."""
    binding = env.binding(NAMES["host"], None)
    port = env.number(NAMES["port"], _PORT, maximum=65_535)
    if not isinstance(port, int):  # it cannot be used, and that is told in the end
        port = int(_PORT)
    if not isinstance(binding, addresses.Binding):
        return None, port
    return binding.host, binding.port or port


def _apps(env: SettingsEnv) -> dict[str, Any]:
    """The apps, and the ids of all that are let in."""
    ids, known = env.set_of_names(NAMES["app_ids"], ""), env.known_apps(NAMES["apps"], "")
    if isinstance(ids, frozenset) and isinstance(known, tuple):
        ids |= {app.id for app in known}
    return {"app_ids": ids, "apps": known}


def _retention(env: SettingsEnv) -> dict[str, Any]:
    """The three ages, in days. Details of an event are kept as long as the event, unless a setting
    says otherwise.
    """
    days = env.number(NAMES["retention_days"], _DAYS, maximum=_MOST_DAYS)
    most = days if isinstance(days, int) else int(_DAYS)
    details = {}
    for attribute in ("payload_retention_days", "run_retention_days"):
        given = env.number(NAMES[attribute], str(most), maximum=_MOST_DAYS)
        details[attribute] = min(given, most) if isinstance(given, int) else given
    return {"retention_days": days, **details}


def _management(
    texts: Mapping[str, str], unread: Mapping[str, str]
) -> tuple[ManagementKey | None, list[str]]:
    """The key of the management API and its secret. One without the other is a problem."""
    match [name for name in MANAGEMENT if name not in texts]:
        case []:
            return ManagementKey(*(texts[name] for name in MANAGEMENT)), []
        case [missing] if missing not in unread:
            [given] = set(MANAGEMENT) - {missing}
            return None, [f"{missing} is not set, and {given} is: the management API needs both"]
        case _:
            return None, []


def _kept_credentials(data_dir: Path) -> tuple[tuple[Credential, ...], list[str]]:
    file = paths.credentials_path(data_dir)
    try:
        return read_credentials(data_dir), []
    except CredentialsError as error:
        return (), [f"the file {file} {error}; mend or remove it"]
    except OSError as error:
        return (), [f"the file {file} cannot be read: {error.strerror}"]


def _worded(errors: Mapping[str, list[str]], given: Mapping[str, str]) -> list[str]:
    """A line for each problem. It quotes the value, unless that is secret or came from a file."""
    lines = []
    for name, messages in errors.items():
        text = given.get(name, "").strip()
        value = f' is "{addresses.masked_url(text)[:60]}"' if text and name not in SECRET else ""
        lines += [f"{name}{value}: {message}" for message in messages]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, Credential):
        return f"{value.user}:{MASK}"
    if isinstance(value, App):
        return ":".join((value.id, value.region, *([MASK] if value.rest_key else [])))
    if isinstance(value, tuple | frozenset):
        entries = [_shown(entry) for entry in value]
        return ", ".join(sorted(entries) if isinstance(value, frozenset) else entries)
    return addresses.masked_url(f"{value:g}" if isinstance(value, float) else str(value))


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
