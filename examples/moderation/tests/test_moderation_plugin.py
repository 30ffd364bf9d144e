"""Messages with listed words are flagged, when they are new and when they are edited, and only
then.
"""

import os
from pathlib import Path

import pytest
from moderation_plugin import plugin

from comethooks.testing import Harness

WIDE = "\N{FULLWIDTH LATIN SMALL LETTER F}ree"
WORDS = {"words": ["scam", "free money"]}


def test_a_message_with_a_listed_word_is_flagged(harness: Harness) -> None:
    """The flag says which message, whose, and which words; not what was written."""
    result = harness.deliver(
        plugin,
        "message_sent",
        config=WORDS,
        text=f"No SCAM: {WIDE} money!",
        sender="zoe",
        message_id="7",
    )
    [flag] = result.emitted
    assert (flag.trigger, flag.parent) == ("word_list.flagged", result.event.id)
    assert flag.conversation_id == result.event.conversation_id
    expected = {
        "message_id": "7",
        "sender": "zoe",
        "words": ["free money", "scam"],
        "edited": False,
    }
    assert flag.payload["data"] == expected


@pytest.mark.parametrize("text", ["hello", "scampi for dinner", "a descam", ""])
def test_other_messages_are_not(harness: Harness, text: str) -> None:
    """A word within another is none."""
    assert harness.deliver(plugin, "message_sent", config=WORDS, text=text).emitted == ()


@pytest.mark.parametrize("variant", ["documented", "live"])
def test_an_edit_is_checked(harness: Harness, variant: str) -> None:
    """Who edits a word in later is flagged, in both forms of an edit."""
    result = harness.deliver(
        plugin, "message_edited", config=WORDS, variant=variant, text="a scam", message_id="7"
    )
    [flag] = result.emitted
    assert (flag.payload["data"]["message_id"], flag.payload["data"]["edited"]) == ("7", True)


def test_an_edit_is_not_taken_for_a_new_message(harness: Harness) -> None:
    """CometChat sends up to three message_sent after an edit."""
    echo = harness.deliver(
        plugin, "message_sent", config=WORDS, variant="edited", text="a scam", allow_unhandled=True
    )
    assert echo.status == "unhandled"


def test_an_attempt_that_is_repeated_flags_once(harness: Harness) -> None:
    """The emitted event is recognised."""
    result = harness.deliver(plugin, "message_sent", config=WORDS, text="a scam")
    assert (len(result.emitted), harness.repeat(result).emitted) == (1, ())


def test_the_list_can_be_a_file(harness: Harness, tmp_path: Path) -> None:
    """A word a line; it is read again when it has changed."""
    words = tmp_path / "words.txt"
    words.write_text("# unwanted\n\nscam\n")
    config = {"path": str(words)}
    assert len(harness.deliver(plugin, "message_sent", config=config, text="a scam").emitted) == 1
    words.write_text("fraud\n")
    os.utime(words, ns=(1, 1))
    assert harness.deliver(plugin, "message_sent", config=config, text="a scam").emitted == ()


def test_without_its_file_a_run_is_dead(harness: Harness, tmp_path: Path) -> None:
    """Nobody takes a message for harmless because the list is missing."""
    run = harness.deliver(
        plugin, "message_sent", config={"path": str(tmp_path / "none")}, text="hello"
    ).run
    assert run.state == "dead"
    assert run.error == "Stop: the list of words cannot be read: No such file or directory"


def test_media_without_text_are_not_looked_at(harness: Harness) -> None:
    """There is nothing to look at."""
    assert (
        harness.deliver(plugin, "message_sent", config=WORDS, variant="image").run.state == "done"
    )
