"""Silences of apps that a test delivers."""

from comethooks import Context, Plugin, SilenceEvent
from comethooks.testing import Harness


def test_a_handler_is_told_of_a_silence_and_of_its_end(harness: Harness) -> None:
    """With what the test says of them; the same silence is told once."""
    seen: list[SilenceEvent] = []
    plugin = Plugin("seen")

    @plugin.on("app.silent", "app.resumed")
    def note(event: SilenceEvent, ctx: Context) -> None:
        seen.append(event)

    harness.silences.begin(plugin, "app1", seconds=130, expected=22, advice=["look at it"])
    assert harness.silences.begin(plugin, "app1", seconds=130).duplicate
    harness.silences.end(plugin, "app1", seconds=900, expected=None)
    told = [(each.name, each.app_id, each.silence.seconds, each.silence.expected) for each in seen]
    assert told == [("app.silent", "app1", 130, 22), ("app.resumed", "app1", 900, None)]
    assert seen[0].silence.advice == ("look at it",)
