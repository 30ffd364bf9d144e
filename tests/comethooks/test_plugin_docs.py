"""The code in docs/plugins.md is code that works."""

import re
import runpy
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
import structlog

from comethooks import Context, Plugin, Retry, RetryLater, Stop
from tests.workers.engine import record
from workers.running import event_of

DOCS = Path(__file__).parents[2] / "docs" / "plugins.md"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Path]]:
    """The page's examples as files, named as the page has it."""
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    files = {}
    for name, code in zip(("night_watch", "relay", "test_night_watch"), blocks, strict=True):
        files[name] = tmp_path / f"{name}.py"
        files[name].write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield files
    sys.modules.pop("night_watch", None)


def test_the_example_of_a_test_passes(examples: dict[str, Path]) -> None:
    """With the plugin that the page begins with."""
    runpy.run_path(str(examples["test_night_watch"]))["test_only_what_is_written_at_night_is_noted"]()


def test_the_example_of_a_test_fails_when_the_handler_is_wrong(examples: dict[str, Path]) -> None:
    """It asserts something."""
    plugin = examples["night_watch"]
    plugin.write_text(plugin.read_text().replace(">=", ">"))
    with pytest.raises(AssertionError):
        runpy.run_path(str(examples["test_night_watch"]))["test_only_what_is_written_at_night_is_noted"]()


@pytest.mark.parametrize(
    ("status", "error"), [(200, None), (410, Stop), (429, RetryLater), (500, httpx.HTTPStatusError)]
)
def test_the_example_of_a_retry_does_what_it_says(
    status: int, error: type[Exception] | None, examples: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of answer has its end."""
    module = runpy.run_path(str(examples["relay"]))
    plugin: Plugin = module["plugin"]
    assert (plugin.handlers[0].retry, plugin.handlers[0].timeout) == (Retry(attempts=5), 10)
    answer = httpx.Response(status, request=httpx.Request("POST", "https://example.com/in"))
    monkeypatch.setattr(httpx, "post", lambda *_, **__: answer)
    event = event_of(record())
    context = Context(plugin.load_config({}), structlog.get_logger(), attempt=1, handler="relay.forward")
    with nullcontext() if error is None else pytest.raises(error):
        module["forward"](event, context)
