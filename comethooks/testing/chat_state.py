"""What an app at CometChat consists of in tests, and what was done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from comethooks.schemas import Message

_FIRST_ID = 1001


class Silence(Exception):
    """No answer is to come."""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that was sent. `as_user` is the uid on whose behalf, None for the app's own."""

    app_id: str
    as_user: str | None
    message: Message
    """The message as CometChat keeps it."""
    wire: Mapping[str, Any] = field(repr=False)
    """The same in JSON."""

    @property
    def webhook(self) -> dict[str, Any]:
        """The body with which CometChat tells of it: `harness.deliver(plugin, body=…)`."""
        return {
            "trigger": "message_sent",
            "data": {"message": {**self.wire}},
            "appId": self.app_id,
            "webhook": "comethooks",
        }


@dataclass(frozen=True, slots=True)
class MarkedElements:
    """Elements of a message that were marked as interacted for a user."""

    app_id: str
    message_id: str
    uid: str
    element_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A call that was made. `path` is what stands behind `/v3/`, decoded; `as_user` the uid on
    whose behalf, in lower case.
    """

    app_id: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    as_user: str | None


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What is answered: `document` as JSON or, without one, `content`."""

    status: int
    document: Any = None
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A file of a message. `is_signed` says that its URL needs no key."""

    content: bytes
    content_type: str
    is_signed: bool


class ChatState:
    """Everything that an app at CometChat has. Uids are in lower case."""

    def __init__(self) -> None:
        self.calls: list[ChatCall] = []
        """All calls, in order, refused ones too."""
        self.sent: list[SentMessage] = []
        self.marked: list[MarkedElements] = []
        self.messages: dict[str, dict[str, Any]] = {}
        """By id, as JSON."""
        self.groups: dict[str, dict[str, str]] = {}
        """By guid: the scope of each member, by uid."""
        self.banned: set[tuple[str, str]] = set()
        """Guid and uid."""
        self.blocked: set[tuple[str, str]] = set()
        """Who does not want to hear of whom: uids."""
        self.deactivated: set[str] = set()
        self.pins: list[str] = []
        """The ids of pinned messages."""
        self.reactions: set[tuple[str, str, str]] = set()
        """Message id, emoji, uid."""
        self.unread: list[tuple[str, str]] = []
        """Message id and the uid for whom it is unread."""
        self.reviews: dict[str, str] = {}
        """What was decided on messages under review, by id."""
        self.next_id = count(_FIRST_ID)


def done(data: Any = None, **meta: Any) -> ChatAnswer:
    """A success."""
    said = {"success": True, "message": "It is done."} if data is None else data
    return ChatAnswer(200, {"data": said, **({"meta": meta} if meta else {})})


def refused(status: int, code: str, /, **details: Any) -> ChatAnswer:
    """An error with CometChat's code, and what is wrong with which field."""
    error = {"code": code, "message": code.removeprefix("ERR_").replace("_", " ").lower()}
    return ChatAnswer(status, {"error": {**error, **({"details": details} if details else {})}})
