"""SettingsEnv of settings, read with environs by the parsers of `values` and its neighbours."""

from collections.abc import Callable, Mapping
from typing import Any

from environs import Env, ValidationError

from comethooks.workers.settings import addresses, apps, credentials, values


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


_PARSERS: Mapping[str, Callable[..., Any]] = {
    "credentials": credentials.parse_credentials,
    "known_apps": apps.parse_apps,
    "number": values.parse_number,
    "seconds": _seconds,
    "whole_seconds": _whole_seconds,
    "size": _bytes,
    "names": values.parse_names,
    "set_of_names": lambda text: frozenset(values.parse_names(text)),
    "choice": values.parse_choice,
    "flag": values.parse_flag,
    "directory": values.parse_path,
    "binding": addresses.parse_binding,
    "redis": addresses.parse_redis_url,
    "database": addresses.parse_database_url,
    "public": addresses.parse_public_url,
}
