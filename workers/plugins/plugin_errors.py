"""What is wrong with a plugin. The culprit is named with plugin, function, file and line.

```
PluginError
├── PluginNameError       the name of a plugin
├── ConfigError           the config that a plugin declares, or what the environment holds for it
└── HandlerError          a function that cannot be a handler
    ├── PatternError      what it is registered for
    ├── SignatureError    how it wants to be called
    ├── OptionError       how its runs are to go: its `retry` or its `timeout`
    └── DuplicateError    its name, which another handler of the plugin has
```
"""

import re


class PluginError(Exception):
    """Something in a plugin that cannot be used. `where` is the culprit's `file:line`.

    The culprit is `plugin NAME` or `handler NAME.function`, and `plugin` that name; None where it
    is no name that a plugin can have.
    """

    def __init__(self, culprit: str, problem: str, *, where: str) -> None:
        super().__init__(f"{culprit} ({where}): {problem}")
        self.where = where
        named = re.match(r"(?:plugin|handler) ([a-z][a-z0-9_]*)(?:\.|\Z)", culprit)
        self.plugin = named[1] if named else None


class PluginNameError(PluginError):
    """A plugin's name cannot be used in ids and environment variables, or is one of CometChat's."""


class ConfigError(PluginError):
    """A plugin's config is declared wrongly, or the environment does not hold what it asks for."""


class HandlerError(PluginError):
    """A function cannot be a handler."""


class PatternError(HandlerError):
    """A handler is registered for nothing, or for what can never be a trigger."""


class SignatureError(HandlerError):
    """A handler cannot be called with an event and a context, or with events of that kind."""


class OptionError(HandlerError):
    """A handler's `retry` or `timeout` cannot be used."""


class DuplicateError(HandlerError):
    """Two handlers of a plugin have the same name."""
