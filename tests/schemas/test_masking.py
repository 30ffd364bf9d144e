"""Bodies as they may be shown, and as they may be given away."""

import copy
import json
import time

import pytest

from comethooks.schemas import ReadOnlyDict, masked, parse, redacted
from comethooks.schemas.masking import MASK, secret_keys
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.texts import without_secrets
from tests.bodies import NAMES, body, changed, dump
from tests.looped import looped
from tests.schemas.samples import EVERY_PLACE, KNOWN, SAMPLES, Place, objects, places, put

SECRET = "planted-secret-5f1c"
PRIVATE = "planted-private-77aa"
SIGNED = [
    f"https://files-eu.cometchat.io/a/crane.jpg?fat={SECRET}",
    f"https://bucket.example/a?X-Amz-Expires=5&X-Amz-Signature={SECRET}&x=1",
    f"https://bucket.example/a?X-Amz-Credential={SECRET}",
    f"https://bucket.example/a?X-Amz-Security-Token={SECRET}#top",
    f"https://cdn.example/a?Expires=5&Signature={SECRET}~&Policy={SECRET}",
    f"look at https://files-eu.cometchat.io/a?fat={SECRET} please",
]


class TestKeys:
    @looped(
        "key",
        [
            "authToken",
            "auth_token",
            "AUTHTOKEN",
            "password",
            "secret",
            "apiKey",
            "api-key",
            "apikey",
            "clientSecret",
            "token",
            "accessToken",
            "Authorization",
            "signature",
        ],
    )
    @looped("value", ["tok-1", 5, {"a": "tok-1"}, ["tok-1"]], ids=repr)
    def test_secrets_are_replaced_whatever_they_are(self, key, value):
        """Also what merely sounds like one."""
        assert masked({"data": [{key: value}]}) == {"data": [{key: "***"}]}

    @pytest.mark.parametrize(
        "key", ["uid", "name", "tokens", "passwordless", "text", "secretary", ""]
    )
    def test_other_keys_are_kept(self, key):
        """What is shown has to be of use."""
        assert masked({key: "tok-1"}) == {key: "tok-1"}

    @pytest.mark.parametrize("value", [None, ""])
    def test_a_secret_that_is_not_there_is_not_made_up(self, value):
        """So that one sees whether there is one."""
        assert masked({"password": value}) == {"password": value}

    def test_what_the_schemas_mark_is_masked_wherever_it_stands(self):
        """Users have one, groups have one, calls have one, and so have devices that get pushes."""
        assert secret_keys() == {"authToken", "password", "secret", "token"}
        for key in secret_keys():
            assert masked({"any": {"where": {key: SECRET}}}) == {"any": {"where": {key: "***"}}}


class TestUrls:
    @pytest.mark.parametrize(
        "url, shown",
        [
            ("https://f.example/a?fat=x.y.z", "https://f.example/a?fat=***"),
            (
                "https://f.example/a?w=1&Signature=Zm9v~&Expires=5",
                "https://f.example/a?w=1&Signature=***&Expires=5",
            ),
            (
                "https://f.example/a?X-Amz-Security-Token=a%2Fb#top",
                "https://f.example/a?X-Amz-Security-Token=***#top",
            ),
            ("https://f.example/#access_token=abc", "https://f.example/#access_token=***"),
            (
                "see https://f.example/a?token=abc, please",
                "see https://f.example/a?token=*** please",
            ),
            ("https://f.example/a?page=2&q=token", "https://f.example/a?page=2&q=token"),
            ("1 + 1 = 2", "1 + 1 = 2"),
        ],
    )
    def test_signatures_and_tokens_are_replaced(self, url, shown):
        """And the rest of the address is kept."""
        assert masked({"url": url}) == {"url": shown}

    @pytest.mark.parametrize(
        "text", ["?" * 2**20 + "=", "?a" * 2**19 + "=", "?token" * 2**17, "a" * 2**20 + "="]
    )
    def test_no_text_takes_long(self, text):
        """A body may be a mebibyte."""
        start = time.process_time()
        masked({"text": text})
        assert time.process_time() - start < 2


def planted(sample):
    """A body with a secret under every secret key of every object, known or not, and in every
    string.
    """
    for place in list(objects(sample)):
        for key in (*secret_keys(), "apiKey", "x-auth-token"):
            sample = put(sample, (*place.steps, key), SECRET)
        sample = put(sample, (*place.steps, "wsChannel"), {"identity": "i", "secret": SECRET})
        sample = put(sample, (*place.steps, "unheardOf"), {"authToken": [SECRET], "urls": SIGNED})
    for number, place in enumerate(list(places(sample))):
        if isinstance(place.value, str) and place.value != SECRET and place.dotted != "trigger":
            sample = put(sample, place.steps, SIGNED[number % len(SIGNED)])
    return sample


class TestPlanted:
    @looped("name", EVERY_PLACE)
    def test_no_secret_is_in_what_may_be_shown(self, name):
        """Neither at a place that the schemas mark, nor in a query, nor where nobody knows
        anything.
        """
        sample = planted(SAMPLES[name])
        assert dump(sample).count(SECRET.encode()) > 10
        assert SECRET not in repr(masked(sample))
        assert SECRET not in repr(redacted(sample))

    @looped("name", EVERY_PLACE)
    def test_nothing_else_is_masked(self, name):
        """What may be shown says all the rest."""
        shown = masked(SAMPLES[name])
        for place in places(SAMPLES[name]):
            value: object = shown
            for step in place.steps:
                value = value[step]  # type: ignore[index]
                if value == "***":
                    assert place.steps[-1] in secret_keys() | {"Authorization"}
                    break
            else:
                if isinstance(place.value, str) and "?" not in place.value:
                    assert value == place.value

    def test_a_body_of_an_sdk_loses_its_tokens_and_nothing_else(self):
        """They carry whole users."""
        shown = masked(body("message_sent_sdk"))
        assert "tok-" not in repr(shown)
        assert shown["data"]["message"]["sender"]["uid"] == "harbor-ada"


class TestCopy:
    @looped("make", [masked, redacted])
    @looped("name", NAMES)
    def test_the_original_stays_as_it_is(self, name, make):
        """What is kept is what came."""
        original = body(name)
        kept = copy.deepcopy(original)
        make(original)
        assert original == kept

    @looped("name", NAMES)
    def test_takes_the_payload_of_an_event(self, name):
        """Which is a view of a body."""
        assert masked(ReadOnlyDict(body(name))) == masked(body(name))
        assert redacted(ReadOnlyDict(body(name))) == redacted(body(name))

    def test_is_cut_off_deeper_than_a_hundred_levels(self):
        """Nobody looks that deep, and a decoder follows further than Python does."""
        deep: object = "leaf"
        for _ in range(1000):
            deep = {"a": [deep]}
        shown, levels = masked(deep), 0
        while isinstance(shown, dict | list):
            shown, levels = (shown["a"] if isinstance(shown, dict) else shown[0]), levels + 1
        assert (shown, levels) == ("...", 100)

    @pytest.mark.parametrize("value", [None, 5, "text", True, 2**70, "\ud83d"])
    def test_what_is_no_container_is_itself(self, value):
        """There is no key to tell by."""
        assert masked(value) == value


PERSONAL = (
    *("text", "caption", "message", "name", "email", "avatar", "icon", "link", "statusMessage"),
    *(
        "description",
        "url",
        "file",
        "recording_url",
        "transcript_url",
        "alternativeText",
        "responseBody",
    ),
)
"""The keys of strings about people, or by them."""
NOT_PERSONAL = (
    *(
        "uid",
        "guid",
        "id",
        "messageId",
        "muid",
        "conversationId",
        "sessionId",
        "campaignId",
        "elementId",
    ),
    *("sender", "receiver", "owner", "by", "updatedBy", "editedBy", "deletedBy", "receiverType"),
    *(
        "category",
        "type",
        "entityType",
        "action",
        "status",
        "role",
        "scope",
        "oldScope",
        "platform",
    ),
    *(
        "sentAt",
        "updatedAt",
        "editedAt",
        "deletedAt",
        "timestamp",
        "joined_at",
        "createdAt",
        "lastActiveAt",
    ),
    *(
        "membersCount",
        "size",
        "duration",
        "mimeType",
        "extension",
        "reaction",
        "subType",
        "trigger",
    ),
)


def is_personal(place: Place) -> bool:
    """Whether it is about a person; names of campaigns, rules and tools are not, nor is the
    engine's address.
    """
    if place.steps[-1] not in PERSONAL or not isinstance(place.value, str):
        return False
    of_campaign = place.dotted == "data.name"
    return not of_campaign and not {"rule", "request", "function"} & set(place.steps)


class TestRedacted:
    @looped("name", EVERY_PLACE)
    def test_lets_nothing_personal_through(self, name):
        """No text, name, e-mail or avatar, no address of media, no custom data, no metadata."""
        sample = SAMPLES[name]
        for place in list(places(sample)):
            if is_personal(place):
                sample = put(sample, place.steps, PRIVATE)
            elif place.steps[-1] in (
                "metadata",
                "customData",
                "interactiveData",
                "content",
                "variables",
            ):
                sample = put(
                    sample, place.steps, {PRIVATE: [PRIVATE, {"a": PRIVATE}], "latitude": 59.123}
                )
        for place in list(objects(sample)):
            sample = put(sample, (*place.steps, "unheardOf"), {PRIVATE: PRIVATE, "more": [PRIVATE]})
        shown = repr(redacted(sample))
        assert PRIVATE not in shown
        assert "59.123" not in shown

    @looped("name", [name for name in EVERY_PLACE if name in KNOWN])
    def test_keeps_ids_times_and_kinds(self, name):
        """So that what remains still tells what happened when, and to whom."""
        shown = redacted(SAMPLES[name])
        for place in places(SAMPLES[name]):
            if place.steps[-1] not in NOT_PERSONAL or isinstance(place.value, dict | list):
                continue
            if place.steps[0] == "data" and SAMPLES[name]["trigger"] in (
                *("push-notification-payload-generated", "ui_message_interacted"),
                *("email-notification-payload-generated", "sms-notification-payload-generated"),
            ):
                continue
            value: object = shown
            for step in place.steps:
                value = value[step]  # type: ignore[index]
            assert value == place.value, place.dotted

    @looped("name", KNOWN)
    def test_what_remains_is_the_same_event(self, name):
        """Accepted, in the same conversation, by the same sender, at the same time, without
        drift.
        """
        sample, shown = SAMPLES[name], redacted(SAMPLES[name])
        before, after = parse(sample, dump(sample)), parse(shown, dump(shown))
        assert (after.name, after.conversation_id, after.sender, after.occurred_at, after.key) == (
            before.name,
            before.conversation_id,
            before.sender,
            before.occurred_at,
            before.key,
        )
        assert after.drift == ()

    @pytest.mark.parametrize("value", [PRIVATE, [PRIVATE], {"a": PRIVATE}, [{"a": PRIVATE}]])
    @pytest.mark.parametrize(
        "path",
        [
            "sentAt",
            "replyCount",
            "data.entities",
            "data.attachments",
            "data.entities.sender.entity",
        ],
    )
    def test_what_is_of_a_wrong_type_is_not_let_through(self, path, value):
        """Nobody knows what it is."""
        sample = changed(body("message_sent_text"), f"data.message.{path}", value)
        assert PRIVATE not in repr(redacted(sample))

    def test_an_unknown_trigger_keeps_its_envelope(self):
        """And, when it has a message, what is known of that."""
        shown = redacted(
            {"trigger": "sung", "appId": "a", "data": {"song": PRIVATE}, "later": PRIVATE}
        )
        assert shown == {"trigger": "sung", "appId": "a", "data": {}, "later": "***"}
        sample = changed(body("message_sent_text"), "trigger", "message_sung")
        assert redacted(sample)["data"]["message"]["id"] == "4102"
        assert redacted(sample)["data"]["message"]["data"]["text"] == "***"

    def test_takes_any_depth(self):
        """A message may quote one that quotes one."""
        deep: dict = {"text": PRIVATE}
        for _ in range(300):
            deep = {"quotedMessage": deep}
        sample = changed(body("message_sent_text"), "data.message.quotedMessage", deep)
        assert PRIVATE not in repr(redacted(sample))


TOKEN = mint(
    [InteractionKey("k1", b"a-key-of-the-test")],
    InteractionToken(app="2345", muid="m", element="x"),
)


class TestTokens:
    @pytest.mark.parametrize(
        "text",
        [
            TOKEN,
            f"see {TOKEN}.",
            f"https://chat.example.com/interactions/{TOKEN}",
            f"https://chat.example.com/interactions/{TOKEN[:-20]}",
            f"https:\\/\\/chat.example.com\\/interactions\\/{TOKEN}",
            f"https%3A%2F%2Fchat.example.com%2Finteractions%2F{TOKEN}",
            f"POST /api/interactions/{TOKEN} is not routed",
            json.dumps(f"/interactions/{TOKEN}"),
        ],
    )
    def test_the_token_of_a_url_of_ours_is_masked_wherever_it_stands(self, text: str) -> None:
        """Also one that is cut off, or written as another format writes it."""
        shown = masked({"a": [text], text: 1})
        assert TOKEN[:30] not in f"{shown} {without_secrets(text)}"
        assert MASK in without_secrets(text)

    @pytest.mark.parametrize(
        "text",
        [
            "https://data-eu.cometchat.io/assets/images/avatars/crane.png",
            "https://example.com/interactions/57",
            "a.b.c",
            "one. two. three.",
            "3.141592653589793.238462643",
        ],
    )
    def test_what_is_no_token_stays(self, text: str) -> None:
        assert masked(text) == text

    def test_a_path_of_drift_names_none(self) -> None:
        sample = body("message_sent_text") | {f"https://x/interactions/{TOKEN}": 1}
        [found] = parse(sample, dump(sample)).drift
        assert found.path == "https://x/interactions/***"

    @pytest.mark.parametrize(
        "entered, shown",
        [
            (
                {"name": "Ada", "days": ["sat"], "age": "", "n": 7},
                {"name": "***", "days": [], "age": "", "n": None},
            ),
            (
                [{"elementId": "name", "value": "Ada", "label": "Your name"}],
                [{"elementId": "name", "value": "***", "label": "***"}],
            ),
        ],
        ids=["an object", "a list"],
    )
    def test_of_a_press_stays_who_pressed_what_and_not_what_was_entered(self, entered, shown):
        """The name of who wrote the message is none of its ids: Android has it under `sender`."""
        kept = {
            "conversationId": "ada_user_ben",
            "receiverType": "user",
            "messageCategory": "interactive",
            "messageType": "form",
            "messageId": 57,
            "interactionTimezoneCode": "Europe/Berlin",
            "interactedBy": "ben",
            "interactedElementId": "submit",
            "schedulerData": {"duration": 30, "meetStartAt": 1_760_000_000},
        }
        around = {"trigger": "ui_message_interacted", "appID": "app1", "region": "eu"}
        body = {
            **around,
            "payload": {"a": "b"},
            "data": {**kept, "sender": "Ada L.", "receiver": "ben", "formData": entered},
        }
        assert redacted(body) == {
            **around,
            "payload": {},
            "data": {**kept, "sender": "***", "receiver": "***", "formData": shown},
        }

    def test_so_it_does_of_a_press_of_react_native(self):
        """Which has its answers at the top."""
        body = {
            "trigger": "ui_message_interacted",
            "CometChatData": {"name": "Ada"},
            "cometchatSenderUid": "ben",
        }
        assert redacted(body) == {**body, "CometChatData": {"name": "***"}}
