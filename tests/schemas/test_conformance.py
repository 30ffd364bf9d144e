"""The bodies and objects that CometChat documents, where a folder of them is at hand."""

import re
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from comethooks.schemas import TRIGGERS, Group, Member, User
from tests.looped import looped
from tests.schemas.samples import accepted, event_of

FOLDER = Path(__file__).parents[3] / "shared" / "payloads"
TEXTS = Path(__file__).parents[3] / "shared" / "seeds"
APP, REGION, WEBHOOK = "27341c0ffee1", "eu", "harborhook"
PLACEHOLDERS = {
    "<appId>": APP,
    "your-app-id": APP,
    "<region>": REGION,
    "<webhookID>": WEBHOOK,
    "your-webhook-id": WEBHOOK,
    "user|group": "user",
    "user| group": "user",
    "user| GROUP": "GROUP",
    "uid|guid": "messageSenderUID",
    "online|offline": "online",
    "offline | online": "offline",
    "connected|disconnected": "connected",
    "us|eu|other": REGION,
    "unixtimestamp in millisec": "1673017183000",
    "public| private| password": "private",
    "participant| admin| moderator": "moderator",
    "0| 1": "1",
    "<messageId>": "57",
    "<recording_url>": "https://recordings.example/1.mp4?signature=s",
    "<transcript_url>": "https://recordings.example/1.txt?signature=s",
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no documented bodies in {FOLDER}")


class Expected(NamedTuple):
    """What a documented body says; `at` is when it happened, in seconds, or None."""

    name: str
    conversation: str | None
    sender: str | None
    message: str | None
    at: float | None


ONE, TWO, FOUR, FIVE = (f"cometchat-uid-{number}" for number in (1, 2, 4, 5))
PAIR, CALLED, OLD_PAIR = f"{ONE}_user_{TWO}", f"{ONE}_user_{FIVE}", f"{FOUR}_user_{FIVE}"
HIKING, HEROES = "group_cometchat-guid-1", "group_supergroup"
RECEIPT = "messageSenderUID_user_receiptSenderUID"
EXPECTED = {
    "after_campaign_completed": Expected("campaign.completed", None, None, None, 1696932060),
    "after_campaign_failed": Expected("campaign.failed", None, None, None, 1696932070),
    "after_feed_item_delivered": Expected("feed_item.delivered", None, None, None, 1696932060),
    "after_feed_item_interacted": Expected("feed_item.interacted", None, None, None, 1696932180),
    "after_feed_item_read": Expected("feed_item.read", None, None, None, 1696932120),
    "after_feed_item_sent": Expected("feed_item.sent", None, None, None, 1696932000),
    "after_notification_created": Expected("notification.created", None, None, None, 1696932000),
    "after_push_notification_clicked": Expected(
        "push_notification.clicked", None, None, None, 1696932060
    ),
    "after_push_notification_delivered": Expected(
        "push_notification.delivered", None, None, None, 1696932005
    ),
    "after_push_notification_sent": Expected(
        "push_notification.sent", None, None, None, 1696932000
    ),
    "call_ended": Expected("call.ended", None, None, None, 1696934553),
    "call_initiated": Expected("call.initiated", CALLED, ONE, "52", 1696934199),
    "call_participant_joined": Expected("call.participant_joined", None, None, None, 1696934573),
    "call_participant_left": Expected("call.participant_left", None, None, None, 1696934553),
    "call_started": Expected("call.started", None, None, None, 1696934572),
    "group_created": Expected("group.created", HIKING, ONE, None, 1696932915),
    "group_created-older": Expected("group.created", HEROES, "superhero1", None, 1696932915),
    "group_deleted": Expected("group.deleted", HIKING, ONE, None, 1695817083),
    "group_deleted-older": Expected("group.deleted", HEROES, "superhero1", None, 1695817083),
    "group_member_added": Expected("group.member_added", HIKING, ONE, None, None),
    "group_member_added-older": Expected("group.member_added", HEROES, "superhero1", None, None),
    "group_member_banned": Expected("group.member_banned", HIKING, ONE, None, 1696933533),
    "group_member_joined": Expected("group.member_joined", HIKING, TWO, None, 1696933691),
    "group_member_kicked": Expected("group.member_kicked", HIKING, ONE, None, 1696933889),
    "group_member_left": Expected("group.member_left", HIKING, TWO, None, 1696933827),
    "group_member_scope_changed": Expected(
        "group.member_scope_changed", HIKING, ONE, None, 1696933925
    ),
    "group_member_unbanned": Expected("group.member_unbanned", HIKING, ONE, None, 1696933533),
    "group_owner_transferred": Expected("group.owner_transferred", HIKING, ONE, None, 1696933737),
    "group_owner_transferred-older": Expected(
        "group.owner_transferred", HEROES, "superhero1", None, 1696933737
    ),
    "group_updated": Expected("group.updated", HIKING, ONE, None, 1696934048),
    "group_updated-older": Expected("group.updated", HEROES, "superhero1", None, 1696934048),
    "legacy-after_connection_status_changed": Expected(
        "user.presence", None, "uid of the user", None, 1673017183
    ),
    "legacy-after_message": Expected("message.sent", OLD_PAIR, FIVE, "1", 1586435925),
    "legacy-before_message": Expected("message.before", OLD_PAIR, FIVE, "", 1586435925),
    "legacy-message_delivery_receipt": Expected(
        "receipt.delivered", RECEIPT, "receiptSenderUID", None, 1673017183
    ),
    "legacy-message_read_receipt": Expected(
        "receipt.read", RECEIPT, "receiptSenderUID", None, 1673017183
    ),
    "meeting_ended": Expected("meeting.ended", None, None, None, 1696934730),
    "meeting_participant_joined": Expected(
        "meeting.participant_joined", None, None, None, 1696934692
    ),
    "meeting_participant_left": Expected("meeting.participant_left", None, None, None, 1696934730),
    "meeting_started": Expected("meeting.started", None, None, None, 1696934692),
    "message_deleted": Expected("message.deleted", PAIR, ONE, "2", 1696935005),
    "message_delivery_receipt": Expected("receipt.delivered", PAIR, TWO, None, 1696934912),
    "message_edited": Expected("message.edited", PAIR, ONE, "1", 1696934985),
    "message_reaction_added": Expected("reaction.added", None, ONE, None, 1700655536),
    "message_reaction_removed": Expected("reaction.removed", None, ONE, None, 1700231289),
    "message_read_receipt": Expected("receipt.read", PAIR, TWO, None, 1696934950),
    "message_sent": Expected("message.sent", PAIR, ONE, "1", 1696934912),
    "moderation_engine_approved": Expected("moderation.approved", PAIR, ONE, "13", 1791285309),
    "moderation_engine_blocked": Expected("moderation.blocked", PAIR, ONE, "13", 1791285309),
    "moderation_engine_failed": Expected("moderation.failed", PAIR, ONE, "11", 1791285190),
    "moderation_engine_failed-image_dropped": Expected(
        "moderation.failed", PAIR, ONE, "128", 1791209723
    ),
    "moderation_manual_approved": Expected(
        "moderation.manually_approved", HIKING, TWO, "6", 1791272621
    ),
    "recording_generated": Expected("recording.generated", None, None, None, 1696937627),
    "transcription_generated": Expected("transcription.generated", None, None, None, 1696937648),
    "user_blocked": Expected("user.blocked", None, ONE, None, None),
    "user_connection_status_changed": Expected("user.presence", None, ONE, None, 1696935103.114),
    "user_mentioned": Expected("user.mentioned", PAIR, ONE, "4", 1702028666),
    "user_unblocked": Expected("user.unblocked", None, ONE, None, None),
}
OF_A_MESSAGE = {"message_delivery_receipt": "57", "message_read_receipt": "57"} | {
    f"message_reaction_{change}": "57" for change in ("added", "removed")
}
"""What is about a message, and does not hold it."""


def filled(value):
    """The body with every placeholder that stands for another type or value replaced."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return PLACEHOLDERS.get(value, value) if isinstance(value, str) else value


def documented():
    found = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
    return {name: filled(value) for name, value in found.items() if "trigger" in value}


class TestBodies:
    def test_the_table_has_every_one(self):
        """A body that comes to the folder wants a row."""
        assert set(documented()) == set(EXPECTED)

    @looped("name, value", documented().items())
    def test_is_accepted_without_drift_and_says_what_was_read_from_it(self, name, value):
        """By the keys and by the typed event alike."""
        parsed, event, expected = accepted(value), event_of(value), EXPECTED[name]
        assert parsed.drift == ()
        assert parsed.trigger == name.removeprefix("legacy-").partition("-")[0]
        assert parsed.trigger in TRIGGERS
        assert (parsed.name, parsed.conversation_id, parsed.sender) == expected[:3]
        assert parsed.occurred_at == (None if expected.at is None else round(expected.at * 1000))
        assert parsed.app_id == ("167*****1529" if name.startswith("legacy-") else APP)
        assert event.payload == value
        assert (event.sender.uid if event.sender else None) == expected.sender
        assert (event.message.id if event.message else None) == expected.message
        about = event.receipt or event.reaction
        assert (about.message_id if about else None) == (
            "MESSAGE_ID" if name.startswith("legacy-message_") else OF_A_MESSAGE.get(name)
        )

    @looped("name, value", documented().items())
    def test_is_accepted_by_a_strict_trigger(self, name, value):
        """There is nothing in it that the schemas do not know."""
        assert accepted(value, strict={"*"}).name == EXPECTED[name].name

    def test_no_two_share_a_duplicate_key(self):
        """They are about different things."""
        keys = {accepted(value).duplicate_key for value in documented().values()}
        assert len(keys) == len(EXPECTED)


def objects_in(text):
    """Every JSON object that is printed in a text, with its alternatives and commas too many
    mended.
    """
    text = re.sub(r"\btrue\| false\b", "true", text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    position = 0
    while (start := text.find("{", position)) >= 0:
        depth, end, quoted = 0, start, False
        for end in range(start, len(text)):
            character = text[end]
            quoted = quoted ^ (character == '"' and text[end - 1] != "\\")
            depth += 0 if quoted else (character == "{") - (character == "}")
            if not depth:
                break
        try:
            found = orjson.loads(text[start : end + 1])
        except orjson.JSONDecodeError:
            position = start + 1
            continue
        yield filled(found)
        position = end + 1


def objects_of(page):
    (path,) = TEXTS.glob(f"{page}_*.txt")
    return list(objects_in(path.read_text()))


def sdk_objects():
    return objects_of("002")


def enveloped(trigger, data):
    return {"trigger": trigger, "data": data, "appId": APP, "region": REGION, "webhook": WEBHOOK}


def sent(message):
    """An event about a message of an SDK."""
    event = enveloped("message_sent", {"message": message})
    assert accepted(event, strict={"*"}).drift == ()
    return event_of(event)


@pytest.mark.skipif(
    not list(TEXTS.glob("002_*.txt")), reason=f"no reference of the SDKs in {TEXTS}"
)
class TestObjectsOfTheSdks:
    def test_there_are_seven(self):
        """User, Group, GroupMember, TextMessage, MediaMessage, Action, Call."""
        assert len(sdk_objects()) == 7

    def test_the_legacy_bodies_say_what_the_others_say(self):
        """They are the same ones, with commas too many."""
        found = {value["trigger"]: value for value in objects_of("003")}
        assert {f"legacy-{name}" for name in found} == {
            n for n in EXPECTED if n.startswith("legacy-")
        }
        for name, value in found.items():
            parsed, expected = accepted(value, strict={"*"}), EXPECTED[f"legacy-{name}"]
            assert (parsed.name, parsed.conversation_id, parsed.sender) == expected[:3]

    def test_user(self):
        """As the one who blocks somebody."""
        value = enveloped("user_blocked", {"by": sdk_objects()[0], "users": {}})
        assert accepted(value, strict={"*"}).sender == "SUPERHERO1"
        user = event_of(value).sender
        assert isinstance(user, User)
        assert (user.uid, user.name, user.avatar) == (
            "SUPERHERO1",
            "NAME_PROVIDED_AT_THE_TIME_OF_CREATION",
            "AVATAR_URL_PROVIDED_AT_THE_TIME_OF_CREATION",
        )
        assert (user.link, user.email, user.role) == (
            "PROFILE_URL_PROVIDED_AT_THE_TIME_OF_CREATION",
            "EMAIL_ADDRESS_PROVIDED_AT_THE_TIME_OF_CREATING",
            "USER_CAN_BE_SET_TO_CUSTOM_ROLE",
        )
        assert (user.status, user.credits, user.status_message) == (
            "offline",
            1000,
            "CUSTOME_STATUS_MESSAGE_SET_BY_USER",
        )
        assert user.last_active_at.timestamp() == 1547011919
        assert user.metadata == {"custom_key": "CUSTOM_INFORMATION"}

    def test_group(self):
        """As one that was updated."""
        value = enveloped("group_updated", {"group": sdk_objects()[1]})
        assert accepted(value, strict={"*"}).conversation_id == "group_SUPERGROUP"
        group = event_of(value).group
        assert isinstance(group, Group)
        assert (group.guid, group.name, group.type) == (
            "SUPERGROUP",
            "NATURAL_LANGUAGE_GROUP_NAME",
            "private",
        )
        assert (group.description, group.icon, group.owner) == (
            "STRING_DESCRIPTION_OF_THE_GROUP",
            "URL_FOR_GROUP_ICON_IMAGE",
            "SUPERHERO1",
        )
        assert (group.created_at.timestamp(), group.updated_at.timestamp()) == (
            1543931213,
            1543931333,
        )
        assert group.has_joined is True
        assert group.metadata == {"custom_key": "CUSTOM_INFORMATION"}

    def test_group_member(self):
        """As one that joined."""
        data = {"group": sdk_objects()[1], "members": {"SUPERHERO1": sdk_objects()[2]}}
        value = enveloped("group_member_joined", data)
        assert accepted(value, strict={"*"}).sender == "SUPERHERO1"
        (member,) = event_of(value).members
        assert isinstance(member, Member)
        assert (member.uid, member.scope, member.is_banned) == ("SUPERHERO1", "moderator", True)
        assert (member.joined_at.timestamp(), member.last_active_at.timestamp()) == (
            1543921899,
            1543921793,
        )
        assert (member.credits, member.status) == (1000, "offline")

    def test_text_message(self):
        """Its text is there twice."""
        event = sent(sdk_objects()[3])
        message = event.message
        assert (message.id, message.text, message.type) == (
            "MESSAGE_ID_ADDED_BY_COMETCHAT",
            "TEXT_MESSAGE_ADDED_BY_USER",
            "text",
        )
        assert (message.sender.uid, message.sender.email, event.sender.uid) == (
            "SUPERHERO1",
            "EMAIL_ADDRESS_PROVIDED_AT_THE_TIME_OF_CREATING",
            "SUPERHERO1",
        )
        assert (message.receiver.uid, message.receiver.name) == (
            "SUPERHERO2",
            "NAME_PROVIDED_AT_THE_TIME_OF_CREATION",
        )
        assert message.conversation_id == event.conversation_id == "SUPERHERO1_user_SUPERHERO2"
        assert message.metadata == {"custom_key": "CUSTOM_INFORMATION"}
        assert message.sent_at.timestamp() == 1547017662

    def test_media_message(self):
        """To a group, in capitals."""
        message = sent(sdk_objects()[4]).message
        assert (message.category, message.type, message.receiver_type) == (
            "message",
            "file",
            "group",
        )
        (attachment,) = message.attachments
        assert attachment.url.startswith("https://data.cometchat.com/6e13b23d7a3/media/")
        assert isinstance(message.receiver, Group)
        assert (message.receiver.guid, message.conversation_id) == (
            "superhero2",
            "group_superhero2",
        )

    def test_action(self):
        """Its entities are beside the action."""
        event = sent(sdk_objects()[5])
        action = event.action
        assert (action.name, action.text) == ("joined", "SUPERHERO62 joined Avengers")
        assert (action.by.uid, action.by.name, action.on) == ("superhero62", "SUPERHERO62", None)
        assert (action.for_.guid, action.for_.name, action.for_.type) == (
            "ktncalltest",
            "Avengers",
            "public",
        )
        assert (event.group.guid, event.conversation_id) == ("ktncalltest", "group_ktncalltest")
        assert (event.sender.uid, event.is_echo) == ("superhero62", False)

    def test_action_without_its_sentence(self):
        """Then it has the default one."""
        value = {key: item for key, item in sdk_objects()[5].items() if key != "message"}
        assert sent(value).action.text == "SUPERHERO62 joined"

    @pytest.mark.parametrize(
        "trigger, key", [("message_sent", "message"), ("call_initiated", "call")]
    )
    def test_call(self, trigger, key):
        """As a message, and as the event of a call."""
        value = enveloped(trigger, {key: sdk_objects()[6]})
        assert accepted(value, strict={"*"}).conversation_id == "superhero1_user_superhero10"
        call = event_of(value).call
        session = "1547222109e29120fc966fbe714253787ff1c06b0fb193b185"
        assert (call.session_id, call.status, call.type) == (session, "initiated", "audio")
        assert (call.initiator.uid, call.initiator.name) == ("superhero10", "SUPERHERO10")
        assert (call.receiver.uid, call.receiver.name) == ("superhero1", "Ironman")
        assert call.initiated_at.timestamp() == 1547222109
        assert (call.action.by.uid, call.action.for_.uid) == ("superhero10", "superhero1")


def table_of(text, section):
    """The object of which the table in a section of a page names every value."""
    rows = re.split("<span |</Accordion", text.partition(f'<span id="{section}"')[2])[0]
    found = {}
    row = r"^ *\| `(\w+)` *\|[^|\n]*\|[^|\n]*\| *(.+?) *\|$"
    for name, sample in re.findall(row, rows, re.MULTILINE):
        try:
            found[name] = orjson.loads(sample.strip("`"))
        except orjson.JSONDecodeError:
            found[name] = sample
    return found


@pytest.mark.skipif(
    not list(TEXTS.glob("001_*.txt")), reason=f"no page on interactive messages in {TEXTS}"
)
class TestInteractiveMessage:
    @staticmethod
    def response():
        (path,) = TEXTS.glob("001_*.txt")
        text = path.read_text()
        return table_of(text, "send-interactive-message-object") | {
            "sender": table_of(text, "send-interactive-sender-object"),
            "receiver": table_of(text, "send-interactive-receiver-object"),
            "interactiveData": orjson.loads(
                (FOLDER / "interactive-form-interactiveData-seed001.json").read_bytes()
            ),
        }

    def test_the_tables_are_read(self):
        """All twenty-eight rows, and twelve of each user."""
        response = self.response()
        assert len(response) == 28
        assert (len(response["sender"]), len(response["receiver"])) == (12, 12)

    def test_is_loaded_without_drift_and_reads_right(self):
        """With 0 and null for what never was."""
        event = sent(self.response())
        message = event.message
        assert (message.id, message.category, message.type) == ("501", "interactive", "form")
        assert (message.sender.uid, message.sender.name) == (ONE, "Andrew Joseph")
        assert (message.receiver.uid, message.receiver.name) == ("cometchat-uid-3", "Kevin Hart")
        assert message.conversation_id == event.conversation_id == f"{ONE}_user_cometchat-uid-3"
        assert (message.sent_at.timestamp(), message.updated_at.timestamp()) == (
            1745554729,
            1745554729,
        )
        assert [element["elementId"] for element in message.interactive_data["formFields"]] == [
            "name",
            "age",
            "checkBox1",
            "gender",
        ]
        never = (message.read_at, message.delivered_at, message.edited_at, message.deleted_at)
        nobody = (
            message.edited_by,
            message.deleted_by,
            message.parent_id,
            message.quoted_message_id,
        )
        assert {*never, *nobody} == {None}
        assert (message.tags, message.metadata, message.reply_count) == ((), {}, 0)
        assert (message.sender.has_blocked_me, message.sender.blocked_by_me) == (False, False)
        assert message.sender.last_active_at.timestamp() == 1745554700
