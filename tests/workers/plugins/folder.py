"""What tests put into a folder of plugins, and how they load it."""

from collections.abc import Callable
from pathlib import Path

from comethooks.workers.plugins.loaded import BrokenPlugin, Plugins

Write = Callable[[str, str], Path]
Load = Callable[..., Plugins]

GREETING = """
from comethooks import Plugin

plugin = Plugin("{name}")

@plugin.on("message.sent")
def greet(event, ctx):
    ctx.config
"""
DECIDING = """
from marshmallow import fields
from comethooks import Plugin

plugin = Plugin("gate", config={"word": fields.String()})

@plugin.decide("before_message")
def judge(event, ctx):
    pass
"""


def only(broken: tuple[BrokenPlugin, ...]) -> BrokenPlugin:
    [plugin] = broken
    assert "\n" not in plugin.error
    return plugin
