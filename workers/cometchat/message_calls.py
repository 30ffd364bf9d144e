"""What is done with messages that are there: reading, changing and deleting them, pins, reactions,
marks.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from comethooks.schemas import Message
from comethooks.schemas.wire.rules import to_object
from comethooks.workers.cometchat.api_errors import ApiRefusedError, NotSendableError
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls, segment, uid_segment
from comethooks.workers.cometchat.message_pages import FROM, TO, MessagePages
from comethooks.workers.cometchat.outgoing import LONGEST_EMOJI, change_of
from comethooks.workers.cometchat.paging import MOST_ITEMS

GONE = frozenset(("ERR_MSG_NOT_FOUND", "ERR_MESSAGE_NOT_FOUND", "ERR_MESSAGE_ID_NOT_FOUND"))
"""How CometChat says that there is no such message: its reference and its error guide differ."""
MOST_MESSAGES = 1000
"""In a page (CometChat's reference)."""


class MessageCalls:
    """The calls about messages that are there."""

    _calls: ApiCalls

    def message(self, message_id: str) -> Message:
        """The message with this id, as CometChat has it now."""
        return Message(self._calls.data(ApiCall("message", "GET", _path(message_id))))

    def messages(
        self,
        *,
        from_timestamp: int | None = None,
        to_timestamp: int | None = None,
        limit: int = 100,
        affix: str = "append",
        most: int = MOST_ITEMS,
    ) -> Iterator[Message]:
        """The messages of the app that were sent between two times, in seconds since the epoch.

        They are fetched page by page, as they are asked for, `limit` at a time (1 to 1,000): with
        the `affix` `append` from the oldest on, with `prepend` from the newest back. After `most`
        of them it ends. A page of more than 10 MB cannot be read: where messages are large, let
        `limit` be small.
        """
        call = listing(from_timestamp, to_timestamp, limit=limit, affix=affix)
        return map(Message, islice(MessagePages(self._calls, call, may_lack=True).items(), most))

    def update_message(
        self,
        message_id: str,
        *,
        text: str | None = None,
        data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        as_user: str | None = None,
    ) -> Message:
        """Change a message, and give it as it is now; in a dry run it has what would be changed.

        What is not given is not sent. The change is not marked as the plugin's: it comes back as
        `message.edited` like any other.
        """
        body = change_of(text=text, data=data, metadata=metadata, tags=tags)
        call = ApiCall("update_message", "PUT", _path(message_id), body, as_user=as_user)
        return _changed(self._calls.data(call) or {"id": message_id, **body})

    def delete_message(
        self, message_id: str, *, permanent: bool = False, as_user: str | None = None
    ) -> bool:
        """Delete a message; whether it was there. Only with `permanent` nothing of it stays at
        CometChat.
        """
        body = {"permanent": permanent}
        call = ApiCall("delete_message", "DELETE", _path(message_id), body, as_user=as_user)
        return is_done(self._calls, call, already=GONE)

    def pin(self, message_id: str, *, as_user: str | None = None) -> None:
        """Pin a message in its conversation. Raises `PinsFullError` where there are 100 pins."""
        path = f"{_path(message_id)}/pin"
        self._calls.data(ApiCall("pin", "POST", path, as_user=as_user))

    def unpin(self, message_id: str, *, as_user: str | None = None) -> None:
        """Take the pin off a message."""
        path = f"{_path(message_id)}/pin"
        self._calls.data(ApiCall("unpin", "DELETE", path, as_user=as_user))

    def react(self, message_id: str, emoji: str, as_user: str) -> None:
        """React to a message with an emoji, as a user."""
        path = f"{_path(message_id)}/reactions/{_emoji(emoji)}"
        self._calls.data(ApiCall("react", "POST", path, as_user=as_user))

    def unreact(self, message_id: str, emoji: str, as_user: str) -> None:
        """Take a user's reaction back."""
        path = f"{_path(message_id)}/reactions/{_emoji(emoji)}"
        self._calls.data(ApiCall("unreact", "DELETE", path, as_user=as_user))

    def mark_interacted(self, message_id: str, uid: str, element_ids: Sequence[str]) -> None:
        """Tell CometChat that the user `uid` has interacted with these elements of a message."""
        if isinstance(element_ids, str) or not all(element_ids):
            raise NotSendableError(['element_ids: write a list of ids: ["submit"]'])
        if not element_ids:
            return
        body = {"interactions": [*element_ids]}
        path = f"{_path(message_id)}/interacted"
        self._calls.data(ApiCall("mark_interacted", "PATCH", path, body, as_user=uid))

    def mark_unread(
        self, message_id: str, as_user: str, *, user: str | None = None, group: str | None = None
    ) -> None:
        """Let a conversation be unread from this message on for the user `as_user`: that with
        `user`, or that of `group`. CometChat takes 5 of these a minute from a user.
        """
        if (user is None) is (group is None):
            raise NotSendableError(["user: write either user or group"])
        other = (
            f"users/{uid_segment('user', user)}"
            if user is not None
            else f"groups/{segment('group', group or '')}"
        )
        body = {"messageId": message_id}
        path = f"{other}/conversation/read"
        segment("message_id", message_id)
        self._calls.data(ApiCall("mark_unread", "DELETE", path, body, as_user=as_user))


def listing(
    from_timestamp: int | None, to_timestamp: int | None, *, limit: int, affix: str = "append"
) -> ApiCall:
    """The call for the first page of messages between two times (seconds). Raises
    `NotSendableError`.
    """
    if not 1 <= limit <= MOST_MESSAGES:
        raise NotSendableError([f"limit: a page has 1 to {MOST_MESSAGES} messages"])
    if affix not in ("append", "prepend"):
        raise NotSendableError(['affix: write "append" or "prepend"'])
    times = {FROM: from_timestamp, TO: to_timestamp}
    query = {name: time for name, time in times.items() if time is not None}
    return ApiCall("messages", "GET", "messages", query={"limit": limit, "affix": affix, **query})


def is_done(calls: ApiCalls, call: ApiCall, *, already: frozenset[str]) -> bool:
    """Make a call; False where CometChat refuses it since what it is for is so already, by these
    codes.
    """
    try:
        calls.data(call)
    except ApiRefusedError as error:
        if error.code not in already:
            raise
        return False
    return True


def _path(message_id: str) -> str:
    return f"messages/{segment('message_id', message_id)}"


def _emoji(emoji: str) -> str:
    if (
        not isinstance(emoji, str)
        or not emoji
        or emoji in (".", "..")
        or len(emoji) > LONGEST_EMOJI
    ):
        raise NotSendableError(["emoji: write one emoji, such as 👍"])
    return quote(emoji, safe="")


def _changed(data: Mapping[str, Any]) -> Message:
    """The message that was changed: CometChat answers with the action, which holds it."""
    inner: Any = data
    for key in ("data", "entities", "on", "entity"):
        inner = to_object(inner.get(key)) or {}
    return Message(inner if inner and data.get("category") == "action" else data)
