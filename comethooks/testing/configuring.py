"""A plugin with the settings that a test gives it."""

import json
from collections.abc import Mapping
from typing import Any

from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.plugins.config import Config, variable
from comethooks.workers.plugins.loaded import BoundDecider, BoundHandler, LoadedPlugin, Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import ConfigError

VERSION = "test"
"""The version of every plugin in a harness."""


def loaded(plugin: Plugin, config: Mapping[str, Any], timeout: float) -> Plugins:
    """The plugin as a worker has it; `timeout` (seconds) is for handlers that name none.

    Raises `HarnessError`.
    """
    if not isinstance(plugin, Plugin):
        raise HarnessError(f"{plugin!r:.80} is no Plugin; write harness.deliver(plugin, …)")
    read = _config(plugin, config)
    handlers = tuple(
        BoundHandler(handler, read, float(handler.timeout or timeout), VERSION)
        for handler in plugin.handlers
    )
    deciders = tuple(BoundDecider(decider, read, VERSION) for decider in plugin.deciders)
    found = LoadedPlugin(plugin.name, "a test", VERSION, "", read, handlers, deciders=deciders)
    return Plugins(loaded=(found,))


def _config(plugin: Plugin, config: Mapping[str, Any]) -> Config:
    """The settings, which go the way of those in the environment: as text."""
    for name in config:
        if name not in plugin.config:
            known = ", ".join(plugin.config) or "none"
            raise HarnessError(
                f"plugin {plugin.name} has no setting {name!r}{guess(name, plugin.config)} It has:"
                f" {known}"
            )
    environ = {
        variable(plugin.name, name): _text(value)
        for name, value in config.items()
        if value is not None
    }
    try:
        return plugin.load_config(environ)
    except ConfigError as error:
        raise HarnessError(
            f"{error}\nIn a test, settings are given so: config={{{_example(plugin)}}}"
        ) from None


def _text(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return json.dumps([*map(str, value)])  # with commas, an entry could hold none
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def _example(plugin: Plugin) -> str:
    return ", ".join(f'"{name}": …' for name in plugin.config)
