"""The example of docs/silence.md does what the page says."""

from pathlib import Path

from comethooks.workers.journal import StoredSilence
from comethooks.workers.notify.notices import notice_of
from comethooks.workers.notify.notify_file import read_notify_file
from comethooks.workers.record import event_of
from comethooks.workers.silence.silence_events import resumed_record, silent_record
from tests.pages import blocks

PAGE = Path(__file__).parents[3] / "docs" / "silence.md"
NOON = 1_800_000_000_000
SILENCE = StoredSilence(
    app_id="app1",
    last_event_at=NOON,
    found_at=NOON + 600_000,
    expected=21,
    resumed_at=NOON + 900_000,
)


def test_people_are_told_which_app_is_silent_and_what_to_do(tmp_path: Path) -> None:
    """A line for each piece of advice, also when it is over."""
    [block] = blocks(PAGE, "toml")
    path = tmp_path / block.file
    path.write_text(block.code)
    [route] = read_notify_file(path).routes
    assert route.rule.on == ("app.silent", "app.resumed")
    lines = ["see the webhook", "fetch what was missed"]
    told = notice_of(route, event_of(silent_record(SILENCE, lines, now=NOON)))
    assert told.text == "app.silent: app1, 600 s\nsee the webhook\nfetch what was missed"
    over = notice_of(route, event_of(resumed_record(SILENCE, lines[1:], now=NOON)))
    assert over.text == "app.resumed: app1, 900 s\nfetch what was missed"
