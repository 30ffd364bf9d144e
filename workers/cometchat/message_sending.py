"""Sending messages: what is given is checked, completed and marked before anything is sent."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from comethooks.schemas import Message
from comethooks.schemas.sending import card_problems, interactive_problems
from comethooks.schemas.wire.interactive import NO_GOAL, goal_type
from comethooks.workers.cometchat.api_errors import NotSendableError
from comethooks.workers.cometchat.buttons import Buttons
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls, uid_segment
from comethooks.workers.cometchat.origin import Origin
from comethooks.workers.cometchat.outgoing import Draft
from comethooks.workers.presses.tokens import InteractionUrls

Fill = Callable[[Mapping[str, Any], Buttons], Iterable[str]]
"""Completes the `data` of a message, and says what is wrong with it."""


class MessageSending:
    """The calls that send messages."""

    _calls: ApiCalls
    _origin: Origin
    _urls: InteractionUrls
    _muids: set[str]

    def send(
        self,
        receiver: str,
        receiver_type: str,
        *,
        text: str | None = None,
        data: Mapping[str, Any] | None = None,
        category: str = "message",
        type: str = "text",
        as_user: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        muid: str | None = None,
    ) -> Message:
        """Send a message to the user or group `receiver`, and give it as CometChat kept it.

        It has `text`, or else the `data` that its category and type are written with. The app
        writes it, or `as_user` the user with that uid. It is marked as the plugin's: on its return
        `event.is_own` is true. Its muid, unless one is given, is made of the event, the handler and
        the message, so that every attempt sends the same under the same one. In a dry run the
        message is what would be sent, without an id.
        """
        draft = Draft(
            receiver=receiver,
            receiver_type=receiver_type,
            category=category,
            type=type,
            data=_content(text, data),
            as_user=as_user,
            tags=tags,
            metadata=metadata or {},
        )
        return self._send(draft, muid)

    def send_as_bot(
        self,
        bot: str,
        receiver: str,
        receiver_type: str,
        *,
        text: str | None = None,
        data: Mapping[str, Any] | None = None,
        category: str = "message",
        type: str = "text",
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        muid: str | None = None,
    ) -> Message:
        """Send a message as the bot with that uid. The rest is as for `send`."""
        draft = Draft(
            receiver=receiver,
            receiver_type=receiver_type,
            category=category,
            type=type,
            data=_content(text, data),
            bot=bot,
            tags=tags,
            metadata=metadata or {},
        )
        return self._send(draft, muid)

    def send_interactive(
        self,
        receiver: str,
        receiver_type: str,
        type: str,
        content: Mapping[str, Any],
        *,
        goal: str = NO_GOAL,
        element_ids: Sequence[str] = (),
        allow_sender_interaction: bool = False,
        as_user: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        muid: str | None = None,
    ) -> Message:
        """Send a message of the category `interactive`, and give it as CometChat kept it.

        `type` is `form`, `card`, `scheduler` or an app's own, and `content` its `interactiveData`.
        The `goal` is `anyAction`, `anyOf`, `allOf` (of `element_ids`) or `none`. Buttons without an
        action, or without a url in it, call this service. The rest is as for `send`.
        """
        draft = Draft(
            receiver=receiver,
            receiver_type=receiver_type,
            category="interactive",
            type=type,
            data={
                "interactiveData": content,
                "interactionGoal": {"type": goal, "elementIds": element_ids},
                "allowSenderInteraction": allow_sender_interaction,
            },
            as_user=as_user,
            tags=tags,
            metadata=metadata or {},
        )

        def fill(data: Mapping[str, Any], buttons: Buttons) -> Iterator[str]:
            yield from buttons.fill(data["interactiveData"])
            yield from interactive_problems(type, data)
            data["interactionGoal"]["type"] = goal_type(goal)

        return self._send(draft, muid, fill)

    def send_card(
        self,
        receiver: str,
        receiver_type: str,
        card: Mapping[str, Any],
        *,
        text: str | None = None,
        as_user: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        muid: str | None = None,
    ) -> Message:
        """Send a message of the category `card`, and give it as CometChat kept it.

        `text` is its preview, by default the card's `fallbackText`. Buttons without an action, and
        `apiCall` actions without a url, call this service, with the body that the app's code is to
        send. The rest is as for `send`.
        """
        written = {"version": "1.0", **card} if isinstance(card, Mapping) else card
        preview = written.get("fallbackText") if text is None and written is not card else text
        draft = Draft(
            receiver=receiver,
            receiver_type=receiver_type,
            category="card",
            type="text",
            data={"text": preview, "card": written},
            as_user=as_user,
            tags=tags,
            metadata=metadata or {},
        )

        def fill(data: Mapping[str, Any], buttons: Buttons) -> Iterator[str]:
            yield from buttons.fill_card(
                data["card"], receiver=receiver, receiver_type=receiver_type
            )
            yield from card_problems(data)

        return self._send(draft, muid, fill)

    def _send(self, draft: Draft, muid: str | None, fill: Fill | None = None) -> Message:
        """Send what `fill` makes of a draft, if it has nothing against that."""
        _require_none(draft.problems())
        draft = draft.copied()
        muid = muid or self._muid_of(draft)
        if fill is not None:
            _require_none(fill(draft.data, Buttons(self._calls.known_app(), muid, self._urls)))
            _require_none(draft.problems())
        body = draft.body(muid, self._origin.plugin)
        if draft.bot is None:
            call = ApiCall("send", "POST", "messages", body, as_user=draft.as_user)
        else:
            path = f"bots/{uid_segment('bot', draft.bot)}/messages"
            call = ApiCall("send_as_bot", "POST", path, body, sender=draft.bot)
        return Message(self._calls.data(call) or body)

    def _muid_of(self, message: Draft) -> str:
        """The same in every attempt. A run that sends the same twice means two messages."""
        number = 0
        while True:
            muid = message.digest(self._origin.event_id, self._origin.handler, number).hex()
            if muid not in self._muids:
                self._muids.add(muid)
                return muid
            number += 1


def _content(text: str | None, data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if (text is None) is (data is None):
        raise NotSendableError(["data: write either text or data"])
    return {"text": text} if data is None else data


def _require_none(problems: Iterable[str]) -> None:
    if found := [*problems]:
        raise NotSendableError(found)
