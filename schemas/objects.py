"""The typed objects of an event: the same for every shape that CometChat writes them in.

Frozen, down to the last dict in them. Times are aware datetimes in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


class _Quiet:
    """Base of what is made of a body: its `repr` shows ids and kinds, for a body must not get into a log."""

    __slots__ = ()
    _shown: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({shown})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class User(_Quiet):
    """A user. `uid` is empty when the body does not say who it is; all but `uid` may be absent."""

    _shown: ClassVar[tuple[str, ...]] = ("uid",)

    uid: str
    name: str | None = None
    avatar: str | None = None
    link: str | None = None
    role: str | None = None
    status: str | None = None
    status_message: str | None = None
    last_active_at: datetime | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Group(_Quiet):
    """A group. `guid` is empty when the body does not say which; all but `guid` may be absent.

    `owner` is a uid; `type` is `public`, `private` or `password`.
    """

    _shown: ClassVar[tuple[str, ...]] = ("guid",)

    guid: str
    name: str | None = None
    type: str | None = None
    icon: str | None = None
    description: str | None = None
    owner: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attachment(_Quiet):
    """A file of a media message. `size` is in bytes; `url` may be valid for a day only."""

    _shown: ClassVar[tuple[str, ...]] = ("mime_type", "size")

    url: str
    name: str | None = None
    mime_type: str | None = None
    extension: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message(_Quiet):
    """A message of any category: `message`, `custom`, `action`, `call`, `interactive`.

    `id` is empty for a message in flight, `text` for one without text. `custom_data` is what a custom
    message carries; `data` is the message's own `data`, with whatever else its category puts there.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "category", "type")

    id: str
    category: str
    type: str
    text: str
    conversation_id: str | None
    sender: User
    receiver: User | Group
    receiver_type: str | None
    sent_at: datetime | None
    updated_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    muid: str | None
    parent_id: str | None
    tags: tuple[str, ...]
    metadata: Mapping[str, Any] = field(hash=False)
    attachments: tuple[Attachment, ...]
    custom_data: Mapping[str, Any] | None = field(hash=False)
    data: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Receipt(_Quiet):
    """`user` has had the message `message_id` `delivered`, or has `read` it (`action`), at `at`.

    `message_sender` is a uid, `receiver` a uid or guid, as `receiver_type` says.
    """

    _shown: ClassVar[tuple[str, ...]] = ("message_id", "action")

    message_id: str
    action: str
    user: User
    at: datetime | None
    message_sender: str | None
    receiver_type: str | None
    receiver: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Connection(_Quiet):
    """One connection of a user; `platform` is what the client calls itself."""

    _shown: ClassVar[tuple[str, ...]] = ("platform",)

    session_id: str | None
    device_id: str | None
    platform: str | None
    connected_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Presence(_Quiet):
    """A connection of `user` was opened or closed.

    `status` is `online` or `offline`, `action` `connected` or `disconnected`; either is empty when the body
    does not say. `changed` tells whether the user's presence really changed: with two devices, one may go
    while the user stays. `connections` are those that remain, where the body lists them.
    """

    _shown: ClassVar[tuple[str, ...]] = ("uid", "status", "action")

    uid: str
    user: User
    status: str
    action: str
    changed: bool | None
    at: datetime | None
    session_id: str | None
    platform: str | None
    connections: tuple[Connection, ...]
