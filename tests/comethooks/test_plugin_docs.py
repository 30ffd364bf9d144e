"""The code in the pages that plugin authors read is code that works, and nothing public is missing
there.
"""

import dataclasses
import os
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import click
import pytest
from structlog.testing import capture_logs

import comethooks
from comethooks import App, Context, DeciderContext, Plugin, samples
from comethooks.cli import main
from comethooks.cli.explain.snippets import snippet
from comethooks.schemas import TRIGGERS, parse
from comethooks.schemas.triggers.table import is_in_flight
from comethooks.testing import (
    Calls,
    ChatApp,
    ChatCall,
    Clock,
    Delivery,
    Fields,
    Harness,
    Interactions,
    MarkedElements,
    Request,
    Ruling,
    Run,
    SentMessage,
    Silences,
    TakenKeys,
)
from comethooks.workers.cometchat.chat_api import ChatApi
from comethooks.workers.record import Vote
from comethooks.workers.texts import dumps
from tests.pages import Block, blocks, commands

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "docs" / "plugins.md"
README = ROOT / "README.md"
EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
CONFIG = {"channel": "https://chat.example.com/hooks/1"}
"""Settings without a default."""
NOW = 1_790_000_000_000
KINDS = [kind for kind in samples.all_kinds() if not kind.bot]
TEXTS = ("test", "book", "la " * 200)
"""What some of the handlers look for."""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of docs/plugins.md, but for those of the tutorial."""
    write_blocks(PLUGINS, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write_blocks(page: Path, folder: Path) -> None:
    """Make files of the code in a page."""
    for number, block in enumerate(blocks(page, "python")):
        if "/" not in block.file:
            (folder / (block.file or f"block_{number}.py")).write_text(block.code)


def run_tests(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests in `folder` as its author would."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            *arguments,
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_example_of_a_test_passes(written: Path) -> None:
    """With the plugins that the page has."""
    done = run_tests(written)
    assert done.returncode == 0, done.stdout


def test_the_example_of_a_test_of_interactions_passes(tmp_path: Path) -> None:
    """With the plugins of its page, and fails when one of them is wrong."""
    write_blocks(ROOT / "docs" / "interactions.md", tmp_path)
    done = run_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    for file, right, wrong in (
        ("ferry.py", '== "book"', '== "go"'),
        ("bookings.py", "booked", "x"),
    ):
        source = (tmp_path / file).read_text()
        assert right in source
        (tmp_path / file).write_text(source.replace(right, wrong))
    done = run_tests(tmp_path)
    assert done.returncode == 1, done.stdout
    assert "2 failed" in done.stdout


WRONG = (
    ("night_watch.py", ">=", ">"),
    ("long_messages.py", "> 500", "> 5000"),
    ("relay.py", "status_code == 410", "status_code == 411"),
    ("relay.py", "RetryLater(60)", "RetryLater(61)"),
    ("receipt_printer.py", "if first:", "if True:"),
    ("host.py", "if first:", "if True:"),
    ("cleaner.py", '== "test"', '== "no"'),
    ("gatekeeper.py", "confidence=0.9", "confidence=0.8"),
)


def test_the_example_of_a_test_fails_when_a_handler_is_wrong(written: Path) -> None:
    """It asserts something about each of them."""
    for file, right, wrong in WRONG:
        source = (written / file).read_text()
        assert right in source
        (written / file).write_text(source.replace(right, wrong))
    done = run_tests(written)
    assert done.returncode == 1
    assert f"{len(WRONG)} failed" in done.stdout


def test_every_plugin_of_the_page_has_functions(written: Path) -> None:
    """Handlers or deciders: each file stands for itself."""
    for file in written.glob("*.py"):
        if not file.name.startswith("test_"):
            plugin = runpy.run_path(str(file))["plugin"]
            assert plugin.handlers or plugin.deciders, file.name


def test_the_example_of_a_handler_that_may_be_replayed_says_so(written: Path) -> None:
    """In the way that a replay looks at."""
    [handler] = runpy.run_path(str(written / "census.py"))["plugin"].handlers
    assert handler.replay == "safe"


@pytest.mark.parametrize("page", [README, *EXAMPLES], ids=lambda page: page.parent.name)
def test_python_of_other_pages_runs(page: Path, tmp_path: Path) -> None:
    """As a file of its own, which for a plugin is one that can be used."""
    for number, block in enumerate(blocks(page, "python")):
        file = tmp_path / f"block_{number}.py"
        file.write_text(block.code)
        found = runpy.run_path(str(file))
        assert "Plugin(" not in block.code or found["plugin"].handlers


def plugin_in(code: str, folder: Path) -> Plugin:
    """The plugin that the code of a file makes."""
    file = folder / "written_plugin.py"
    file.write_text(code)
    plugin: Plugin = runpy.run_path(str(file))["plugin"]
    return plugin


@cache
def name_of(kind: samples.SampleKind) -> str | None:
    """The canonical name of a sample, which may be another one than that of its trigger."""
    how = {"variant": kind.variant, "legacy": kind.legacy}
    body = samples.sample(kind.trigger, now_ms=NOW, random=Random(1), **how)
    return parse(body, dumps(body)).name


def asked_for(plugin: Plugin) -> list[samples.SampleKind]:
    """The samples that something of a plugin is called with."""
    return [
        kind
        for kind in KINDS
        if any(each.matches(kind.trigger, name_of(kind)) for each in plugin.handlers)
        or (plugin.deciders and is_in_flight(kind.trigger))
    ]


def states_of(
    harness: Harness, plugin: Plugin, kinds: Iterable[samples.SampleKind]
) -> dict[str, set[str]]:
    """How the runs of each handler end, on these samples and on messages that are of interest."""
    harness.apps[samples.APP_ID] = App(samples.APP_ID, "eu", "a key")
    config = {name: CONFIG[name] for name in plugin.config.keys() & CONFIG.keys()}
    said: list[dict[str, Any]] = [
        {"trigger": kind.trigger, "variant": kind.variant, "legacy": kind.legacy} for kind in kinds
    ]
    said += [{"trigger": "message_sent", "text": text} for text in TEXTS]
    said.append({"trigger": "before_message", "text": "spam"})
    states: dict[str, set[str]] = {}
    results: list[Delivery] = []
    for each in said:
        result = harness.deliver(plugin, config=config, allow_unhandled=True, **each)
        results.append(result)
    results.append(harness.silences.begin(plugin, config=config, allow_unhandled=True))
    for result in results:
        for run in result.runs:
            states.setdefault(run.handler, set()).add(f"{run.state} {run.error or ''}".strip())
    return states


@pytest.mark.parametrize(
    "block",
    [block for page in PAGES for block in blocks(page, "python") if "\nplugin = " in block.code],
    ids=lambda block: block.file or "README",
)
def test_handlers_in_the_pages_are_done_with_whatever_they_ask_for(
    block: Block, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them gets something, what other handlers emit too; a dead run is no example."""
    monkeypatch.chdir(tmp_path)  # some of them write files
    plugin = plugin_in(block.code, tmp_path)
    assert states_of(harness, plugin, asked_for(plugin)) == {
        each.id: {"done"} for each in plugin.handlers
    }


@pytest.mark.parametrize("trigger", sorted({kind.trigger for kind in KINDS}))
def test_the_handler_that_explain_prints_is_done_with_its_event(
    trigger: str, harness: Harness, tmp_path: Path
) -> None:
    """For each trigger, in each variant of its body."""
    plugin = plugin_in(snippet(trigger, TRIGGERS[trigger].canonical), tmp_path)
    kinds = [kind for kind in KINDS if kind.trigger == trigger]
    assert states_of(harness, plugin, kinds) == {each.id: {"done"} for each in plugin.handlers}


def test_the_handler_of_the_readme_says_hello(harness: Harness, tmp_path: Path) -> None:
    """For both generations of webhooks, as it says."""
    [block] = blocks(README, "python")
    (tmp_path / "hello.py").write_text(block.code)
    plugin = runpy.run_path(str(tmp_path / "hello.py"))["plugin"]
    with capture_logs() as logged:
        harness.deliver(plugin, "after_message", legacy=True, sender="ada")
        harness.deliver(plugin, "message_sent", sender="ada")
    assert [(line["event"], line["sender"]) for line in logged] == [("hello", "ada")] * 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_could_be_given(page: Path) -> None:
    """The command is there, and has the options that are written."""
    for line in commands(page):
        command: click.Command = main
        words = shlex.split(line)[1:]
        context = click.Context(command, info_name="comethooks")
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
            context = click.Context(command, parent=context)
        known = {
            name
            for parameter in command.params
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        for word in words:
            assert not word.startswith("--") or word.partition("=")[0] in known, line


def public(kind: type) -> set[str]:
    """The public attributes of a class and its bases, those of its instances too where it is a
    dataclass.
    """
    fields = (
        {field.name for field in dataclasses.fields(kind)}
        if dataclasses.is_dataclass(kind)
        else set()
    )
    own = {name for base in kind.__mro__ if base is not object for name in vars(base)}
    return {name for name in own | fields if not name.startswith("_")}


def test_every_public_name_is_in_the_page() -> None:
    """What authors import, and what they find on the context and on the harness."""
    text = PLUGINS.read_text() + (ROOT / "docs" / "events.md").read_text()
    with Harness() as made:
        app = {name for name in vars(made.cometchat) if not name.startswith("_")}
        own = {name for name in vars(made) if not name.startswith("_")} | public(Harness)
    names = {
        *(f"ctx.{name}" for name in public(Context) | public(DeciderContext)),
        *(f"`{name}`" for name in public(Ruling) | public(Vote) - {"as_json", "from_json"}),
        *(f"harness.{name}" for name in own - {"close"}),
        *comethooks.__all__,
        *(
            f"`{name}`"
            for name in public(Delivery) - {"plugins", "dry_run", "record", "consent", "repeats"}
        ),
        *(f"`{name}`" for name in public(Run) - {"key"}),
        *(f"`{name}`" for name in public(Request)),
        *(f"`{name}(" for name in public(ChatApi)),
        *(f"`{name}" for name in (public(ChatApp) | app) - {"answer", "next_id"}),
        *(f"`{name}`" for name in public(ChatCall)),
        *(f"`{name}`" for name in public(SentMessage) - {"wire"} | public(MarkedElements)),
        *(f"`{name}`" for name in Fields.__annotations__),
        *(f"`{name}(" for name in public(Calls) - {"client", "close"}),
        *(f"{name}" for name in public(Clock) - {"set", "sleep"}),
        *(f"once_keys.{name}" for name in public(TakenKeys)),
        *(f"`{name}(" for name in public(Interactions)),
        *(f"`{name}(" for name in public(Silences)),
    }
    assert [name for name in sorted(names) if name not in text] == []


def test_every_public_name_of_the_harness_is_described() -> None:
    """In its own words."""
    kinds = (Harness, Delivery, Run, Request, Calls, Clock, TakenKeys, Interactions, Silences)
    for kind in (*kinds, ChatApi, ChatApp, SentMessage, MarkedElements, ChatCall):
        assert kind.__doc__, kind
        for name in public(kind):
            value = getattr(kind, name, None)
            if callable(value) or isinstance(value, property):
                assert value.__doc__, f"{kind.__name__}.{name}"
