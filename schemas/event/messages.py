"""Messages, and the actions that some of them tell of. Times are UTC."""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.cards import AgentElement, agent_elements, drawn_text
from comethooks.schemas.event.people import Group, User, party_of, user_of, users_of
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import (
    View,
    entity_in,
    identifier,
    lazy,
    mapping_in,
    number,
    object_in,
    objects_in,
    party,
    read_only_under,
    string,
    text,
    texts_in,
    time,
)
from comethooks.schemas.triggers.identity import conversation_id
from comethooks.schemas.wire.rules import to_id, to_receiver_type, to_text

MARK = "comethooks"
"""The key in a message's metadata under which stands who of us sent it."""
MARK_IN_BODY = f'"{MARK}"'.encode()
"""What a body holds that has it; most others need not be decoded to know."""


class Attachment(View):
    """A file of a media message. `size` is in bytes; `url` may be valid for a day only."""

    _shown: ClassVar[tuple[str, ...]] = ("mime_type", "size")

    url = string("url")
    name = text("name")
    mime_type = text("mimeType")
    extension = text("extension")
    size = number("size")


class Message(View):
    """A message of any category.

    These are `message`, `custom`, `action`, `call`, `interactive`, `card` and `agentic`.

    `id` and `text` are always strings: empty for a message in flight, and for one without text.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "category", "type")

    category = string("category")
    type = string("type")
    status = text("status")
    quoted_message_id = identifier("quotedMessageId")
    edited_by = party("editedBy")
    deleted_by = party("deletedBy")
    pinned_by = party("pinnedBy")
    unpinned_by = party("unpinnedBy")
    reply_count = number("replyCount")
    sent_at = time("sentAt")
    updated_at = time("updatedAt")
    delivered_at = time("deliveredAt")
    read_at = time("readAt")
    edited_at = time("editedAt")
    deleted_at = time("deletedAt")
    pinned_at = time("pinnedAt")
    unpinned_at = time("unpinnedAt")
    _id = identifier("id")
    _muid = identifier("muid")

    @lazy
    def id(self: "Message") -> str:
        """The id; empty for a message in flight, which has none yet."""
        return self._id or ""

    @lazy
    def text(self: "Message") -> str:
        """What was written; empty for a message without text.

        Of a card that is its preview or, without one, its text for who cannot draw it.
        """
        holders = (self._data, self._wire)
        written = next((text for each in holders if (text := to_text(each.get("text")))), None)
        return written or next(filter(None, map(drawn_text, holders)), "")

    @lazy
    def conversation_id(self: "Message") -> str | None:
        """As CometChat names it, or else derived."""
        named = to_text(self._wire.get("conversationId"))
        if named:
            return named
        receiver = self.receiver
        other = receiver.guid if isinstance(receiver, Group) else receiver.uid
        return conversation_id(self.receiver_type, other, self.sender.uid)

    @lazy
    def sender(self: "Message") -> User:
        """Who wrote it."""
        return user_of(self._wire.get("sender"), entity_in(self._data, "sender"))

    @lazy
    def receiver(self: "Message") -> User | Group:
        """Who it was written to."""
        entity = entity_in(self._data, "receiver")
        known = (
            self._wire.get("receiver")
            or self._wire.get("receiverUid")
            or self._wire.get("receiverId")
        )
        return party_of(self.receiver_type, known, entity)

    @lazy
    def receiver_type(self: "Message") -> str | None:
        """`user` or `group`."""
        return to_receiver_type(self._wire.get("receiverType"))

    @lazy
    def parent_id(self: "Message") -> str | None:
        """The id of the message whose thread it is in."""
        parent = self._parent or self._parent_message
        return None if parent == "0" else parent

    _parent = identifier("parentId")
    _parent_message = identifier("parentMessageId")

    @lazy
    def tags(self: "Message") -> tuple[str, ...]:
        """Its tags."""
        return texts_in(self._wire.get("tags"), self._data.get("tags"))

    @lazy
    def metadata(self: "Message") -> Mapping[str, Any]:
        """What its author, an extension or a webhook added to it."""
        return mapping_in(self._data.get("metadata"), self._wire.get("metadata"))

    @lazy
    def sent_by(self: "Message") -> str | None:
        """The plugin that sent it with `ctx.cometchat`; None for everybody else's.

        Whoever writes a message may write that, too: it tells our own messages from others, and
        proves nothing.
        """
        return to_text(object_in(self._mark).get("by"))

    @lazy
    def muid(self: "Message") -> str | None:
        """The id that its sender gave it."""
        return self._muid or to_id(object_in(self._mark).get("muid"))

    @lazy
    def _mark(self: "Message") -> Any:
        holders = (self._data.get("metadata"), self._wire.get("metadata"))
        return next((each[MARK] for each in map(object_in, holders) if MARK in each), None)

    @lazy
    def attachments(self: "Message") -> tuple[Attachment, ...]:
        """The files of a media message."""
        listed = self._data.get("attachments") or self._wire.get("attachments")
        found = tuple(Attachment(item) for item in objects_in(listed))
        url = to_text(self._data.get("url")) or to_text(self._wire.get("url"))
        return found or ((Attachment({"url": url}),) if url else ())

    @lazy
    def custom_data(self: "Message") -> Mapping[str, Any] | None:
        """What a custom message carries."""
        return read_only_under("customData", self._data, self._wire)

    @lazy
    def sub_type(self: "Message") -> str | None:
        """What its author calls the kind of a custom message."""
        return to_text(self._data.get("subType")) or to_text(self._wire.get("subType"))

    @lazy
    def interactive_data(self: "Message") -> Mapping[str, Any] | None:
        """The form, card or scheduler of an interactive message, whole."""
        return read_only_under("interactiveData", self._data, self._wire)

    @lazy
    def elements(self: "Message") -> tuple[AgentElement, ...]:
        """What an agent says, part by part."""
        return agent_elements(self._data, self._wire)

    @lazy
    def run_id(self: "Message") -> str | None:
        """Of an agent's message: the run of the agent that it was written in."""
        return to_id(self._data.get("runId")) or to_id(self._wire.get("runId"))

    @lazy
    def thread_id(self: "Message") -> str | None:
        """Of an agent's message: the agent's thread, which is none of the conversation."""
        return to_id(self._data.get("threadId")) or to_id(self._wire.get("threadId"))

    @lazy
    def mentions(self: "Message") -> tuple[User, ...]:
        """Whom its text mentions."""
        return users_of(self._data.get("mentions")) or users_of(self._wire.get("mentions"))

    @lazy
    def moderation(self: "Message") -> Mapping[str, Any]:
        """What moderation says of it: `status` is `pending`, `approved` or `disapproved`."""
        return mapping_in(self._data.get("moderation"), self._wire.get("moderation"))

    @lazy
    def data(self: "Message") -> Mapping[str, Any]:
        """The message's own `data`, with whatever its category puts there."""
        return ReadOnlyDict(self._data)

    @lazy
    def _data(self: "Message") -> dict[str, Any]:
        return object_in(self._wire.get("data"))


Entity = User | Group | Message


class Action(View):
    """What a message of category `action` or `call` tells: `by` did `name` to `on` in `for_`."""

    _shown: ClassVar[tuple[str, ...]] = ("name",)

    @lazy
    def name(self: "Action") -> str:
        """CometChat's name for it: `joined`, `kicked`, `scopeChanged`, `edited`, `initiated`, …"""
        return to_text(self._data.get("action")) or to_text(self._wire.get("action")) or ""

    @lazy
    def by(self: "Action") -> Entity | None:
        """Who did it."""
        return self._entity("by", "actionBy")

    @lazy
    def on(self: "Action") -> Entity | None:
        """Whom or what it was done to; None for a call, which is `event.call`."""
        return self._entity("on", "actionOn")

    @lazy
    def for_(self: "Action") -> Entity | None:
        """Where it was done: the group, or who is called."""
        return self._entity("for", "actionFor")

    @lazy
    def text(self: "Action") -> str:
        """The sentence that the SDK wrote, or the SDK's default one; empty without either."""
        written = to_text(self._wire.get("message"))
        if written:
            return written
        sentence = _SENTENCES.get(self.name)
        if sentence is None or self.by is None or ("{on}" in sentence and self.on is None):
            return ""
        scope = object_in(object_in(self._data.get("extras")).get("scope")).get("new")
        return sentence.format(
            by=_called(self.by),
            on=_called(self.on),
            scope=to_text(scope) or to_text(self._wire.get("newScope")),
        )

    @lazy
    def _data(self: "Action") -> dict[str, Any]:
        return object_in(self._wire.get("data"))

    def _entity(self, key: str, sdk_key: str) -> Entity | None:
        found = entity_in(self._data, key) or object_in(self._wire.get(sdk_key))
        return entity_of(found) if found else None


def entity_of(wire: Mapping[str, Any]) -> Entity | None:
    """The user, group or message that an object is, which its keys tell; None for anything else."""
    if "uid" in wire:
        return User(wire)
    if "guid" in wire:
        return Group(wire)
    return Message(wire) if "id" in wire else None


_SENTENCES = {
    "joined": "{by} joined",
    "left": "{by} left",
    "kicked": "{by} kicked {on}",
    "banned": "{by} banned {on}",
    "unbanned": "{by} unbanned {on}",
    "added": "{by} added {on}",
    "invited": "{by} invited {on}",
    "scopeChanged": "{by} made {on} {scope}",
    "edited": "{by} edited a message",
    "deleted": "{by} deleted a message",
}


def _called(entity: Entity | None) -> str:
    if isinstance(entity, User):
        return entity.name or entity.uid
    return (entity.name or entity.guid) if isinstance(entity, Group) else ""
