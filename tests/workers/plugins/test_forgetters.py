"""`@plugin.forget`: functions of plugins that forget a user in what the plugin keeps itself."""

import os
import time

import pytest

from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.forgetters.calling import forget_in_plugins
from comethooks.workers.plugins.loaded import LoadedPlugin, Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import DuplicateError, HandlerError, SignatureError


def loaded(plugin: Plugin) -> Plugins:
    """What a process has that loaded it."""
    config = Config(plugin.name, {})
    held = LoadedPlugin(plugin.name, "test", "1", "x", config, (), forgetters=plugin.forgetters)
    return Plugins(loaded=(held,))


def test_a_function_stays_what_it_was() -> None:
    """So that a test can call it."""
    plugin = Plugin("mine")

    @plugin.forget
    def forget(app_id: str, uid: str) -> str:
        return app_id + uid

    assert forget("a", "b") == "ab"
    assert [each.id for each in plugin.forgetters] == ["mine.forget"]


def test_what_cannot_be_one_is_named_with_its_place() -> None:
    """What takes something else, what is no function, and what has a handler's name."""
    plugin = Plugin("mine")
    with pytest.raises(SignatureError, match=r"forgetter mine.*\(app_id, uid\)"):
        plugin.forget(lambda app_id: None)
    with pytest.raises(HandlerError, match="is not a function"):
        plugin.forget("app")  # type: ignore[type-var]

    async def later(app_id: str, uid: str) -> None: ...

    with pytest.raises(HandlerError, match="asynchronous"):
        plugin.forget(later)

    @plugin.on("message_sent")
    def note(event: object, ctx: object) -> None: ...

    def again(app_id: str, uid: str) -> None: ...

    again.__name__ = "note"
    with pytest.raises(DuplicateError, match="handler of the same name"):
        plugin.forget(again)
    assert plugin.forgetters == ()


def test_whatever_one_does_the_others_are_called() -> None:
    """It dies, it hangs, it raises, it ends the process: each is told of."""
    plugin = Plugin("mine")

    def dies(app_id: str, uid: str) -> None:
        os.kill(os.getpid(), 9)

    def hangs(app_id: str, uid: str) -> None:
        time.sleep(60)

    def leaves(app_id: str, uid: str) -> None:
        raise SystemExit(0)

    def works(app_id: str, uid: str) -> None: ...

    for function in (dies, hangs, leaves, works):
        plugin.forget(function)
    found = {
        each.id: each.error for each in forget_in_plugins(loaded(plugin), "a", "omar", seconds=0.5)
    }
    assert found["mine.works"] is None
    assert found["mine.dies"] == "its process ended: SIGKILL"
    assert found["mine.hangs"] == "it takes longer than 0.5 s"
    assert (found["mine.leaves"] or "").startswith("SystemExit")
