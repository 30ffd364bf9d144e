"""What cards say and do, and what agents say."""

import pytest

from comethooks.schemas import parse
from tests.bodies import changed, without
from tests.schemas.samples import SAMPLES, event_of

CARD = SAMPLES["message_sent card-builder"]
AGENT = SAMPLES["message_sent agentic"]
DATA = "data.message.data"


def drawn(*body: object, **others: object):
    """The card of an event whose message has this one."""
    return event_of(changed(CARD, f"{DATA}.card", {"body": list(body), **others})).card


class TestText:
    def test_is_its_preview(self):
        """Which conversations list."""
        message = event_of(CARD).message
        assert (message.category, message.text) == ("card", "Your ferry leaves at 08:10.")

    @pytest.mark.parametrize("text", [None, "", 5])
    def test_without_a_preview_is_the_fallback(self, text):
        """What a client shows that cannot draw a card."""
        message = event_of(changed(CARD, f"{DATA}.text", text)).message
        assert message.text == "Ferry 7 leaves pier 2 at 08:10."

    @pytest.mark.parametrize("card", [None, [], "a", {}, {"fallbackText": 5}])
    def test_may_be_empty(self, card):
        """And no error."""
        assert (
            event_of(changed(without(CARD, f"{DATA}.text"), f"{DATA}.card", card)).message.text
            == ""
        )

    def test_may_stand_at_the_top(self):
        """Objects of the SDKs have it there."""
        bare = without(CARD, DATA)
        card = CARD["data"]["message"]["data"]["card"]
        event = event_of(changed(bare, "data.message.card", card))
        assert event.message.text == event.card.fallback == "Ferry 7 leaves pier 2 at 08:10."


class TestCard:
    def test_elements_are_in_reading_order_with_those_in_others(self):
        """What contains others comes before them; a tab itself is no element."""
        card = event_of(CARD).card
        assert card.version == "1.0"
        assert [(each.id, each.type) for each in card.elements] == [
            ("title", "text"),
            ("where", "row"),
            ("pier", "badge"),
            ("map", "button"),
            ("board", "button"),
            ("more", "tabs"),
            ("stops", "table"),
            ("sea", "markdown"),
        ]

    def test_a_reader_sees_the_preview_first(self):
        """Then whatever is written on it, in any kind of element."""
        assert event_of(CARD).card.texts() == (
            "Your ferry leaves at 08:10.",
            "Ferry 7",
            "Pier 2",
            "Show me the way",
            "I am on board",
            "Stops",
            *("Stop", "At", "Old town", "08:30", "Lighthouse", "08:55"),
            "Weather",
            "A **calm** sea.",
        )

    def test_a_header_is_read_before_what_it_folds_away(self):
        """What is folded away can be read, too."""
        inner = {"id": "b", "type": "text", "content": "inside"}
        card = drawn({"id": "a", "type": "accordion", "header": "outside", "body": [inner]})
        assert card.texts()[1:] == ("outside", "inside")

    def test_actions_are_found_by_the_element_that_is_pressed(self):
        """An `apiCall` is a POST unless it says otherwise."""
        actions = event_of(CARD).card.actions
        assert {name: action.type for name, action in actions.items()} == {
            "map": "openUrl",
            "board": "apiCall",
        }
        assert (actions["map"].url, actions["map"].method) == ("https://example.org/piers/2", None)
        assert actions["board"].method == "POST"

    def test_what_an_action_holds_beyond_that_is_in_its_data(self):
        """As its type has it."""
        call = {"type": "initiateCall", "callType": "video", "uid": "ada"}
        card = drawn({"id": "a", "type": "chip", "text": "Call", "action": call})
        assert card.actions["a"].data == call
        card = drawn({"id": "a", "type": "link", "action": {"type": "apiCall", "method": "put"}})
        assert card.actions["a"].method == "PUT"

    def test_of_two_elements_with_one_id_the_first_is_meant(self):
        """CometChat forbids it, and nobody checks."""
        first, second = ({"type": "openUrl", "url": url} for url in ("1", "2"))
        card = drawn(
            {"id": "a", "type": "button", "action": first},
            {"id": "a", "type": "button", "action": second},
        )
        assert card.actions["a"].url == "1"

    def test_a_type_that_nobody_knows_is_kept(self):
        """With what it says and holds."""
        inner = {"id": "b", "type": "text", "content": "Tea"}
        card = drawn({"id": "a", "type": "carousel", "items": [inner], "label": "Menu"})
        assert [each.type for each in card.elements] == ["carousel", "text"]
        assert card.elements[0].texts == ("Menu",)
        assert card.elements[0].data["items"] == [inner]

    @pytest.mark.parametrize(
        "body", [None, {}, "a", [None, 1, []], [{"items": "a", "rows": 5}], [{"rows": [1, [None]]}]]
    )
    def test_what_is_no_card_is_an_empty_one(self, body):
        """And no error."""
        card = event_of(changed(CARD, f"{DATA}.card", {"body": body})).card
        assert (card.version, card.fallback, card.elements, card.actions) == (None, "", (), {})
        assert card.texts() == ("Your ferry leaves at 08:10.",)

    def test_elements_may_be_within_one_another_as_deep_as_somebody_likes(self):
        """The outer fifty levels are read."""
        element: dict[str, object] = {"id": "x", "type": "text", "content": "deep"}
        for _ in range(100):
            element = {"id": "x", "type": "row", "items": [element]}
        assert len(drawn(element).elements) == 50

    def test_only_a_message_of_that_category_has_one(self):
        """A card of category `interactive` is another thing, see `event.interactive`."""
        assert event_of(SAMPLES["message_sent card"]).card is None
        assert event_of(SAMPLES["user_blocked usual"]).card is None

    @pytest.mark.parametrize("kind", ["card-builder", "agentic"])
    def test_the_schemas_know_all_of_it(self, kind):
        """No drift."""
        body = SAMPLES[f"message_sent {kind}"]
        assert parse(body, b"").drift == ()

    def test_the_type_may_be_one_of_the_apps_own(self):
        """Who makes a card chooses it."""
        body = changed(CARD, "data.message.type", "order_status")
        assert event_of(body).card.version == "1.0"
        assert parse(body, b"").drift == ()


class TestAgent:
    def test_what_it_says_is_the_text(self):
        """And not what is drawn, which says it again."""
        said = AGENT["data"]["message"]["data"]["text"]
        assert event_of(AGENT).message.text == said

    def test_without_a_text_its_elements_are(self):
        """Texts and cards, in their order."""
        said = AGENT["data"]["message"]["data"]["text"]
        message = event_of(without(AGENT, f"{DATA}.text")).message
        assert message.text == f"{said}\nFerry 7, 08:10, pier 2"

    def test_its_elements_are_texts_and_cards(self):
        """Each is one of them."""
        said = AGENT["data"]["message"]["data"]["text"]
        text, card = event_of(AGENT).message.elements
        assert (text.type, text.text, text.card) == ("text", said, None)
        assert (card.type, card.text) == ("card", "")
        assert card.card.texts() == ("Ferry 7, 08:10, pier 2",)

    def test_it_says_in_which_run_and_thread_it_was_written(self):
        """As text, whatever the body has."""
        message = event_of(AGENT).message
        assert message.run_id == "1204"
        assert message.thread_id == AGENT["data"]["message"]["data"]["threadId"]

    def test_other_messages_have_neither(self):
        """Nor elements."""
        message = event_of(SAMPLES["message_sent text"]).message
        assert (message.elements, message.run_id, message.thread_id) == ((), None, None)

    def test_a_call_of_a_tool_has_no_text(self):
        """What it was called with is in `event.message.data`."""
        event = event_of(SAMPLES["message_sent tool-call"])
        assert (event.message.text, event.name) == ("", "agent.tool_call")
        assert event.message.data["toolCalls"][0]["function"]["name"] == "timetable"
