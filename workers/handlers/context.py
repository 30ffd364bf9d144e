"""What a handler gets beside the event.

All its effects on the outside go through here. So they are noted, and a dry run can note them
instead of having them. What a handler does past the context, a dry run does too.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from comethooks.schemas import Event
from comethooks.workers.clock import milliseconds
from comethooks.workers.cometchat.chat_api import ChatApi
from comethooks.workers.handlers.effects import Effects, preview
from comethooks.workers.handlers.emit import emitted
from comethooks.workers.handlers.handler_log import HandlerLog
from comethooks.workers.handlers.http import Http
from comethooks.workers.handlers.once import Block, check_key, entered
from comethooks.workers.handlers.outside import Outside, Services
from comethooks.workers.plugins.config import Config
from comethooks.workers.presses.tokens import InteractionToken
from comethooks.workers.record import Record
from comethooks.workers.settings.apps import App
from comethooks.workers.states import OnceState

GRACE_MS = 5000
"""How long after its time a run may still be in a block of `once` before nobody waits for it any
more."""


_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler gets beside the event."""

    config: Config
    """The plugin's settings as attributes: `ctx.config.channel`."""
    log: HandlerLog
    """A structlog logger that knows the event and the handler. Never give it a body or a secret."""
    attempt: int
    """1 at the first attempt."""
    handler: str
    """The handler's id, `plugin.function`."""
    dry_run: bool = False
    """Whether effects are to be recorded instead of done. The context sees to it by itself."""
    app: App | None = None
    """The CometChat app that the event is of, as `COMETHOOKS_APPS` knows it: its region, and the
    key of its REST API.

    None when it does not."""
    _outside: Outside | None = field(default=None, repr=False)

    @property
    def deadline(self) -> datetime:
        """When the run's time is over, in UTC: then it is interrupted."""
        return datetime.fromtimestamp(self._outside.ends_at, UTC) if self._outside else _NEVER

    @property
    def http(self) -> Http:
        """HTTP requests: `ctx.http.post(url, json={…})`."""
        return self._reached().http

    @property
    def cometchat(self) -> ChatApi:
        """CometChat's API, as the app that the event is of: `ctx.cometchat.send(…)`."""
        return self._reached().chat_api(self.app, self.handler)

    def once(self, key: str, *, repeatable: bool = False) -> AbstractContextManager[bool]:
        """A side effect that happens at most once for `key`, across attempts, duplicates, crashes
        and replays.

            with ctx.once(f"welcome {event.sender.uid}") as first:
                if first:
                    ctx.http.post(url, json=greeting)

        Keys belong to the plugin and the event's app, and are kept for good. Let the block hold one
        effect, and as the last thing in it. A block that raises has not done it: the next attempt
        is `first` again. So an answer of 4xx or 5xx is not done, if the block raises then, also
        where a proxy gave it for a server that goes on.

        What this cannot promise is that it happens at all. Nobody knows whether it did when the
        process dies inside the block, when the run is interrupted there, and when the block raises,
        whatever that is, after a request of `ctx.http` in it got no answer, or one of success or a
        redirect (2xx, 3xx) to more than a question (GET, HEAD, OPTIONS). It is then not done again;
        `comethooks runs show` says that the key is `unknown`. What other clients than `ctx.http`
        send is not seen: a block that raises because they got no answer is entered again. Nor is
        what the block does twice by itself.

        With `repeatable` that is promised, and no more that it happens once: what nobody knows of
        is done again. It is for what the other side recognises when it comes again, by an id that
        is the same each time.

        In a dry run nothing is kept. Raises `ValueError` for a key that is empty, has more than 200
        characters, NUL or half of a surrogate pair, and `TypeError` when it is used without `with`.
        When another run is in the block for this key, a `RetryLater` that does not count as an
        attempt.
        """
        check_key(key)
        return Block(key, self._once(key, repeatable))

    @contextmanager
    def _once(self, key: str, repeatable: bool) -> Iterator[bool]:
        # A web process loads plugins for their deciders alone, and SQL would be most of that.
        from comethooks.workers.journal import OnceClaim, token_of

        outside = self._reached()
        keys, effects, event = outside.services.once_keys, outside.effects, outside.event
        now = outside.services.clock()
        claim = OnceClaim(
            plugin=self.handler.partition(".")[0],
            app_id=event.app_id,
            key=key,
            token=token_of(event.id, self.handler, event.replay, outside.token),
            event_id=event.id,
            handler=self.handler,
            now=now,
            until=max(now, milliseconds(self.deadline)) + GRACE_MS,
            repeatable=repeatable,
        )
        if self.dry_run:
            # Whoever looks at a dry run wants to know what a live one would do, so it goes by keys
            # that are kept, and takes none.
            known = keys.know_once(claim)
            if repeatable and known is OnceState.UNKNOWN:
                known = None
            effects.add(
                f"once {key!r}: {'would be entered' if known is None else f'is {known} already'}"
            )
            yield known is None
            return
        with entered(keys, claim, outside.http) as known:
            if known:
                effects.add(f"once {key!r}: not entered, it is {known}")
            yield known is None
            if known is None:
                effects.add(f"once {key!r}: done")

    def emit(self, name: str, data: Mapping[str, Any]) -> str:
        """Make an event of the plugin's own, with the trigger `plugin.name`, and return its id.

        It is kept like any other when this returns, belongs to the conversation of the event at
        hand, and goes to handlers that name it: `@plugin.on("plugin.name")` or `"plugin.*"`, not
        `"*"`. It is recognised by its name and data: an attempt that is repeated, or replayed, and
        emits the same makes no second one, so keep the time and chance out of the data. What a
        replay makes that is new goes to the handlers of that replay alone.

        Raises `ValueError` for a name that is not letters, digits and _, for data that is no JSON
        or more than `COMETHOOKS_MAX_BODY` allows, when events made of events are 8 deep, and when
        the run has made 1,000 of an event that came in, or a tenth as many for each depth; and
        `NotKeptError` when it is not kept.
        """
        outside = self._reached()
        services, event = outside.services, outside.event
        record = emitted(
            event,
            self.handler,
            name,
            data,
            made=outside.made,
            received_at=services.clock(),
            max_body=services.max_body,
            drop_secrets=services.drop_secrets,
        )
        self._keep(record, data)
        # Last: one that was not kept, and is emitted again in this attempt, has the same id.
        outside.made.add(record.id)
        return record.id

    def interaction_url(
        self,
        *,
        message: str | None = None,
        muid: str | None = None,
        expires: timedelta | None = None,
        element: str | None = None,
    ) -> str:
        """The URL for a button of an interactive message of the event's app; presses on it come
        back as `interaction.received`.

        It is of one message, by its id, or by its muid while it is not sent yet; or of all messages
        of the app, until it `expires`. Give exactly one of them. With `element`, the id of the
        button, it also works where kits do not name what was pressed. Whoever has the URL may say
        that somebody pressed, so it belongs into the message and nowhere else.

        Raises `ValueError` when not exactly one is given, when the event is of no app, when the
        token would be too long, and when there is no key to sign with.
        """
        outside = self._reached()
        if outside.event.app_id is None:
            raise ValueError("the event is of no app, so there is no URL for its messages")
        now = outside.services.clock() / 1000
        token = InteractionToken(
            app=outside.event.app_id,
            message=message,
            muid=muid,
            expires=None if expires is None else int(now + expires.total_seconds()),
            element=element,
        )
        return outside.services.interaction_urls.url(token)

    def _keep(self, record: Record, data: Mapping[str, Any]) -> None:
        outside = self._reached()
        if self.dry_run:
            outside.effects.add(f"would emit {record.trigger}{preview(dict(data))}")
            return
        outside.services.emit(record, attempt=self.attempt, replay=outside.event.replay)
        outside.effects.add(f"emitted {record.trigger} as {record.id}")

    def _reached(self) -> Outside:
        if self._outside is None:
            raise RuntimeError(
                "this context was made by hand and reaches nothing; in tests use the harness"
            )
        return self._outside


def make_context(
    event: Event,
    *,
    handler: str,
    config: Config,
    log: HandlerLog,
    attempt: int,
    seconds: float,
    services: Services,
    effects: Effects,
    dry_run: bool,
) -> Context:
    """The context of one attempt, whose run has `seconds`."""
    return Context(
        config=config,
        log=log,
        attempt=attempt,
        handler=handler,
        dry_run=dry_run,
        app=services.apps.get(event.app_id or ""),
        _outside=Outside(event, services, effects, seconds, dry_run=dry_run),
    )
