"""Forms, cards and schedulers that handlers send: what is checked before, and which buttons call
us.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from comethooks.schemas import Event, Message
from comethooks.schemas.wire.interactions import press_in
from comethooks.workers.cometchat.api_errors import NotSendableError
from comethooks.workers.journal import RunResult
from comethooks.workers.presses.tokens import PATH, InteractionToken, verify
from comethooks.workers.states import RunState
from tests.cometchat import APP, CometChat
from tests.workers.cometchat.conftest import KEYS, PUBLIC_URL, Run

FORM: dict[str, Any] = {
    "title": "Where to?",
    "formFields": [
        {"elementType": "textInput", "elementId": "name", "label": "Name", "optional": False},
        {
            "elementType": "dropdown",
            "elementId": "pier",
            "label": "Pier",
            "options": [{"label": "One", "value": "1"}, {"label": "Two", "value": "2"}],
        },
    ],
    "submitElement": {"elementType": "button", "elementId": "book", "buttonText": "Book"},
}
BUTTONS: dict[str, Any] = {
    "text": "Well?",
    "cardActions": [
        {"elementType": "button", "elementId": "yes", "buttonText": "Yes"},
        {
            "elementType": "button",
            "elementId": "no",
            "buttonText": "No",
            "action": {"actionType": "apiAction", "method": "PUT", "payload": {"a": 1}},
        },
        {
            "elementType": "button",
            "elementId": "site",
            "buttonText": "Read",
            "action": {"actionType": "urlNavigation", "url": "https://example.com"},
        },
    ],
}
SCHEDULER: dict[str, Any] = {
    "title": "Meet",
    "duration": 30,
    "scheduleElement": {"elementType": "button", "elementId": "meet", "buttonText": "Meet"},
}
CARD: dict[str, Any] = {
    "fallbackText": "Ferry 7 leaves at 08:10.",
    "body": [
        {"id": "title", "type": "text", "content": "Ferry 7"},
        {
            "id": "row",
            "type": "row",
            "items": [
                {"id": "board", "type": "button", "label": "I am on board"},
                {
                    "id": "late",
                    "type": "iconButton",
                    "action": {"type": "apiCall", "method": "PUT", "body": {"order": 7}},
                },
                {
                    "id": "map",
                    "type": "button",
                    "label": "Map",
                    "action": {"type": "openUrl", "url": "https://example.com"},
                },
            ],
        },
        {
            "id": "more",
            "type": "tabs",
            "tabs": [{"label": "Stops", "content": [{"id": "no", "type": "button", "label": "x"}]}],
        },
    ],
}


def send_form(form: Any = FORM, **options: Any) -> Callable[[Event, Any], Message]:
    return lambda event, ctx: ctx.cometchat.send_interactive("ada", "user", "form", form, **options)


def send_card(card: Any = CARD, **options: Any) -> Callable[[Event, Any], Message]:
    return lambda event, ctx: ctx.cometchat.send_card("ada", "user", card, **options)


def problems_of(run: Run, send: Callable[[Event, Any], Message]) -> list[str]:
    """What the error of a message says that cannot be sent; none when it was."""
    caught: list[str] = []

    def try_it(event: Event, ctx: Any) -> None:
        try:
            send(event, ctx)
        except NotSendableError as error:
            caught.extend(error.problems)

    assert run(try_it).state is RunState.DONE
    return caught


def changed(document: dict[str, Any], path: str, value: Any = None) -> dict[str, Any]:
    """A copy of `document` with another value at a path, or nothing there."""
    whole: Any = copy.deepcopy(document)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder = whole
    for step in steps:
        holder = holder[step]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return whole


def token_in(url: str) -> InteractionToken:
    assert url.startswith(PUBLIC_URL + PATH)
    return verify(KEYS, url.removeprefix(PUBLIC_URL + PATH), 0)


class TestInteractive:
    def test_a_form_is_sent_with_its_goal(self, run: Run, server: CometChat) -> None:
        """As the documentation writes it, whatever case the goal was written in."""
        assert (
            run(
                send_form(
                    goal="ALL_OF",
                    element_ids=["name", "book"],
                    allow_sender_interaction=True,
                    as_user="bot",
                    tags=["booking"],
                    metadata={"order": 7},
                )
            ).state
            is RunState.DONE
        )
        [sent] = server.chat.sent
        message = sent.message
        assert (message.category, message.type, sent.as_user) == ("interactive", "form", "bot")
        assert message.data["interactionGoal"] == {
            "type": "allOf",
            "elementIds": ["name", "book"],
        }
        assert message.data["allowSenderInteraction"] is True
        assert (message.tags, message.metadata["order"]) == (("booking",), 7)
        assert message.interactive_data["formFields"] == FORM["formFields"]

    def test_without_one_it_is_never_complete(self, run: Run, server: CometChat) -> None:
        run(send_form())
        goal = server.chat.sent[0].message.data["interactionGoal"]
        assert goal == {"type": "none", "elementIds": []}

    def test_a_button_without_a_url_calls_us(self, run: Run, server: CometChat) -> None:
        """With a token of the message, which has no id yet, and of the element. What else the
        action says stays, and so does an action that goes elsewhere.
        """

        def send(event: Event, ctx: Any) -> None:
            for kind, content in (("card", BUTTONS), ("scheduler", SCHEDULER)):
                ctx.cometchat.send_interactive("crew", "group", kind, content, muid=f"m-{kind}")

        assert run(send).state is RunState.DONE
        card, scheduler = (sent.message.interactive_data for sent in server.chat.sent)
        yes, no, site = (each["action"] for each in card["cardActions"])
        assert (yes["actionType"], yes["method"]) == ("apiAction", "POST")
        assert (no["method"], no["payload"]) == ("PUT", {"a": 1})
        assert site == BUTTONS["cardActions"][2]["action"]
        assert [token_in(each["url"]) for each in (yes, no)] == [
            InteractionToken(app=APP, muid="m-card", element=element) for element in ("yes", "no")
        ]
        meet = token_in(scheduler["scheduleElement"]["action"]["url"])
        assert (meet.muid, meet.element) == ("m-scheduler", "meet")

    def test_every_attempt_gives_a_button_the_same_address(
        self, run: Run, server: CometChat
    ) -> None:
        """And what the author wrote down stays as it is."""
        before = json.dumps(FORM)
        run(send_form(), attempt=1)
        run(send_form(), attempt=2)
        first, second = (sent.wire for sent in server.chat.sent)
        assert first["data"] == second["data"]
        assert first["muid"] == second["muid"]
        assert json.dumps(FORM) == before

    @pytest.mark.parametrize(
        ("path", "value", "problem"),
        [
            ("title", None, "title: Missing data for required field."),
            ("formFields", [], "formFields: Nothing is in it."),
            ("formFields", {}, "formFields: Not a list."),
            ("formFields.0", 7, "formFields[0]: Invalid input type."),
            ("formFields.1.elementId", None, "formFields[1].elementId: Missing data for"),
            ("formFields.1.elementType", 7, "formFields[1].elementType: Not a non-empty string."),
            ("formFields.1.options", None, "formFields[1].options: Missing data for"),
            ("formFields.1.options.1.value", None, "formFields[1].options[1].value: Missing"),
            ("formFields.1.elementId", "name", ": 2 elements have the id 'name'"),
            ("submitElement", None, "submitElement: Missing data for required field."),
            ("submitElement.buttonText", None, "submitElement.buttonText: Missing data for"),
            ("submitElement.action", 7, "submitElement.action: Invalid input type."),
            (
                "submitElement.action",
                {"actionType": "urlNavigation"},
                "submitElement.action.url: Missing data for required field.",
            ),
            (
                "submitElement.action",
                {"actionType": "apiAction", "headers": "x"},
                "submitElement.action.headers: Not a valid mapping type.",
            ),
        ],
    )
    def test_a_form_that_kits_do_not_draw_is_not_sent(
        self, run: Run, server: CometChat, path: str, value: Any, problem: str
    ) -> None:
        """The error has the path of what is wrong."""
        [line] = problems_of(run, send_form(changed(FORM, path, value)))
        prefix = "data.interactiveData"
        assert line.startswith(prefix + ("" if problem.startswith(":") else ".") + problem)
        assert server.calls == []

    @pytest.mark.parametrize(
        ("goal", "ids", "problem"),
        [
            ("most", [], "type: None of anyAction, anyOf, allOf, none."),
            (7, [], "type: Not a non-empty string."),
            ("anyOf", [], "elementIds: Nothing is in it, and so anyOf is never met."),
            ("allOf", ["name", "nmae"], "elementIds[1]: No element has this id: 'nmae'"),
            ("allOf", "name", "elementIds: Not a valid list."),
        ],
    )
    def test_a_goal_that_cannot_be_met_is_not_sent(
        self, run: Run, server: CometChat, goal: Any, ids: Any, problem: str
    ) -> None:
        lines = problems_of(run, send_form(goal=goal, element_ids=ids))
        assert f"data.interactionGoal.{problem}" in lines
        assert server.calls == []

    def test_all_that_is_wrong_is_said_at_once(self, run: Run) -> None:
        form = changed(changed(FORM, "title"), "submitElement.buttonText")
        lines = problems_of(run, send_form(form, goal="most"))
        assert [line.split(":")[0] for line in lines] == [
            "data.interactiveData.title",
            "data.interactiveData.submitElement.buttonText",
            "data.interactionGoal.type",
        ]

    @pytest.mark.parametrize("content", [7, [], "form", None])
    def test_what_is_no_object_is_no_form(self, run: Run, content: Any) -> None:
        assert problems_of(run, send_form(content)) == ["data.interactiveData: Invalid input type."]

    def test_an_apps_own_kind_may_look_however_it_likes(self, run: Run, server: CometChat) -> None:
        """Its buttons, wherever they are, call us all the same."""
        content = {"deep": [{"elementType": "Button", "elementId": "go"}], "other": None}
        run(lambda event, ctx: ctx.cometchat.send_interactive("ada", "user", "quiz", content))
        [sent] = server.chat.sent
        url = sent.message.interactive_data["deep"][0]["action"]["url"]
        assert token_in(url).element == "go"

    def test_with_its_addresses_it_may_be_too_large(self, run: Run, server: CometChat) -> None:
        """CometChat would refuse it."""
        form = changed(FORM, "title", "x" * 9_700)
        [line] = problems_of(run, send_form(form))
        assert line.startswith("data: has 10")
        assert server.calls == []

    def test_a_token_that_would_be_too_long_is_told_of_its_button(self, run: Run) -> None:
        form = changed(FORM, "submitElement.elementId", "x" * 150)
        [line, *_] = problems_of(run, send_form(form))
        assert line.startswith("data.interactiveData: the button 'xxx")
        assert "use a shorter muid or element id" in line

    def test_what_an_event_holds_can_be_sent_on(self, run: Run, server: CometChat) -> None:
        """As a read-only view gives it."""
        server.chat.has_message({"id": "7", "data": {"interactiveData": FORM}})

        def forward(event: Event, ctx: Any) -> None:
            found = ctx.cometchat.message("7").interactive_data
            ctx.cometchat.send_interactive("ben", "user", "form", found)

        assert run(forward).state is RunState.DONE
        assert server.chat.sent[0].message.interactive_data["title"] == FORM["title"]


class TestCard:
    def test_a_card_is_sent_with_its_preview(self, run: Run, server: CometChat) -> None:
        """Its own text for who cannot draw it, unless another is given."""
        run(send_card())
        run(send_card(text="Ferry!"))
        first, second = (sent.message for sent in server.chat.sent)
        assert (first.category, first.type) == ("card", "text")
        assert (first.text, second.text) == (CARD["fallbackText"], "Ferry!")
        assert first.data["card"]["version"] == "1.0"

    def test_an_element_without_a_url_says_what_to_send_us(
        self, run: Run, server: CometChat
    ) -> None:
        """The press goes to the app's own code, which adds who pressed, and posts it."""
        run(send_card(muid="m1", as_user="bot"))
        [sent] = server.chat.sent
        _, row, tabs = sent.message.data["card"]["body"]
        board, late, site = (each["action"] for each in row["items"])
        nested = tabs["tabs"][0]["content"][0]["action"]
        assert site == CARD["body"][1]["items"][2]["action"]
        assert token_in(board["url"]) == InteractionToken(app=APP, muid="m1", element="board")
        assert token_in(nested["url"]).element == "no"
        assert (board["type"], board["method"], late["method"]) == ("apiCall", "POST", "PUT")
        assert board["headers"] == {"Content-Type": "application/json"}
        assert late["body"]["payload"] == {"order": 7}

        body = board["body"].copy()
        body["data"] = {**body["data"], "interactedBy": "ada", "messageId": 1001}
        press = press_in(body)
        assert (press.app_id, press.message_id, press.element_id, press.user) == (
            APP,
            "1001",
            "board",
            "ada",
        )
        assert press.problems == ()

    @pytest.mark.parametrize(
        ("path", "value", "problem"),
        [
            ("fallbackText", None, "fallbackText: Missing data for required field."),
            ("body", [], "body: Nothing is in it."),
            ("body", "x", "body: Not a list."),
            ("body.0.id", None, "body[0].id: Missing data for required field."),
            ("body.1.items.0.type", None, "body[1].items[0].type: Missing data for required"),
            ("body.1.items.0", 7, "body[1].items[0]: Not an object."),
            ("body.1.items.2.action.url", None, "body[1].items[2].action.url: Missing data for"),
            ("body.1.items.1.action.headers", 7, "body[1].items[1].action.headers: Not a valid"),
            ("body.2.tabs.0.label", None, "body[2].tabs[0].label: Missing data for required"),
            ("body.2.tabs.0.content.0.id", "map", ": 2 elements have the id 'map'"),
        ],
    )
    def test_a_card_that_kits_do_not_draw_is_not_sent(
        self, run: Run, server: CometChat, path: str, value: Any, problem: str
    ) -> None:
        """With the path, also of what lies deeper."""
        [line] = problems_of(run, send_card(changed(CARD, path, value), text="Ferry"))
        prefix = "data.card"
        assert line.startswith(prefix + ("" if problem.startswith(":") else ".") + problem)
        assert server.calls == []

    @pytest.mark.parametrize("card", [7, [], "card", None])
    def test_what_is_no_object_is_no_card(self, run: Run, card: Any) -> None:
        assert problems_of(run, send_card(card)) == ["data.card: Invalid input type."]


def test_a_dry_run_shows_no_token(run: Run, server: CometChat) -> None:
    """Whoever reads one could press."""
    content = {"go": {"elementType": "button", "elementId": "go"}}
    result: RunResult = run(
        lambda event, ctx: ctx.cometchat.send_interactive("ada", "user", "quiz", content),
        dry_run=True,
    )
    [line] = result.effects
    assert line.startswith(f"would POST {server.url}/v3/messages")
    assert f'"url": "{PUBLIC_URL}{PATH}***"' in line
