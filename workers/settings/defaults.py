"""What each setting is read as, and its default; and the problems of several settings together."""

import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from comethooks.workers.settings import addresses, paths, server_urls
from comethooks.workers.settings.apps import CHAT_API, ManagementKey
from comethooks.workers.settings.credentials import CredentialsError, read_credentials
from comethooks.workers.settings.interaction_keys import (
    InteractionKeysError,
    read_interaction_keys,
)
from comethooks.workers.settings.names import MANAGEMENT, NAMES
from comethooks.workers.settings.parsers import SettingsEnv
from comethooks.workers.settings.values import DEFAULT_PREFIX

MAX_BODY = "1MiB"
"""The largest body that is accepted, unless a setting says otherwise."""
DROP_ANSWER = '{"action":"do_not_propagate"}'
"""What people who work with CometChat say that it takes for "do not deliver this message"."""
BUDGET_MS = (50, 1500)
"""The least and the most that a decision may be allowed to take: CometChat waits for 2 seconds."""
_PORT = "8000"
_DAYS = "30"
_MOST_DAYS = 36_500
_EXPORTED = (
    "messages.sent,messages.edited,messages.deleted,receipts.read,latency.delivered,"
    "reactions.added,calls.started,calls.missed,moderation.decided,events"
)


def parsed(env: SettingsEnv) -> dict[str, Any]:
    """Every field of `Settings` but `environ` and `management`, with its default. A value that
    cannot be used is left as it is, and `env` knows the problem.
    """
    data_dir = env.directory(NAMES["data_dir"], ".comethooks")
    bind, port = _listening(env)
    socket = server_urls.unix_url(paths.socket_path(data_dir))
    return {
        "basic_auth": env.credentials(NAMES["basic_auth"], None),
        "interaction_keys": env.interaction_keys(NAMES["interaction_keys"], None),
        **_apps(env),
        "redis_url": env.redis(NAMES["redis_url"], socket),
        "redis_replicas": env.number(NAMES["redis_replicas"], "0", minimum=0, maximum=9),
        "key_prefix": env.prefix(NAMES["key_prefix"], DEFAULT_PREFIX),
        "host": env.host(NAMES["host"], None),
        "server": env.str(NAMES["server"], None),
        "database_url": env.database(
            NAMES["database_url"], server_urls.sqlite_url(paths.database_path(data_dir))
        ),
        "database_pool": env.number(NAMES["database_pool"], "10", minimum=2, maximum=1000),
        "bind": bind,
        "port": port,
        "web_concurrency": env.number(NAMES["web_concurrency"], "2"),
        "data_dir": data_dir,
        "public_url": env.public(NAMES["public_url"], f"http://{local(bind, port)}"),
        "public_status": env.flag(NAMES["public_status"], "false"),
        "trusted_proxies": env.number(NAMES["trusted_proxies"], "0", minimum=0),
        "workers": env.number(NAMES["workers"], str(_cores())),
        "threads": env.number(NAMES["threads"], "16"),
        "partitions": env.number(NAMES["partitions"], None),
        "handler_timeout": env.seconds(NAMES["handler_timeout"], "30s", minimum=0.001),
        "duplicate_window": env.whole_seconds(NAMES["duplicate_window"], "24h"),
        "max_body": env.size(NAMES["max_body"], MAX_BODY),
        "max_backlog_bytes": env.size(NAMES["max_backlog_bytes"], "512MB"),
        "spool_dir": env.directory(NAMES["spool_dir"], None),
        "spool_max_bytes": env.size_or_none(NAMES["spool_max_bytes"], "1GB"),
        "allow_loss": env.flag(NAMES["allow_loss"], "false"),
        **_retention(env),
        "figure_minute_days": env.number(NAMES["figure_minute_days"], "7", maximum=_MOST_DAYS),
        "figure_hour_days": env.number(NAMES["figure_hour_days"], "90", maximum=_MOST_DAYS),
        "figure_export": env.metrics(NAMES["figure_export"], _EXPORTED),
        "strict_triggers": env.set_of_triggers(NAMES["strict_triggers"], ""),
        "lenient_triggers": env.set_of_triggers(NAMES["lenient_triggers"], ""),
        "drop_secrets": env.flag(NAMES["drop_secrets"], "false"),
        "count_only": env.set_of_names(NAMES["count_only"], ""),
        "silence_after": env.silence(NAMES["silence_after"], "auto"),
        **_deciding(env),
        "plugins": env.names(NAMES["plugins"], ""),
        "plugin_dir": env.directory(NAMES["plugin_dir"], str(paths.plugin_dir(data_dir))),
        "disabled_plugins": env.set_of_names(NAMES["disabled_plugins"], ""),
        "notify_file": env.directory(NAMES["notify_file"], None),
        "moderation_rules": env.directory(NAMES["moderation_rules"], None),
        "missing_plugin_wait": env.seconds(NAMES["missing_plugin_wait"], "24h", minimum=0),
        "import_timeout": env.seconds(NAMES["import_timeout"], "10s", minimum=0.001),
        "passed_credentials": env.set_of_credentials(NAMES["passed_credentials"], ""),
        "log_format": env.choice(NAMES["log_format"], "auto", choices=("auto", "console", "json")),
    }


def _deciding(env: SettingsEnv) -> dict[str, Any]:
    """How messages in flight are decided on, and answered."""
    least, most = BUDGET_MS
    failures = ("allow", "drop", "defer")
    return {
        "decision_budget_ms": env.number(
            NAMES["decision_budget_ms"], "800", minimum=least, maximum=most
        ),
        "on_decision_failure": env.choice(NAMES["on_decision_failure"], "allow", choices=failures),
        "drop_answer": env.json_object(NAMES["drop_answer"], DROP_ANSWER),
        "annotations": env.choice(NAMES["annotations"], "plain", choices=("plain", "wrapped")),
    }


def contradicting(fields: Mapping[str, Any]) -> list[str]:
    """That a trigger is both strict and lenient by the same right."""
    strict, lenient = fields["strict_triggers"], fields["lenient_triggers"]
    if not isinstance(strict, frozenset) or not isinstance(lenient, frozenset):
        return []
    both = ", ".join(sorted(strict & lenient))
    names = f"{NAMES['strict_triggers']} and {NAMES['lenient_triggers']}"
    return [f"{names} both name {both}; take it out of one of them"] if both else []


def _listening(env: SettingsEnv) -> tuple[tuple[addresses.Binding, ...], int]:
    """The addresses, and the port of the first. A port that stands beside a host comes before that
    of PORT.
    """
    given = env.bindings(NAMES["bind"], None)
    port = env.number(NAMES["port"], _PORT, maximum=65_535)
    if not isinstance(port, int):  # it cannot be used, and that is told in the end
        port = int(_PORT)
    bind = tuple(each.at(port) for each in given) if isinstance(given, tuple) else ()
    return bind, next((each.port for each in bind if each.port), port)


def local(bind: Sequence[addresses.Binding], port: int) -> str:
    """`host:port` at which this machine finds what listens on the first of `bind`."""
    return addresses.local_address(bind[0].host if bind else None, port)


def _apps(env: SettingsEnv) -> dict[str, Any]:
    """The apps, the ids of all that are let in, and where and how often they are called."""
    ids, known = env.set_of_names(NAMES["app_ids"], ""), env.known_apps(NAMES["apps"], "")
    api = env.api(NAMES["api_url"], CHAT_API)
    if isinstance(ids, frozenset) and isinstance(known, tuple):
        ids |= {app.id for app in known}
        known = tuple(replace(app, api=api) for app in known)
    return {
        "app_ids": ids,
        "apps": known,
        "api_url": api,
        "api_plan": env.choice(NAMES["api_plan"], "paid", choices=("build", "paid")),
        "media_hosts": env.media_hosts(NAMES["media_hosts"], ""),
    }


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


def management(
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


def kept(data_dir: Path, given: Container[str]) -> tuple[dict[str, Any], list[str]]:
    """What `up` made and keeps in the data directory, for the fields whose variables are not
    `given`; and the problems with it.
    """
    fields: dict[str, Any] = {}
    problems = []
    for attribute, (path, read) in _KEPT.items():
        if NAMES[attribute] in given:
            continue
        fields[attribute] = ()
        try:
            fields[attribute] = read(data_dir)
        except (CredentialsError, InteractionKeysError) as error:
            problems.append(f"the file {path(data_dir)} {error}; mend or remove it")
        except OSError as error:
            problems.append(f"the file {path(data_dir)} cannot be read: {error.strerror}")
    return fields, problems


_KEPT: Mapping[str, tuple[Callable[[Path], Path], Callable[[Path], tuple[Any, ...]]]] = {
    "basic_auth": (paths.credentials_path, read_credentials),
    "interaction_keys": (paths.interaction_keys_path, read_interaction_keys),
}


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
