"""What is wrong with a plugin. The culprit is named with plugin, function, file and line.

```
PluginError
├── PluginNameError       the name of a plugin
├── ConfigError           the config that a plugin declares, or what the environment holds for it
└── HandlerError          a function that cannot be a handler, or a decider
    ├── PatternError      what it is registered for
    ├── SignatureError    how it wants to be called
    ├── FilterError       which of the events that its patterns fit it wants
    ├── OptionError       how its runs are to go: its `retry` or its `timeout`
    └── DuplicateError    its name, which another one of the plugin has
```
"""

import re
import traceback
from pathlib import Path


class LoadableError(Exception):
    """A loadable that holds no plugin. Its text is for the plugin's author, as it stands."""


class PluginError(Exception):
    """Something in a plugin that cannot be used. `where` is the culprit's `file:line`.

    The culprit is `plugin NAME`, `handler NAME.function` or `decider NAME.function`, and `plugin`
    that name; None where it is no name that a plugin can have.
    """

    def __init__(self, culprit: str, problem: str, *, where: str) -> None:
        super().__init__(f"{culprit} ({where}): {problem}")
        self.where = where
        named = re.match(r"(?:plugin|handler|decider) ([a-z][a-z0-9_]*)(?:\.|\Z)", culprit)
        self.plugin = named[1] if named else None


class PluginNameError(PluginError):
    """A plugin's name cannot be used in ids and environment variables, or is one of CometChat's."""


class ConfigError(PluginError):
    """A plugin's config is declared wrongly, or the environment does not hold what it asks for."""


class HandlerError(PluginError):
    """A function cannot be a handler, or a decider."""


class PatternError(HandlerError):
    """A handler is registered for nothing, or for what can never be a trigger; a decider for what
    nobody decides on.
    """


class SignatureError(HandlerError):
    """A handler cannot be called with an event and a context, or with events of that kind."""


class FilterError(HandlerError):
    """A handler's filters name what there is not, or leave out every event."""


class OptionError(HandlerError):
    """A handler's `retry` or `timeout`, or a decider's, cannot be used."""


class DuplicateError(HandlerError):
    """Two functions of a plugin have the same name."""


def line_in(own: Path | None, error: BaseException) -> str | None:
    """The innermost line of code below `own` that `error` came through, as `file:line`."""
    if own is None:
        return None
    if (
        isinstance(error, SyntaxError)
        and error.filename
        and Path(error.filename).is_relative_to(own)
    ):
        return f"{error.filename}:{error.lineno}"
    lines = [
        f"{frame.filename}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(own)
    ]
    return lines[-1] if lines else None
