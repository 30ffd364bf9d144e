"""Events that handlers make, in a real deployment: live, in replays, and when a replay is
killed.
"""

from pathlib import Path

import pytest

from comethooks.workers.states import RunState
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Stack, message
from tests.waiting import wait_for

PLUGIN = """
    import os, signal, pathlib
    from comethooks import Plugin

    plugin = Plugin("emitter")
    folder = pathlib.Path({folder!r})

    @plugin.on("message.sent", replay="safe")
    def go(event, ctx):
        ctx.emit("x", {{"of": event.id}})
        if event.replay and (folder / "mended").exists():
            ctx.emit("y", {{"of": event.id}})
            if not (folder / "killed").exists():
                (folder / "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)

    @plugin.on("emitter.*", replay="safe")
    def note(event, ctx):
        write("note.txt", event)

    @plugin.on("emitter.*", replay="never")
    def mail(event, ctx):
        write("mail.txt", event)

    def write(name, event):
        with (folder / name).open("a") as file:
            file.write(f"{{event.trigger}} {{event.replay}}\\n")
"""


def lines(file: Path) -> list[str]:
    """What a handler wrote."""
    return sorted(file.read_text().splitlines()) if file.exists() else []


@pytest.mark.attack
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_what_a_replay_emits_reaches_no_live_handler_and_nothing_twice(
    stack: Stack, tmp_path: Path
) -> None:
    """However often it is replayed, and whatever is killed after it was emitted."""
    stack.plugin("emitter", PLUGIN.format(folder=str(tmp_path)))
    stack.web()
    stack.start("worker", "--workers", "1")
    with stack.client() as client:
        for number in range(2):
            assert client.post("/webhooks", json=message(1, number)).status_code == 200
    live = ["emitter.x None"] * 2
    wait_for(
        lambda: lines(tmp_path / "mail.txt") == lines(tmp_path / "note.txt") == live,
        "all is handled",
    )
    journal = journal_of(stack)
    wait_for(lambda: len(list(journal.events())) == 4, "all is in the journal")
    options = (
        "--handler",
        "emitter.go",
        "--handler",
        "emitter.note",
        "--trigger",
        "message_sent",
        "--yes",
    )
    for name in ("r1", "r2"):
        done = stack.run("replay", "run", "--name", name, *options)
        assert done.stdout == "done: 2 events, 2 runs (2 done).\n"
    (tmp_path / "mended").touch()
    for name in ("r3", "r4"):
        stack.run("replay", "run", "--name", name, *options)
    replayed = [run for run in journal.runs() if run.replay == "r3"]
    wait_for(lambda: len(lines(tmp_path / "note.txt")) == 4, "what is new is handled")
    assert (tmp_path / "killed").exists()
    assert lines(tmp_path / "mail.txt") == live
    assert lines(tmp_path / "note.txt") == [*live, *["emitter.y r3"] * 2]
    assert len(list(journal.events())) == 6
    assert len(replayed) == 4
    wait_for(lambda: {run.state for run in journal.runs()} == {RunState.DONE}, "all runs are done")
    journal.close()
