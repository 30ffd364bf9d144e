"""What plugin authors write with: plugins, and the functions they register.

Everything is checked when it is registered: what is wrong is then named with its file and line.
"""

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType
from typing import Any, TypeVar, Unpack

from marshmallow import fields

from comethooks.schemas import TRIGGERS
from comethooks.workers.plugins.config import Config, declaration_problems, read_config
from comethooks.workers.plugins.deciders.decider import (
    DECIDER_EXAMPLE,
    Decider,
    check_decider,
    seconds_of,
)
from comethooks.workers.plugins.event_filters import Wanted, filters_of
from comethooks.workers.plugins.forgetters.forgetter import Forgetter, check_forgetter
from comethooks.workers.plugins.handler import EXAMPLE, Handler, Replayable, check_handler
from comethooks.workers.plugins.plugin_errors import (
    ConfigError,
    DuplicateError,
    HandlerError,
    PluginNameError,
)
from comethooks.workers.plugins.retry import Retry

Function = TypeVar("Function", bound=Callable[..., Any])
_COMETCHATS = frozenset(
    name.partition(".")[0] for entry in TRIGGERS.values() for name in entry.names
)
"""What canonical names begin with. A plugin of that name would make events of the same names."""


class Plugin:
    """A named set of handlers and deciders. `config` maps the names of its settings to Marshmallow
    fields.

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
        self._deciders: dict[str, Decider] = {}
        self._forgetters: dict[str, Forgetter] = {}

    @property
    def handlers(self) -> tuple[Handler, ...]:
        """The registered handlers, by id."""
        return tuple(self._handlers[name] for name in sorted(self._handlers))

    @property
    def deciders(self) -> tuple[Decider, ...]:
        """The registered deciders, by id."""
        return tuple(self._deciders[name] for name in sorted(self._deciders))

    @property
    def forgetters(self) -> tuple[Forgetter, ...]:
        """The functions that forget a user, by id."""
        return tuple(self._forgetters[name] for name in sorted(self._forgetters))

    def on(
        self,
        *patterns: str,
        retry: Retry | None = None,
        timeout: float | None = None,
        echoes: bool = False,
        replay: Replayable = "ask",
        ordered: bool = False,
        own: bool = False,
        **filters: Unpack[Wanted],
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
        until it is done or dismissed. Only with `own` does it get what plugins of ours sent, edited
        or deleted themselves with `ctx.cometchat`. `filters` leave out what it does not want of the
        events that the patterns fit, `category="interactive"` or `type=("form", "card")`: all of
        them have to fit, and of each one value. Raises `HandlerError` or one of those below it.
        """
        self._refuse_bare(patterns, "handler", "on", EXAMPLE)

        def register(function: Function) -> Function:
            name, where = self._named(function)
            self.add(
                Handler(
                    name,
                    self.name,
                    function,
                    patterns,
                    where,
                    retry,
                    timeout,
                    echoes,
                    replay,
                    ordered,
                    filters_of(filters),
                    own,
                )
            )
            return function

        return register

    def decide(
        self,
        *patterns: str,
        timeout: str | float | None = None,
        shadow: bool = False,
        **filters: Unpack[Wanted],
    ) -> Callable[[Function], Function]:
        """Register a function that decides on messages in flight: on `"before_message"`, on
        `"moderation_requested"`, or on both.

        CometChat holds the message back meanwhile. The function gets the event and a
        `DeciderContext`, returns a `Decision` or None, which lets the message pass, and stays what
        it was, so that a test can call it. `timeout` is how long it may take, `"300ms"` or a number
        of seconds, at most and by default what `COMETHOOKS_DECISION_BUDGET_MS` gives to all
        deciders together. In `shadow` what it says is kept and not applied. `filters` are those of
        `on`: about messages that they leave out it is not asked. Raises `HandlerError` or one of
        those below it.
        """
        self._refuse_bare(patterns, "decider", "decide", DECIDER_EXAMPLE)

        def register(function: Function) -> Function:
            name, where = self._named(function)
            self.add_decider(
                Decider(
                    name,
                    self.name,
                    function,
                    patterns,
                    where,
                    seconds_of(timeout),
                    shadow,
                    filters_of(filters),
                )
            )
            return function

        return register

    def forget(self, function: Function) -> Function:
        """Register a function that forgets a user in what this plugin keeps itself, in a file or a
        database of its own. `comethooks forget` calls it as `function(app_id, uid)`, and again when
        the command is repeated; the function stays what it was. Raises `HandlerError` or one of
        those below it.
        """
        name, where = self._named(function)
        forgetter = Forgetter(name, self.name, function, where)
        check_forgetter(forgetter)
        self._refuse_namesake(forgetter)
        self._forgetters[function.__name__] = forgetter
        return function

    def add(self, handler: Handler) -> None:
        """Register a handler of this plugin. Raises `HandlerError` or one of those below it."""
        check_handler(handler)
        name = handler.function.__name__
        before = self._handlers.get(name)
        if before is not None and before.function is handler.function:
            both = ", ".join(f'"{pattern}"' for pattern in before.patterns + handler.patterns)
            problem = f"it is registered already; register it once: @plugin.on({both})"
            raise DuplicateError(handler.culprit, problem, where=handler.where)
        self._refuse_namesake(handler)
        self._handlers[name] = handler

    def add_decider(self, decider: Decider) -> None:
        """Register a decider of this plugin. Raises `HandlerError` or one of those below it."""
        check_decider(decider)
        self._refuse_namesake(decider)
        self._deciders[decider.function.__name__] = decider

    def load_config(self, environ: Mapping[str, str]) -> Config:
        """The plugin's settings as `environ` has them.

        Raises `ConfigError`, which names what to set and quotes no value.
        """
        config, problems = read_config(self.name, self.config, environ)
        if problems:
            raise ConfigError(f"plugin {self.name}", "; ".join(problems), where=self.where)
        return config

    def __repr__(self) -> str:
        registered = ", ".join((*self._handlers, *self._deciders))
        return f"<Plugin {self.name}: {registered or 'no handlers'}>"

    def _refuse_namesake(self, new: Handler | Decider | Forgetter) -> None:
        """Raise `DuplicateError` when the plugin has a function of that name."""
        taken: tuple[Mapping[str, Handler | Decider | Forgetter], ...]
        taken = self._handlers, self._deciders, self._forgetters
        name = new.function.__name__
        for known in (each[name] for each in taken if name in each):
            problem = f"{known.where} has a {known.kind} of the same name; rename one of them"
            if known.function is new.function:
                problem = f"it is registered as a {known.kind} already; write a function for each"
            raise DuplicateError(new.culprit, problem, where=new.where)

    def _refuse_bare(self, patterns: tuple[Any, ...], kind: str, name: str, example: str) -> None:
        """Raise `HandlerError` where the decorator was given the function in place of patterns."""
        if patterns and callable(patterns[0]):
            called, where = self._named(patterns[0])
            raise HandlerError(
                f"{kind} {called}",
                f'write @plugin.{name}({example}) in place of "@plugin.{name}"',
                where=where,
            )

    def _named(self, function: Callable[..., Any]) -> tuple[str, str]:
        """The id of the handler that `function` would be, and where it is."""
        name = getattr(function, "__name__", f"a {type(function).__name__}")
        code = getattr(inspect.unwrap(function), "__code__", None)
        where = f"{code.co_filename}:{code.co_firstlineno}" if code else _caller()
        return f"{self.name}.{name}", where


def _caller() -> str:
    """Where the code is that called into this module, as `file:line`."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "?"
