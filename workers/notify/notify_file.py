"""Reading the file that `COMETHOOKS_NOTIFY_FILE` names."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from marshmallow import ValidationError

from comethooks.workers.notify.file_schemas import NotifySchema, check_secret
from comethooks.workers.notify.fitting import contradictions
from comethooks.workers.notify.rules import NotifyFile, NotifyRule, Route
from comethooks.workers.notify.sinks import AppriseSink, ChatSink, Sink, WebhookSink
from comethooks.workers.plugin_files.templates import Template
from comethooks.workers.plugin_files.toml_file import (
    PluginFileError,
    decoded,
    lines_of,
    load,
    read_text,
    tables,
)
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.files import version_of


class NotifyFileError(PluginFileError):
    """A file of `notify` that cannot be used."""


class _Secrets(NamedTuple):
    """Those of a sink, from a file of their own, or why there are none."""

    secrets: tuple[str, ...] = ()
    problem: str | None = None


def read_notify_file(path: Path, folder: Path | None = None) -> NotifyFile:
    """What the file says. The paths in it begin in `folder`, by default the file's own.

    Raises `NotifyFileError`, which quotes no secret.
    """
    try:
        text = read_text(path)
        document = decoded(text)
        secrets = [_secrets(each, folder or path.parent) for each in tables(document, "sink")]
        of_secrets = (
            (f"sink[{number}].secrets_file", each.problem)
            for number, each in enumerate(secrets)
            if each.problem
        )
        loaded = load(NotifySchema(), document, (*contradictions(document), *of_secrets))
    except PluginFileError as error:
        raise NotifyFileError(error.found) from None
    sinks = {
        sink["name"]: _sink(sink, of_file.secrets)
        for sink, of_file in zip(loaded["sink"], secrets, strict=True)
    }
    routes = _routes(loaded["rule"], sinks, lines_of(text, "rule"))
    return NotifyFile(version_of(path), tuple(routes))


def files_of(path: Path) -> tuple[Path, ...]:
    """The file, and those with secrets that it names as far as it can be read."""
    try:
        document = decoded(read_text(path))
    except PluginFileError:
        return (path,)
    named = (sink.get("secrets_file") for sink in tables(document, "sink"))
    return (path, *(path.parent / each for each in named if isinstance(each, str)))


def _secrets(sink: Mapping[str, Any], folder: Path) -> _Secrets:
    """The secrets in the file that a sink names, one on each line."""
    name = sink.get("secrets_file")
    if not isinstance(name, str) or not name.strip():
        return _Secrets()
    try:
        lines = [line.strip() for line in read_text(folder / name).splitlines()]
        secrets = tuple(line for line in lines if line and not line.startswith("#"))
        for secret in secrets:
            check_secret(secret)
    except PluginFileError as error:
        return _Secrets(problem=error.problems[0])
    except ValidationError as error:
        return _Secrets(problem=f"a line of it is no secret: {error.messages[0]}")
    return _Secrets(secrets, None if secrets else "there is nothing in it")


def _sink(loaded: Mapping[str, Any], of_file: tuple[str, ...]) -> Sink:
    name = loaded["name"]
    if loaded["kind"] == WebhookSink.kind:
        return WebhookSink(name, loaded["url"], loaded.get("secrets", of_file))
    if loaded["kind"] == AppriseSink.kind:
        return AppriseSink(name, loaded["url"])
    as_user = loaded.get("as_user")
    return ChatSink(name, loaded["receiver"], loaded["receiver_type"], as_user)


def _routes(
    rules: Sequence[Mapping[str, Any]], sinks: Mapping[str, Sink], lines: Sequence[int]
) -> Iterator[Route]:
    for number, loaded in enumerate(rules):
        rule = NotifyRule(
            place=f"rule[{number}]",
            line=lines[number] if len(lines) == len(rules) else 1,
            on=loaded["on"],
            filters=filters_of(loaded.get("where", {})),
            text=Template(loaded["text"]) if "text" in loaded else None,
            name=loaded.get("name"),
        )
        yield from (Route(rule, sinks[name]) for name in loaded["sinks"])
