"""Which message an event is about: its id, wherever a body of that kind has it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.table import entry_of
from comethooks.schemas.wire.envelope import data_of
from comethooks.schemas.wire.moderation import reviewed_in
from comethooks.schemas.wire.rules import to_id, to_object
from comethooks.schemas.wire.shapes import subject_in

_Data = Mapping[str, Any]


def _of_message(data: _Data) -> Any:
    return subject_in(data).get("id")


def _of_receipt(data: _Data) -> Any:
    return _below(data, "body", "messageId") or data.get("messageId")


def _of_review(data: _Data) -> Any:
    return (reviewed_in(data.get("contextMessages")) or {}).get("id")


def _below(data: _Data, *keys: str) -> Any:
    *path, last = keys
    for key in path:
        data = to_object(data.get(key)) or {}
    return data.get(last)


_READ: Mapping[families.Family, Callable[[_Data], Any]] = {
    families.MESSAGE: _of_message,
    families.CHANGE: _of_message,
    families.JUDGED: _of_message,
    families.COMPLETION: _of_message,
    families.RECEIPT: _of_receipt,
    families.REACTION: lambda data: _below(data, "reaction", "messageId"),
    families.FAILED: lambda data: _below(data, "resource", "id"),
    families.REVIEW: _of_review,
    families.CALL: lambda data: _below(data, "call", "id"),
    families.INTERACTION: lambda data: data.get("messageId"),
}
"""What has the id, by the family. A message in flight has none yet."""


@lru_cache(maxsize=1024)
def _reader(trigger: str | None, source: str) -> Callable[[_Data], Any] | None:
    """What reads the id of such events, in whatever form: all forms of a trigger are of families
    with the same reader. Remembered, since every event is asked about.
    """
    return _READ.get(entry_of(trigger or "", source).family)


def tells_of_messages(trigger: str | None, source: str) -> bool:
    """Whether the body of such an event may name a message; known without its body."""
    return _reader(trigger, source) is not None


def message_id_in(body: Mapping[str, Any], trigger: str | None, source: str) -> str | None:
    """The id of the message that an event is about, in its decoded body; None when it names none.

    Of an edit it is that of the edited message, of a receipt or a reaction that of the message that
    was read or reacted to, of a call that of the message which CometChat keeps of it.
    """
    read = _reader(trigger, source)
    return None if read is None else to_id(read(data_of(body)))
