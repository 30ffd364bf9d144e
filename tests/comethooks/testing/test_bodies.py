"""What a test says of an event by name stands in every place of the body where it belongs."""

from typing import Any

import pytest
from marshmallow import fields

from comethooks import Context, Event, Plugin, samples
from comethooks.testing import Harness, HarnessError
from tests.looped import looped

everything = Plugin(
    "everything", config={"words": fields.List(fields.Str()), "most": fields.Int(required=True)}
)


@everything.on("*", echoes=True)
def take(event: Event, ctx: Context) -> None:
    """Take everything."""


def event_of(harness: Harness, trigger: str, **said: Any) -> Event:
    """The event that a strict delivery makes."""
    return harness.deliver(everything, trigger, config={"most": 1}, strict=True, **said).event


def test_a_message_between_two(harness: Harness) -> None:
    """Ids, names and the conversation agree."""
    event = event_of(
        harness,
        "message_sent",
        text="ahoy",
        sender="zoe",
        receiver="ada",
        message_id="7",
        tags=["a"],
    )
    message = event.message
    assert (message.text, message.sender.uid, message.sender.name) == ("ahoy", "zoe", "zoe")
    assert (message.receiver.uid, message.receiver.name, message.id) == ("ada", "ada", "7")
    assert event.conversation_id == message.conversation_id == "ada_user_zoe"
    assert (message.tags, event.group) == (("a",), None)


def test_a_message_in_a_group(harness: Harness) -> None:
    """With what its author added to it."""
    event = event_of(harness, "message_sent", group="crew", metadata={"bot": True})
    assert (event.group.guid, event.conversation_id) == ("crew", "group_crew")
    assert event.message.metadata == {"bot": True}


@pytest.mark.parametrize("variant", ["documented", "live"])
def test_an_edit(harness: Harness, variant: str) -> None:
    """In both forms, it is the edited message that is meant."""
    event = event_of(
        harness, "message_edited", variant=variant, text="better", message_id="7", sender="zoe"
    )
    assert (event.edited, event.message.text, event.message.id) == (True, "better", "7")
    assert event.sender.uid == "zoe"


@pytest.mark.parametrize(
    ("trigger", "said", "read"),
    [
        ("after_message", {"text": "ahoy"}, lambda event: event.message.text),
        ("before_message", {"sender": "ahoy"}, lambda event: event.message.sender.uid),
        ("message_read_receipt", {"message_id": "ahoy"}, lambda event: event.receipt.message_id),
        ("message_reaction_added", {"sender": "ahoy"}, lambda event: event.reaction.user.uid),
        ("message_reaction_added", {"emoji": "ahoy"}, lambda event: event.reaction.emoji),
        ("group_member_joined", {"member": "ahoy"}, lambda event: event.members[0].uid),
        ("group_member_kicked", {"group": "ahoy"}, lambda event: event.group.guid),
        ("group_member_kicked", {"sender": "ahoy"}, lambda event: event.sender.uid),
        ("call_initiated", {"receiver": "ahoy"}, lambda event: event.call.receiver.uid),
        ("user_mentioned", {"receiver": "ahoy"}, lambda event: event.mentions[0].uid),
        ("user_connection_status_changed", {"sender": "ahoy"}, lambda event: event.presence.uid),
    ],
)
def test_other_events(harness: Harness, trigger: str, said: dict[str, str], read: Any) -> None:
    """Each has its own places."""
    assert read(event_of(harness, trigger, **said)) == "ahoy"


@looped("kind", [kind for kind in samples.all_kinds() if not kind.bot], ids=str)
def test_every_sample_is_delivered(harness: Harness, kind: samples.SampleKind) -> None:
    """Of each trigger, in each variant and generation."""
    assert (
        event_of(harness, kind.trigger, variant=kind.variant, legacy=kind.legacy).trigger
        == kind.trigger
    )


@pytest.mark.parametrize(
    ("trigger", "said", "problem"),
    [
        ("message_snet", {}, "did you mean 'message_sent'?"),
        ("message.sent", {}, "the canonical name of after_message, message_sent"),
        ("group_created", {"legacy": True}, "no legacy sample of 'group_created'"),
        ("message_sent", {"variant": "imgae"}, "did you mean 'image'?"),
        ("message_sent", {"txt": "ahoy"}, "did you mean 'text'?"),
        ("message_sent", {"group": "a", "receiver": "b"}, "leave one of receiver and group out"),
        ("message_sent", {"member": "ada"}, "has no member"),
        ("group_created", {"text": "ahoy"}, "holds no message: leave text out"),
        ("message_sent", {"emoji": "x"}, "is about no reaction"),
        ("message_sent", {"set": {"trigger.x": 1}}, "trigger is a text and no object"),
    ],
)
def test_what_cannot_be_said_is_an_error(
    harness: Harness, trigger: str, said: dict[str, Any], problem: str
) -> None:
    """It tells what to write."""
    with pytest.raises(HarnessError) as caught:
        event_of(harness, trigger, **said)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"most": 1, "wrods": []}, "no setting 'wrods'; did you mean 'words'?"),
        ({}, "COMETHOOKS_EVERYTHING_MOST is not set"),
        ({}, 'config={"words": …, "most": …}'),
        ({"most": "many"}, "Not a valid integer"),
    ],
)
def test_settings_are_checked(harness: Harness, config: dict[str, Any], problem: str) -> None:
    """As they are when a worker loads the plugin."""
    with pytest.raises(HarnessError) as caught:
        harness.deliver(everything, "message_sent", config=config)
    assert problem in str(caught.value)


def test_settings_are_given_as_values(harness: Harness) -> None:
    """They reach the handler as they would from the environment."""
    plugin, seen = (
        Plugin("set", config={"words": fields.List(fields.Str()), "loud": fields.Bool()}),
        [],
    )

    @plugin.on("*")
    def note(event: Event, ctx: Context) -> None:
        seen.append((ctx.config.words, ctx.config.loud))

    harness.deliver(plugin, "message_sent", config={"words": ["a", "b"], "loud": True})
    assert seen == [(["a", "b"], True)]


def test_what_is_no_plugin_is_an_error(harness: Harness) -> None:
    """Such as the module that it is in."""
    with pytest.raises(HarnessError, match="is no Plugin"):
        harness.deliver(samples, "message_sent")  # type: ignore[arg-type]
