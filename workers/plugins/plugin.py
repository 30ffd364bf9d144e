"""What plugin authors write with: plugins, and the functions they register.

Everything is checked when it is registered, and the culprit is named with plugin, function, file
and line.

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

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType, MappingProxyType
from typing import Any, Literal, TypeVar, get_args

from marshmallow import fields

from comethooks.schemas import COMETCHAT, ECHO, TRIGGERS
from comethooks.workers.patterns import is_pattern, misfit
from comethooks.workers.plugins.annotations import broken_promise
from comethooks.workers.plugins.config import Config, declaration_problems, read_config
from comethooks.workers.plugins.retry import Retry, is_seconds

Function = TypeVar("Function", bound=Callable[..., Any])
Replayable = Literal["safe", "ask", "never"]
REPLAYABLE: tuple[Replayable, ...] = get_args(Replayable)
"""What a handler may say of replays."""
_COMETCHATS = frozenset(
    entry.canonical.partition(".")[0] for entry in TRIGGERS.values() if entry.canonical is not None
)
"""What canonical names begin with. A plugin of that name would make events of the same names."""


class PluginError(Exception):
    """Something in a plugin that cannot be used. `where` is the culprit's `file:line`."""

    def __init__(self, culprit: str, problem: str, *, where: str) -> None:
        super().__init__(f"{culprit} ({where}): {problem}")
        self.where = where


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


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that is registered for triggers."""

    id: str
    """`plugin.function`: stable, and what runs are kept under."""
    plugin: str
    function: Callable[..., Any]
    patterns: tuple[str, ...]
    where: str
    """`file:line`."""
    retry: Retry | None = None
    """When a run that failed is tried again. None: only when the handler raises `RetryLater`."""
    timeout: float | None = None
    """Seconds that a run may take. Without it, as many as `COMETHOOKS_HANDLER_TIMEOUT` says."""
    echoes: bool = False
    """Whether it wants the echoes of edits too, which come as new messages."""
    replay: Replayable = "ask"
    """Whether a replay may run it: always (`safe`), when somebody names it (`ask`), or `never`."""
    ordered: bool = False
    """Whether a run that fails holds up those of later events of its conversation."""

    def matches(self, trigger: str, name: str | None, source: str = COMETCHAT) -> bool:
        """Whether this handler wants events of `trigger`, whose canonical name is `name`."""
        return self.why_not(trigger, name, source) is None

    def why_not(self, trigger: str, name: str | None, source: str = COMETCHAT) -> str | None:
        """Why it does not want events of `trigger`, canonically `name`; None if it does."""
        misfits = [misfit(pattern, trigger, name, source) for pattern in self.patterns]
        if None not in misfits:
            return "; ".join(why for why in misfits if why is not None)
        if name == ECHO and not self.echoes:
            return "it only repeats an edit or a deletion, which takes echoes=True"
        return None


class Plugin:
    """A named set of handlers. `config` maps the names of its settings to Marshmallow fields.

    Raises `PluginNameError` and `ConfigError`.
    """

    def __init__(self, name: str, config: Mapping[str, fields.Field[Any]] | None = None) -> None:
        self.where = _caller()
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise PluginNameError(
                f"plugin {name!r}",
                "a name begins with a lower-case letter and goes on with lower-case letters, digits"
                " and _: it becomes part of ids and environment variables",
                where=self.where,
            )
        if name in _COMETCHATS:
            raise PluginNameError(
                f"plugin {name!r}",
                f'"{name}.…" is what events of CometChat are called, and those that a plugin emits'
                " begin with its name; choose another one",
                where=self.where,
            )
        declared = {} if config is None else config
        if problems := declaration_problems(name, declared):
            raise ConfigError(f"plugin {name}", "; ".join(problems), where=self.where)
        self.name = name
        self.config = MappingProxyType(dict(declared))
        self._handlers: dict[str, Handler] = {}

    @property
    def handlers(self) -> tuple[Handler, ...]:
        """The registered handlers, by id."""
        return tuple(self._handlers[name] for name in sorted(self._handlers))

    def on(
        self,
        *patterns: str,
        retry: Retry | None = None,
        timeout: float | None = None,
        echoes: bool = False,
        replay: Replayable = "ask",
        ordered: bool = False,
    ) -> Callable[[Function], Function]:
        """Register a function for events whose trigger or canonical name fits one of `patterns`.

        In a pattern `*` stands for any text, and `source:` before it for another source than
        CometChat. The function gets the event and a `Context`, once an event however many of its
        patterns fit, and stays what it was, so that a test can call it. With `retry` a run that
        fails is tried again. `timeout` is how many seconds a run may take, at most and by default
        what `COMETHOOKS_HANDLER_TIMEOUT` says. An edit is followed by up to three `message_sent`
        that repeat it: only with `echoes` does a handler get those. `replay` says whether a replay
        may run it: `"safe"`, since to repeat it does no harm; `"ask"`, if somebody asks for it by
        name; or `"never"`. With `ordered`, when a run fails, later events of the conversation wait
        until it is done or dismissed. Raises `HandlerError` or one of those below it.
        """
        if patterns and callable(patterns[0]):
            culprit, where = self._culprit(patterns[0])
            raise HandlerError(
                culprit, f'write @plugin.on({_EXAMPLE}) in place of "@plugin.on"', where=where
            )

        def register(function: Function) -> Function:
            self._register(function, patterns, _Options(retry, timeout, echoes, replay, ordered))
            return function

        return register

    def load_config(self, environ: Mapping[str, str]) -> Config:
        """The plugin's settings as `environ` has them.

        Raises `ConfigError`, which names what to set and quotes no value.
        """
        config, problems = read_config(self.name, self.config, environ)
        if problems:
            raise ConfigError(f"plugin {self.name}", "; ".join(problems), where=self.where)
        return config

    def __repr__(self) -> str:
        return f"<Plugin {self.name}: {', '.join(self._handlers) or 'no handlers'}>"

    def _register(
        self,
        function: Callable[..., Any],
        patterns: tuple[str, ...],
        options: "_Options",
    ) -> None:
        culprit, where = self._culprit(function)
        _check_function(function, culprit, where)
        _check_patterns(patterns, culprit, where)
        if problem := broken_promise(function, patterns):
            raise SignatureError(culprit, problem, where=where)
        _check_options(options, culprit, where)
        name = function.__name__
        if before := self._handlers.get(name):
            problem = f"{before.where} has a handler of the same name; rename one of them"
            if before.function is function:
                both = ", ".join(f'"{pattern}"' for pattern in before.patterns + patterns)
                problem = f"it is registered already; register it once: @plugin.on({both})"
            raise DuplicateError(culprit, problem, where=where)
        self._handlers[name] = Handler(
            f"{self.name}.{name}",
            self.name,
            function,
            patterns,
            where,
            options.retry,
            options.timeout,
            options.echoes,
            options.replay,
            options.ordered,
        )

    def _culprit(self, function: Callable[..., Any]) -> tuple[str, str]:
        name = getattr(function, "__name__", f"a {type(function).__name__}")
        code = getattr(inspect.unwrap(function), "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else _caller()
        return f"handler {self.name}.{name}", where


_EXAMPLE = '"message_sent"'


def _check_function(function: Callable[..., Any], culprit: str, where: str) -> None:
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise HandlerError(
            culprit, "is not a function; decorate a function: def greet(event, ctx)", where=where
        )
    if not function.__name__.isidentifier():
        raise HandlerError(
            culprit, "has no name to keep its runs under; write it with def", where=where
        )
    plain = inspect.unwrap(function)
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        raise HandlerError(
            culprit, 'is asynchronous; handlers run in threads: write "def"', where=where
        )
    if inspect.isgeneratorfunction(plain):
        raise HandlerError(
            culprit, 'is a generator, which would never run; remove "yield"', where=where
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        problem = f"cannot be called as {function.__name__}(event, ctx): {error}"
        raise SignatureError(culprit, problem, where=where) from None


def _check_patterns(patterns: tuple[str, ...], culprit: str, where: str) -> None:
    if not patterns:
        raise PatternError(
            culprit, f"name at least one trigger: @plugin.on({_EXAMPLE})", where=where
        )
    for pattern in patterns:
        if not is_pattern(pattern):
            problem = (
                f'{pattern!r} is no trigger, canonical name or wildcard ({_EXAMPLE}, "message.*",'
                ' "*")'
            )
            raise PatternError(culprit, problem, where=where)


@dataclass(frozen=True, slots=True)
class _Options:
    """What is said of a handler beside its patterns."""

    retry: Retry | None
    timeout: float | None
    echoes: bool
    replay: Replayable
    ordered: bool


def _check_options(options: _Options, culprit: str, where: str) -> None:
    retry, timeout = options.retry, options.timeout
    if options.replay not in REPLAYABLE:
        problem = f"replay={options.replay!r} is none of {', '.join(map(repr, REPLAYABLE))}"
        raise OptionError(culprit, problem, where=where)
    if not isinstance(options.echoes, bool):
        raise OptionError(
            culprit, f"echoes={options.echoes!r} is neither True nor False", where=where
        )
    if not isinstance(options.ordered, bool):
        raise OptionError(
            culprit, f"ordered={options.ordered!r} is neither True nor False", where=where
        )
    if retry is not None and not isinstance(retry, Retry):
        raise OptionError(
            culprit, f"retry={retry!r} is no Retry; write retry=Retry(attempts=5)", where=where
        )
    if timeout is not None and (not is_seconds(timeout) or timeout <= 0):
        raise OptionError(
            culprit,
            f"timeout={timeout!r} is no number of seconds above 0; write timeout=10",
            where=where,
        )


def _caller() -> str:
    """Where the code is that called into this module, as `file:line`."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "?"
