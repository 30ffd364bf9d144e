"""The public face: what plugin authors import, and nothing else."""

import subprocess
import sys

import pytest

import comethooks
from comethooks import schemas
from comethooks.workers.cometchat import api_errors
from comethooks.workers.deciding import decider_context
from comethooks.workers.handlers import context, run
from comethooks.workers.plugins import plugin, plugin_errors, retry
from comethooks.workers.plugins.deciders import decision
from comethooks.workers.settings import apps
from comethooks.workers.streams import accepted

HEAVY = ("sqlalchemy", "rq", "redis", "marshmallow", "flask", "rich", "httpx")


def test_it_has_what_a_plugin_needs_and_nothing_else() -> None:
    """Whatever is public here stays."""
    assert set(comethooks.__all__) == {
        "ApiRefusedError",
        "App",
        "CometChatError",
        "Context",
        "DeciderContext",
        "Decision",
        "Event",
        "HandlerTimeoutError",
        "NotKeptError",
        "Plugin",
        "PluginError",
        "Retry",
        "RetryLater",
        "Stop",
        "Vote",
        *(kind.__name__ for kind in schemas.KINDS),
    }
    assert set(comethooks.__all__) <= set(dir(comethooks))


def test_importing_it_loads_nothing() -> None:
    """Whoever only names a type waits for no database library."""
    code = f"import comethooks, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_it_has_not_is_an_attribute_error() -> None:
    """As with any other module, so that `hasattr` works."""
    with pytest.raises(AttributeError, match="no attribute 'Plugins'"):
        _ = comethooks.Plugins  # type: ignore[attr-defined]


def test_it_only_re_exports() -> None:
    """The objects are those that the engine works with."""
    assert comethooks.ApiRefusedError is api_errors.ApiRefusedError
    assert comethooks.App is apps.App
    assert comethooks.CometChatError is api_errors.CometChatError
    assert comethooks.Plugin is plugin.Plugin
    assert comethooks.PluginError is plugin_errors.PluginError
    assert comethooks.HandlerTimeoutError is run.HandlerTimeoutError
    assert comethooks.NotKeptError is accepted.NotKeptError
    assert comethooks.Context is context.Context
    assert comethooks.DeciderContext is decider_context.DeciderContext
    assert comethooks.Decision is decision.Decision
    assert comethooks.Event is schemas.Event
    assert comethooks.Retry is retry.Retry
    assert comethooks.RetryLater is retry.RetryLater
    assert comethooks.Stop is retry.Stop
    assert comethooks.Vote is schemas.Vote


def test_everything_public_is_documented() -> None:
    """Of each class, and of each method and property of it."""
    for name in comethooks.__all__:
        exported = getattr(comethooks, name)
        assert exported.__doc__, name
        for member, value in vars(exported).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"
