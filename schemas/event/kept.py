"""What every event has, whatever it tells: its ids, its times, its envelope and its body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from comethooks.schemas.decoding import decode
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import Frozen, lazy, object_in
from comethooks.schemas.event.votes import DecisionAction, Vote
from comethooks.schemas.loading import misfit_in
from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.table import COMETCHAT, OURS, entry_of
from comethooks.schemas.triggers.trigger import Form, Trigger
from comethooks.schemas.wire.rules import to_datetime, to_text

BACKFILLED = "backfilled"
"""Among the headers of an event that was fetched, since its webhook never came."""


class KeptEvent(Frozen):
    """What was kept of an event. `Event`, which handlers get, says what it tells, too."""

    _shown: ClassVar[tuple[str, ...]] = ("trigger", "id")

    id: str
    source: str
    trigger: str
    name: str | None
    app_id: str | None
    conversation_id: str | None
    replay: str | None
    decision: DecisionAction | None
    votes: tuple[Vote, ...]
    _raw: bytes
    _headers: Mapping[str, str]
    _occurred_ms: int | None
    _received_ms: int

    def __init__(
        self,
        *,
        id: str,
        source: str,
        trigger: str,
        name: str | None,
        app_id: str | None,
        conversation_id: str | None,
        occurred_at: int | None,
        received_at: int,
        raw: bytes,
        replay: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        decision: DecisionAction | None = None,
        votes: tuple[Vote, ...] = (),
    ) -> None:
        """Times are milliseconds since the epoch; `raw` is the body as it came, `headers` are the
        circumstances that were kept with it. Of a message in flight, `decision` is what was
        answered and `votes` what each decider said.
        """
        self.__dict__.update(
            id=id,
            source=source,
            trigger=trigger,
            name=name,
            app_id=app_id,
            conversation_id=conversation_id,
            replay=replay,
            decision=decision,
            votes=votes,
            _raw=raw,
            _headers=headers,
            _occurred_ms=occurred_at,
            _received_ms=received_at,
        )

    def __repr__(self) -> str:
        return f"<Event {self.trigger!r} {self.id}>"

    @lazy
    def occurred_at(self: "KeptEvent") -> datetime | None:
        """When it happened, as CometChat says; None when it does not say."""
        return to_datetime(self._occurred_ms)

    @lazy
    def received_at(self: "KeptEvent") -> datetime:
        """When it came in."""
        return datetime.fromtimestamp(self._received_ms / 1000, UTC)

    @property
    def raw(self) -> bytes:
        """The body, byte for byte as it was kept."""
        return self._raw

    @lazy
    def payload(self: "KeptEvent") -> Mapping[str, Any]:
        """The body, decoded, as a read-only view; `payload.copy()` is a plain dict."""
        return ReadOnlyDict(self._body)

    @lazy
    def misfit(self: "KeptEvent") -> tuple[str, ...]:
        """Why the schema of its trigger refuses the body, a line for each path: it was let through
        all the same. Empty for what fits.
        """
        return misfit_in(self._body) if self.source == COMETCHAT else ()

    @property
    def backfilled(self) -> bool:
        """Whether no webhook told of it: `comethooks backfill` fetched it later, and its body says
        how the message was then.
        """
        return BACKFILLED in self._headers

    @lazy
    def parent(self: "KeptEvent") -> str | None:
        """The id of the event that a handler made this one of; None if it came from outside."""
        return to_text(self._parent.get("id"))

    @lazy
    def depth(self: "KeptEvent") -> int:
        """How many events above it were made of one another; 0 for what came from outside."""
        found = self._parent.get("depth")
        return found if isinstance(found, int) and self.source == OURS else 0

    @lazy
    def region(self: "KeptEvent") -> str | None:
        """The region of the app: `us`, `eu` or `in`."""
        return self._envelope_text("region")

    @lazy
    def webhook(self: "KeptEvent") -> str | None:
        """The id of the webhook that sent it."""
        return self._envelope_text("webhook")

    @lazy
    def _parent(self: "KeptEvent") -> dict[str, Any]:
        return object_in(self._body.get("parent")) if self.source == OURS else {}

    @lazy
    def _family(self: "KeptEvent") -> families.Family:
        return self._form.family

    @lazy
    def _form(self: "KeptEvent") -> Form:
        return self._entry.form_of(self._body)

    @lazy
    def _entry(self: "KeptEvent") -> Trigger:
        return entry_of(self.trigger, self.source)

    @lazy
    def _body(self: "KeptEvent") -> dict[str, Any]:
        return decode(self._raw)

    def _envelope_text(self, key: str) -> str | None:
        # CometChat's documentation prints keys that may be absent with a "?" at their end.
        return to_text(self._body.get(key)) or to_text(self._body.get(f"{key}?"))
