"""The public face: what plugin authors import, and nothing else."""

import comethooks
from comethooks import schemas
from comethooks.workers.handlers import context
from comethooks.workers.plugins import plugin, retry
from comethooks.workers.settings import apps


def test_it_has_what_a_plugin_needs_and_nothing_else() -> None:
    """Whatever is public here stays."""
    public = {name for name in vars(comethooks) if not name.startswith("_")}
    expected = {"App", "Context", "Event", "Plugin", "Retry", "RetryLater", "Stop"}
    assert public == set(comethooks.__all__) == expected


def test_it_only_re_exports() -> None:
    """The objects are those that the engine works with."""
    assert comethooks.App is apps.App
    assert comethooks.Plugin is plugin.Plugin
    assert comethooks.Context is context.Context
    assert comethooks.Event is schemas.Event
    assert comethooks.Retry is retry.Retry
    assert comethooks.RetryLater is retry.RetryLater
    assert comethooks.Stop is retry.Stop


def test_everything_public_is_documented() -> None:
    """Of each class, and of each method and property of it."""
    for name in comethooks.__all__:
        exported = getattr(comethooks, name)
        assert exported.__doc__, name
        for member, value in vars(exported).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"
