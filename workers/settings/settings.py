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
from typing import Literal, Self, cast

from environs import EnvValidationError

from comethooks.schemas.masking import MASK
from comethooks.workers.settings import addresses, defaults
from comethooks.workers.settings.apps import App, ManagementKey
from comethooks.workers.settings.credentials import Credential
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.settings.names import NAMES, SECRET
from comethooks.workers.settings.parsers import SettingsEnv
from comethooks.workers.settings.variables import read_variables
from comethooks.workers.texts import number_of

__all__ = ["NAMES", "App", "Credential", "ManagementKey", "Settings", "SettingsError"]


class SettingsError(Exception):
    """Settings that cannot be used. `problems` says of each what is wrong and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = number_of(len(self.problems), "setting")
        super().__init__("\n  ".join([f"{count} cannot be used:", *self.problems]))


ANALYTICS = "analytics"
"""The name of the plugin that ships with us and is no code of handlers: figures."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """Everything that can be turned. Secrets are masked in `repr` and `str`."""

    basic_auth: tuple[Credential, ...]
    """What CometChat may authenticate with; empty when it is neither set nor made by `up`."""
    interaction_keys: tuple[InteractionKey, ...]
    """What the URLs of interactions are signed with: the first signs, all verify. Empty when they
    are neither set nor made by `up`."""
    app_ids: frozenset[str]
    """The app ids that are let in, those of `apps` among them; empty: every one."""
    apps: tuple[App, ...]
    """The apps of which more than the id is known."""
    api_url: str
    """Where the Chat REST API of an app is, with `{appId}` and `{region}` for what differs."""
    api_plan: Literal["build", "paid"]
    """CometChat's plan of the apps: how often it may be called."""
    media_hosts: tuple[str, ...]
    """Where the files of messages are beside CometChat's own hosts: `host`, or `host:port`."""
    management: ManagementKey | None
    """What CometChat's management API asks for; None: webhooks are registered in the Dashboard."""
    redis_url: str
    redis_replicas: int
    """How many replicas have to have an event before it is acknowledged."""
    key_prefix: str
    """How the keys in Redis begin, with a colon at its end."""
    host: str | None
    """What this host is called among those that share Redis; None: as it calls itself."""
    server: str | None
    """The Redis or Valkey that `comethooks up` runs, by path or name; None: the shipped one."""
    database_url: str
    """For SQLAlchemy: `postgresql+psycopg://…`, or `sqlite:///…` with an absolute path."""
    database_pool: int
    """The most connections to PostgreSQL that a process opens at the same time."""
    bind: tuple[addresses.Binding, ...]
    """The addresses that the web process listens on, with their ports; none: the command
    decides."""
    port: int
    """The port of the first of them, or of what the command decides."""
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
    spool_dir: Path | None
    """The folder of the spool; None: `spool` in the data directory, if that is on a disk that
    lasts."""
    spool_max_bytes: int
    """How much a spool may hold; 0: there is none."""
    allow_loss: bool
    """Whether Redis may be one that keeps nothing when it ends."""
    retention_days: int
    """After so many days an event or request is deleted, counted from when it was received."""
    payload_retention_days: int
    """The same for its body; no more than `retention_days`."""
    run_retention_days: int
    """The same for tracebacks and earlier attempts of its runs; no more than `retention_days`."""
    figure_minute_days: int
    """After so many days the figures of a minute are deleted; those of days are kept for ever."""
    figure_hour_days: int
    """The same for those of an hour."""
    figure_export: tuple[str, ...]
    """The metrics of which `/metrics` tells the figures of the last whole minute."""
    strict_triggers: frozenset[str]
    """Triggers whose bodies are refused when they hold what the schemas do not know; `*` is every
    one."""
    lenient_triggers: frozenset[str]
    """Triggers whose bodies are let through when they lack what the schemas require; `*` is every
    one that is not strict by name."""
    drop_secrets: bool
    """Whether secrets in bodies are replaced before they are kept."""
    count_only: frozenset[str]
    """Triggers whose events are answered and counted, and not kept."""
    silence_after: float | Literal["auto", "off"]
    """Seconds without an event of an app after which that is a silence; `auto`: by what came in
    other weeks."""
    decision_budget_ms: int
    """Milliseconds that plugins have to decide on a message in flight."""
    on_decision_failure: Literal["allow", "drop", "defer"]
    """What becomes of such a message when a decider failed and none dropped it."""
    drop_answer: str
    """The JSON object that tells the sender not to deliver such a message."""
    annotations: Literal["plain", "wrapped"]
    """Whether what is added to such a message is answered as it is, or as the place in the message
    that it belongs in."""
    plugins: tuple[str, ...]
    """`package.module:attribute`, each."""
    plugin_dir: Path
    disabled_plugins: frozenset[str]
    notify_file: Path | None
    """Says what the plugin `notify` tells whom; without it there is no such plugin."""
    moderation_rules: Path | None
    """The rules of moderation; without it those that ship with us."""
    missing_plugin_wait: float
    """Seconds that runs wait for a plugin that was left out, before they are dead."""
    import_timeout: float
    """Seconds that the import of a plugin may take."""
    passed_credentials: frozenset[str]
    """Credentials of ours that handlers find in their environment; `*` is every one."""
    log_format: Literal["auto", "console", "json"]
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The environment that all this was read from, for the settings of plugins."""

    @property
    def local_address(self) -> str:
        """`host:port` at which this machine finds its web process."""
        return defaults.local(self.bind, self.port)

    @property
    def counts_figures(self) -> bool:
        """Whether events count in figures, which is what the plugin of that name is."""
        return ANALYTICS not in self.disabled_plugins

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings in `environ`, by default the environment of this process.

        Raises `SettingsError` with every problem at once.
        """
        given = MappingProxyType(dict(os.environ if environ is None else environ))
        texts, unread = read_variables(given, NAMES.values())
        problems = list(unread.values())
        env = SettingsEnv(texts)
        fields = defaults.parsed(env)
        kept, damaged = defaults.kept(fields["data_dir"], {*texts, *unread})
        fields |= kept
        problems += damaged
        fields["management"], lacking = defaults.management(texts, unread)
        problems += lacking
        problems += defaults.contradicting(fields)
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
    if isinstance(value, InteractionKey):
        return f"{value.id}:{MASK}"
    if isinstance(value, App):
        return ":".join((value.id, value.region, *([MASK] if value.rest_key else [])))
    if isinstance(value, tuple | frozenset):
        entries = [_shown(entry) for entry in value]
        return ", ".join(sorted(entries) if isinstance(value, frozenset) else entries)
    return addresses.masked_url(f"{value:g}" if isinstance(value, float) else str(value))
