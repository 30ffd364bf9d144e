"""SettingsEnv of settings, read with environs by the parsers of `values` and its neighbours."""

from collections.abc import Callable, Mapping
from typing import Any

from environs import Env, ValidationError

from comethooks.schemas import TRIGGERS
from comethooks.schemas.parsing import EVERY
from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.settings import (
    addresses,
    apps,
    credentials,
    interaction_keys,
    server_urls,
    values,
)
from comethooks.workers.settings.names import SECRET
from comethooks.workers.texts import near


class SettingsEnv(Env):
    """environs, reading texts that are given to it instead of the environment. Its problems wait
    until it is sealed.
    """

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


def _credentials_passed(text: str) -> frozenset[str]:
    found = frozenset(values.parse_names(text))
    if unknown := sorted(found - SECRET - {"*"}):
        raise ValueError(f"{unknown[0]} is none of {', '.join(sorted(SECRET))}, nor *")
    return found


def _triggers(text: str) -> frozenset[str]:
    found = frozenset(values.parse_names(text))
    known = [name for name, trigger in TRIGGERS.items() if not trigger.is_ours]
    if unknown := sorted(found - set(known) - {EVERY}):
        close = near(unknown[0], known, most=1)
        hint = f"did you mean {close[0]}?" if close else "see: comethooks triggers"
        raise ValueError(f"{unknown[0]} is no trigger; {hint}")
    return found


def _metrics(text: str) -> tuple[str, ...]:
    names = values.parse_names(text)
    by_minute = [name for name, metric in METRICS.items() if Size.MINUTE in metric.sizes]
    for name in names:
        if name not in METRICS:
            close = near(name, by_minute, most=1)
            hint = f"did you mean {close[0]}?" if close else "see: comethooks analytics metrics"
            raise ValueError(f"{name} is no metric; {hint}")
        if name not in by_minute:
            raise ValueError(f"{name} is not counted by minute, and only such figures are told")
    return names


_PARSERS: Mapping[str, Callable[..., Any]] = {
    "credentials": credentials.parse_credentials,
    "interaction_keys": interaction_keys.parse_interaction_keys,
    "known_apps": apps.parse_apps,
    "api": apps.parse_api_url,
    "media_hosts": apps.parse_media_hosts,
    "number": values.parse_number,
    "seconds": _seconds,
    "whole_seconds": _whole_seconds,
    "silence": values.parse_silence,
    "size": _bytes,
    "size_or_none": values.parse_size,
    "names": values.parse_names,
    "set_of_names": lambda text: frozenset(values.parse_names(text)),
    "set_of_triggers": _triggers,
    "set_of_credentials": _credentials_passed,
    "metrics": _metrics,
    "choice": values.parse_choice,
    "flag": values.parse_flag,
    "json_object": values.parse_json_object,
    "prefix": values.parse_prefix,
    "host": values.parse_host,
    "directory": values.parse_path,
    "bindings": addresses.parse_bindings,
    "redis": server_urls.parse_redis_url,
    "database": server_urls.parse_database_url,
    "public": addresses.parse_public_url,
}
