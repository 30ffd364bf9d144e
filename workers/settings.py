"""Settings: read once from the environment, checked together, and then one object that nothing changes.

Every setting is `NAME`, or `NAME_FILE` with the path of a file that holds the value. An empty one counts as
unset. `SettingsError` is raised when some cannot be used, and lists all of them.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

from environs import Env, EnvValidationError, ValidationError

from workers import paths, values
from workers.paths import Credential
from workers.variables import read_variables

__all__ = ["NAMES", "Credential", "Settings", "SettingsError"]

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "basic_auth": "COMETHOOKS_BASIC_AUTH",
        "app_ids": "COMETHOOKS_APP_IDS",
        "redis_url": "REDIS_URL",
        "database_url": "DATABASE_URL",
        "port": "PORT",
        "web_concurrency": "WEB_CONCURRENCY",
        "data_dir": "COMETHOOKS_DATA_DIR",
        "public_url": "COMETHOOKS_PUBLIC_URL",
        "trusted_proxies": "COMETHOOKS_TRUSTED_PROXIES",
        "workers": "COMETHOOKS_WORKERS",
        "threads": "COMETHOOKS_THREADS",
        "partitions": "COMETHOOKS_PARTITIONS",
        "handler_timeout": "COMETHOOKS_HANDLER_TIMEOUT",
        "duplicate_window": "COMETHOOKS_DUPLICATE_WINDOW",
        "max_body": "COMETHOOKS_MAX_BODY",
        "max_backlog_bytes": "COMETHOOKS_MAX_BACKLOG_BYTES",
        "retention_days": "COMETHOOKS_RETENTION_DAYS",
        "payload_retention_days": "COMETHOOKS_PAYLOAD_RETENTION_DAYS",
        "run_retention_days": "COMETHOOKS_RUN_RETENTION_DAYS",
        "plugins": "COMETHOOKS_PLUGINS",
        "plugin_dir": "COMETHOOKS_PLUGIN_DIR",
        "disabled_plugins": "COMETHOOKS_DISABLED_PLUGINS",
        "log_format": "COMETHOOKS_LOG_FORMAT",
    }
)
"""The environment variable of each field of `Settings`."""

_PORT = "8000"
_DAYS = "30"
_MOST_DAYS = 36_500
_SECRET = frozenset(NAMES[attribute] for attribute in ("basic_auth", "redis_url", "database_url"))


class SettingsError(Exception):
    """Settings that cannot be used. `problems` says of each, in a line, what is wrong and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} settings" if len(self.problems) > 1 else "1 setting"
        super().__init__("\n  ".join([f"{count} cannot be used:", *self.problems]))


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """Everything that can be turned. Secrets are masked in `repr` and `str`."""

    basic_auth: tuple[Credential, ...]
    """What CometChat may authenticate with; empty when it is neither set nor made by `comethooks up`."""
    app_ids: frozenset[str]
    """The app ids that are let in; empty: every one."""
    redis_url: str
    database_url: str
    """For SQLAlchemy: `postgresql+psycopg://…`, or `sqlite:///…` with an absolute path."""
    port: int
    web_concurrency: int
    data_dir: Path
    public_url: str
    """Where CometChat reaches us; without a slash at its end."""
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
    """The same for the tracebacks of its runs; no more than `retention_days`."""
    plugins: tuple[str, ...]
    """`package.module:attribute`, each."""
    plugin_dir: Path
    disabled_plugins: frozenset[str]
    log_format: Literal["auto", "console", "json"]
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The environment that all this was read from, for the settings of plugins."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings in `environ`, by default the environment of this process.

        Raises `SettingsError` with every problem at once.
        """
        given = MappingProxyType(dict(os.environ if environ is None else environ))
        texts, unread = read_variables(given, NAMES.values())
        problems = list(unread.values())
        env = _Texts(texts)
        fields = _parsed(env)
        if NAMES["basic_auth"] not in {*texts, *unread}:
            fields["basic_auth"], damaged = _kept_credentials(fields["data_dir"])
            problems += damaged
        try:
            env.seal()
        except EnvValidationError as error:
            problems += _worded(cast(Mapping[str, list[str]], error.error_messages), given)
        if problems:
            raise SettingsError(problems)
        return cls(**fields, environ=given)

    def __repr__(self) -> str:
        fields = (f"{attribute}={_shown(getattr(self, attribute))!r}" for attribute in NAMES)
        return f"Settings({', '.join(fields)})"


class _Texts(Env):
    """environs, over texts that are given to it; problems wait until it is sealed."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(eager=False)
        self._texts = texts
        for name, parse in _PARSERS.items():
            self.add_parser(name, _validating(parse))

    def _get_from_environ(
        self, key: str, default: Any, *, proxied: bool = False
    ) -> tuple[str, Any, str | None]:
        return key, self._texts.get(key, default), None


def _validating(parse: Callable[..., Any]) -> Callable[..., Any]:
    """`parse` with the error that environs collects."""

    def validating(text: str | None, **limits: Any) -> Any:
        try:
            return None if text is None else parse(text, **limits)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    return validating


def _seconds(text: str, *, minimum: float) -> float:
    seconds = values.parse_duration(text)
    if seconds < minimum:
        raise ValueError(f"expected at least {minimum:g} s")
    return seconds


def _whole_seconds(text: str) -> int:
    return int(_seconds(text, minimum=1))


def _bytes(text: str) -> int:
    size = values.parse_size(text)
    if size < 1:
        raise ValueError("expected at least 1 byte")
    return size


_PARSERS: Mapping[str, Callable[..., Any]] = {
    "credentials": paths.parse_credentials,
    "number": values.parse_number,
    "seconds": _seconds,
    "whole_seconds": _whole_seconds,
    "size": _bytes,
    "names": values.parse_names,
    "set_of_names": lambda text: frozenset(values.parse_names(text)),
    "choice": values.parse_choice,
    "directory": values.parse_path,
    "redis": values.parse_redis_url,
    "database": values.parse_database_url,
    "public": values.parse_public_url,
}


def _parsed(env: _Texts) -> dict[str, Any]:
    """Every field of `Settings` but `environ`, with its default; one that cannot be used is left as it is."""
    data_dir = env.directory(NAMES["data_dir"], ".comethooks")
    port = env.number(NAMES["port"], _PORT, maximum=65_535)
    socket = f"unix://{quote(str(paths.socket_path(data_dir)))}"
    return {
        "basic_auth": env.credentials(NAMES["basic_auth"], None),
        "app_ids": env.set_of_names(NAMES["app_ids"], ""),
        "redis_url": env.redis(NAMES["redis_url"], socket),
        "database_url": env.database(NAMES["database_url"], values.sqlite_url(paths.database_path(data_dir))),
        "port": port,
        "web_concurrency": env.number(NAMES["web_concurrency"], "2"),
        "data_dir": data_dir,
        "public_url": env.public(
            NAMES["public_url"], f"http://127.0.0.1:{port if isinstance(port, int) else _PORT}"
        ),
        "trusted_proxies": env.number(NAMES["trusted_proxies"], "0", minimum=0),
        "workers": env.number(NAMES["workers"], str(_cores())),
        "threads": env.number(NAMES["threads"], "16"),
        "partitions": env.number(NAMES["partitions"], None),
        "handler_timeout": env.seconds(NAMES["handler_timeout"], "30s", minimum=0.001),
        "duplicate_window": env.whole_seconds(NAMES["duplicate_window"], "24h"),
        "max_body": env.size(NAMES["max_body"], "1MiB"),
        "max_backlog_bytes": env.size(NAMES["max_backlog_bytes"], "512MB"),
        **_retention(env),
        "plugins": env.names(NAMES["plugins"], ""),
        "plugin_dir": env.directory(NAMES["plugin_dir"], str(paths.plugin_dir(data_dir))),
        "disabled_plugins": env.set_of_names(NAMES["disabled_plugins"], ""),
        "log_format": env.choice(NAMES["log_format"], "auto", choices=("auto", "console", "json")),
    }


def _retention(env: _Texts) -> dict[str, Any]:
    """The three ages in days; the details of an event are kept as long as it is, unless that is said."""
    days = env.number(NAMES["retention_days"], _DAYS, maximum=_MOST_DAYS)
    most = days if isinstance(days, int) else int(_DAYS)
    details = {}
    for attribute in ("payload_retention_days", "run_retention_days"):
        given = env.number(NAMES[attribute], str(most), maximum=_MOST_DAYS)
        details[attribute] = min(given, most) if isinstance(given, int) else given
    return {"retention_days": days, **details}


def _kept_credentials(data_dir: Path) -> tuple[tuple[Credential, ...], list[str]]:
    file = paths.credentials_path(data_dir)
    try:
        return paths.read_credentials(data_dir), []
    except paths.CredentialsError as error:
        return (), [f"the file {file} {error}; mend or remove it"]
    except OSError as error:
        return (), [f"the file {file} cannot be read: {error.strerror}"]


def _worded(errors: Mapping[str, list[str]], given: Mapping[str, str]) -> list[str]:
    """A line for each problem; it quotes the value, unless that is a secret or came from a file."""
    lines = []
    for name, messages in errors.items():
        text = given.get(name, "").strip()
        value = f' is "{values.masked_url(text)[:60]}"' if text and name not in _SECRET else ""
        lines += [f"{name}{value}: {message}" for message in messages]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, Credential):
        return f"{value.user}:***"
    if isinstance(value, tuple | frozenset):
        entries = [_shown(entry) for entry in value]
        return ", ".join(sorted(entries) if isinstance(value, frozenset) else entries)
    return values.masked_url(f"{value:g}" if isinstance(value, float) else str(value))


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
