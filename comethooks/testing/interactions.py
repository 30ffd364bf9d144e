"""Presses on interactive messages in tests, and completions of their goals: what comes of the
devices of end users, and of the plugin `interactions`.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Protocol, TypedDict, Unpack

from comethooks.samples.fields import with_fields
from comethooks.samples.making import APP_ID, template_of
from comethooks.schemas import Message, decode
from comethooks.schemas.wire.interactions import INTERACTED, WirePress, press_in
from comethooks.testing.delivery import Delivery
from comethooks.testing.engine import INTERACTION_URLS
from comethooks.testing.errors import HarnessError
from comethooks.workers.handlers.emit import emitted_key, told_record
from comethooks.workers.ids import new_id
from comethooks.workers.interactions.from_events import message_of
from comethooks.workers.interactions.telling import NAME, TRIGGER, data_of, facts_of
from comethooks.workers.journal import CompletedGoal
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.presses.goals import Interaction
from comethooks.workers.presses.proving import press_key, press_record, proves
from comethooks.workers.presses.tokens import PATH, InteractionToken, WrongTokenError, verify
from comethooks.workers.record import Record, event_of
from comethooks.workers.texts import dumps

_JUDGE = "interactions.pressed"
"""The handler that tells of completions."""


class Options(TypedDict, total=False):
    """What can be said of every delivery, as of `Harness.deliver`."""

    config: Mapping[str, Any] | None
    dry_run: bool
    retries: bool
    allow_unhandled: bool


class DeliverRecord(Protocol):
    """Delivers an event that is made already; one without an id gets one."""

    def __call__(
        self, plugin: Plugin, record: Record, duplicate_key: bytes, **options: Unpack[Options]
    ) -> Delivery:
        """What came of it."""


class Interactions:
    """Presses, as devices post them to a URL, and completions. `options` are those of
    `harness.deliver`: `config`, `dry_run`, `retries` and `allow_unhandled`.
    """

    def __init__(self, deliver: DeliverRecord, clock: Callable[[], int], random: Random) -> None:
        """`clock` tells the time, in milliseconds."""
        self._deliver = deliver
        self._clock = clock
        self._random = random

    def url(
        self,
        *,
        app: str = APP_ID,
        message: str | None = None,
        muid: str | None = None,
        expires: int | None = None,
        element: str | None = None,
    ) -> str:
        """The URL of a button, as `ctx.interaction_url` makes it: of a message by its id or its
        `muid`, or of all those of the app until it `expires` (seconds since the epoch).

        Raises `ValueError` when not exactly one is given.
        """
        token = InteractionToken(
            app=app, message=message, muid=muid, expires=expires, element=element
        )
        return INTERACTION_URLS.url(token)

    def press(
        self,
        plugin: Plugin,
        url: str,
        element: str | None = None,
        *,
        user: str | None = None,
        answers: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | bytes | None = None,
        **options: Unpack[Options],
    ) -> Delivery:
        """Deliver the press of a button that has that `url`: one of `url(…)`, or one that the
        plugin put into a message.

        `user` pressed `element`, with `answers` by element; it is posted as documented. Or it is
        `body`, whatever a kit or an app's own code posts. Raises `HarnessError` for what the
        service would refuse, and when a `body` and something else say what is posted.
        """
        __tracebackhide__ = True
        token = self._token(url)
        if body is not None and (element, user, answers) != (None, None, None):
            raise HarnessError("a body says all of it: leave element, user and answers out")
        if body is None:
            body = _documented(token, element, user, answers)
        raw = body if isinstance(body, bytes) else dumps(body)
        decoded = decode(raw)
        press = press_in(decoded)
        if not proves(token, press):
            raise HarnessError(
                "the service answers this press with 403: its body names another app or message"
                " than its URL"
            )
        record = press_record(token, press, id="", received_at=self._clock(), body=raw, headers={})
        return self._deliver(plugin, record, press_key(token, press, decoded, raw), **options)

    def complete(
        self,
        plugin: Plugin,
        user: str | None = None,
        *,
        answers: Mapping[str, Any] | None = None,
        message: Mapping[str, Any] | None = None,
        app: str = APP_ID,
        verified: bool = True,
        **options: Unpack[Options],
    ) -> Delivery:
        """Deliver the `interaction.completed` of a message: that `user`, or who got it, did what
        its goal asks for, with `answers` by element.

        `message` is the JSON that webhooks have under `data.message`; without it there is a form.
        Raises `HarnessError` when it is not interactive. One user completes a message once: what
        comes again is a duplicate.
        """
        __tracebackhide__ = True
        now = self._clock()
        pressed = event_of(_press_of_somebody(app, now))
        shown = Message(self._form(now) if message is None else message)
        seen = message_of(shown, app, pressed.received_at)
        if seen is None:
            raise HarnessError("only an interactive message or a card with an id is completed")
        given = dict(answers or {})
        done = dict.fromkeys((*seen.facts.goal.element_ids, *given))
        goal = CompletedGoal(
            app_id=app,
            message_id=seen.message_id,
            user=user or seen.facts.receiver or "",
            verified=verified,
            interactions=tuple(Interaction(each, now) for each in done),
            answers=given,
            facts=seen.facts,
            conversation_id=seen.conversation_id,
            wire=seen.wire,
        )
        data, facts = data_of(goal), facts_of(goal)
        record = told_record(pressed, _JUDGE, TRIGGER, NAME, data, facts=facts, received_at=now)
        return self._deliver(plugin, record, emitted_key(record), **options)

    def _token(self, url: str) -> InteractionToken:
        try:
            return verify(INTERACTION_URLS.keys, url.partition(PATH)[2], self._clock() / 1000)
        except WrongTokenError:
            raise HarnessError(
                "the service answers this URL with 403: it is none that this harness has made, or"
                " it is over; harness.interactions.url(…) makes one"
            ) from None

    def _form(self, now: int) -> Mapping[str, Any]:
        """A form that was sent just now."""
        template = template_of("message_sent", "form")
        body = with_fields(template, {}, now_ms=now, random=self._random)
        form: Mapping[str, Any] = body["data"]["message"]
        return form


def _documented(
    token: InteractionToken,
    element: str | None,
    user: str | None,
    answers: Mapping[str, Any] | None,
) -> Mapping[str, Any]:
    """The body that CometChat documents, without what it is not said."""
    said = {
        "messageId": token.message,
        "interactedBy": user,
        "interactedElementId": element,
        "formData": answers,
    }
    data = {name: value for name, value in said.items() if value is not None}
    return {"appID": token.app, "trigger": INTERACTED, "payload": {}, "data": data}


def _press_of_somebody(app: str, now: int) -> Record:
    """What a completion is made of, of which handlers know nothing but that it was there."""
    token = InteractionToken(app=app, message="0")
    made = new_id(now * 1_000_000)
    return press_record(token, WirePress(), id=made, received_at=now, body=b"{}", headers={})
