"""The beginnings of a plugin: a package with a handler, its settings, a test and a README."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from comethooks.workers.plugins.config import variable
from comethooks.workers.plugins.discovery import GROUP
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import PluginNameError

_PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "A plugin for comethooks."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["comethooks"]

[project.entry-points."$group"]
$name = "$package:plugin"

[tool.hatch.build.targets.wheel]
packages = ["$package"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
"""

_MODULE = '''\
"""A plugin for comethooks: tells of every message that has a certain word in it."""

from comethooks import Context, MessageEvent, Plugin, Retry
from marshmallow import fields

plugin = Plugin("$name", config={"word": fields.Str(load_default="hello")})


@plugin.on("message.sent", retry=Retry(attempts=5))
def notice(event: MessageEvent, ctx: Context) -> None:
    """Log who wrote a message with the word in it, and never what."""
    message = event.message
    if ctx.config.word.lower() in message.text.lower():
        ctx.log.info("noticed", message=message.id, sender=message.sender.uid)
'''

_TEST = '''\
"""The fixture `harness`, which comes with comethooks, delivers as the service would."""

from collections.abc import Sequence
from typing import Any

from comethooks.testing import Harness
from structlog.testing import capture_logs

from $package import plugin


def noticed(harness: Harness, text: str, **config: Any) -> Sequence[Any]:
    """What is logged of a message with this text."""
    with capture_logs() as logged:
        result = harness.deliver(
            plugin,
            "message_sent",
            config=config,
            text=text,
            sender="ada",
            message_id="7",
        )
    assert result.run.state == "done"
    return logged


def test_a_message_with_the_word_is_noticed(harness: Harness) -> None:
    """In any case, and without its text in the log."""
    [line] = noticed(harness, "Hello, everybody")
    assert (line["event"], line["message"], line["sender"]) == ("noticed", "7", "ada")
    assert "Hello" not in str(line)


def test_another_message_is_not(harness: Harness) -> None:
    """Nothing is logged."""
    assert noticed(harness, "Good morning") == []


def test_the_word_is_a_setting(harness: Harness) -> None:
    """Of the plugin, declared with it."""
    assert len(noticed(harness, "Good morning", word="morning")) == 1
'''

_README = """\
# $distribution

A plugin for comethooks, which receives and processes the webhooks of CometChat.

| setting | what it is |
| --- | --- |
| `$variable` | messages with this word in them are told of in the log; `hello` when unset |

```
python -m pytest
pip install .
comethooks plugins check
```

Install it where `comethooks` is installed. A worker finds it when it is started again, or gets a
SIGUSR1.
"""


def check_name(name: str) -> None:
    """Raise `ValueError`, which says how a plugin may be called, unless `name` is such a name."""
    try:
        Plugin(name)
    except PluginNameError as error:
        raise ValueError(str(error).partition("): ")[2]) from None


def files_of(name: str) -> Mapping[str, str]:
    """The files of a new plugin: their paths within its folder, and what is in them."""
    package = f"{name}_plugin"
    known = {
        "name": name,
        "package": package,
        "distribution": f"comethooks-{name.replace('_', '-').strip('-')}",
        "group": GROUP,
        "variable": variable(name, "word"),
    }
    texts = {
        "pyproject.toml": _PROJECT,
        "README.md": _README,
        f"{package}/__init__.py": _MODULE,
        f"tests/test_{package}.py": _TEST,
    }
    return {path: Template(text).substitute(known) for path, text in texts.items()}


def make(name: str, parent: Path) -> Path:
    """Make the folder of a new plugin in `parent`, and give its path.

    Raises `FileExistsError` when there is something of that name, which is left alone, and other
    `OSError`s.
    """
    folder = parent / f"{name}_plugin"
    parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    for path, text in files_of(name).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
