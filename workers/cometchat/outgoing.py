"""Messages that handlers send: what CometChat's API is given, and what of it cannot be sent.

The limits are CometChat's (REST reference, Messages).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from comethooks.schemas import ReadOnlyDict, ReadOnlyList
from comethooks.schemas.event.messages import MARK
from comethooks.schemas.triggers.identity import content_hash, digest
from comethooks.schemas.wire.rules import to_receiver_type
from comethooks.workers.cometchat.api_errors import NotSendableError

APP_USER = "app_system"
"""Who writes what is sent on behalf of nobody. No client can log in as that."""
MOST_DATA = 10 * 1024
"""Characters of `data` as JSON. CometChat says 10 KB: what it counts it refuses itself."""
MOST_TAGS, LONGEST_TAG = 25, 100
LONGEST_EMOJI = 100
"""Characters: the longest sequences that are one emoji have about a dozen."""
_UID = re.compile(r"[!-~]{1,100}")
"""What may stand in a header and in a path. CometChat itself takes letters, digits, - and _."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that is to be sent."""

    receiver: str
    receiver_type: str
    category: str
    type: str
    data: Mapping[str, Any]
    as_user: str | None = None
    bot: str | None = None
    """The uid of the bot that sends it, if it is one."""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """What is wrong with it, each with its path."""
        if not is_id(self.receiver):
            yield f"receiver: {NO_ID}"
        if to_receiver_type(self.receiver_type) is None:
            yield 'receiverType: write "user" or "group"'
        for name in ("as_user", "bot"):
            if (value := getattr(self, name)) is not None and not is_id(value):
                yield f"{name}: {NO_ID}"
        for name in ("category", "type"):
            if not isinstance(value := getattr(self, name), str) or not value:
                yield f"{name}: write what kind of message it is"
        yield from _problems_of_tags(self.tags)
        yield from _problems_of_data(self.data, self.metadata)

    def body(self, muid: str, by: str) -> dict[str, Any]:
        """What CometChat is given for it, sent by the plugin `by`. Call it without problems only.

        The mark is for whoever gets the message back: it is not to be answered. CometChat's
        reference does not say that a muid stays with a message that its API was given, so the mark
        has it, too.
        """
        mark = {"by": by, "muid": muid}
        metadata = {**(self.data.get("metadata") or {}), **self.metadata, MARK: mark}
        return {
            "receiver": self.receiver,
            "receiverType": to_receiver_type(self.receiver_type),
            "category": self.category,
            "type": self.type,
            "data": {**self.data, "metadata": metadata},
            "muid": muid,
            **({"tags": [*self.tags]} if self.tags else {}),
        }

    def copied(self) -> "Draft":
        """The same in plain JSON that nobody else has, with uids as CometChat has them. Call it
        without problems only.
        """
        data, metadata = orjson.loads(_dumps([self.data, self.metadata]))
        is_user = to_receiver_type(self.receiver_type) == "user"
        return replace(
            self,
            data=data,
            metadata=metadata,
            receiver=self.receiver.lower() if is_user else self.receiver,
            as_user=self.as_user and self.as_user.lower(),
            bot=self.bot and self.bot.lower(),
        )

    def digest(self, *parts: str | int) -> bytes:
        """The same for the same message, when `parts` are."""
        sender = self.bot or self.as_user or ""
        said = (self.receiver, self.receiver_type, self.category, self.type, sender)
        content = {"data": self.data, "metadata": self.metadata, "tags": [*self.tags]}
        return digest((*parts, *said, content_hash(content, b"")))


def change_of(
    *,
    text: str | None,
    data: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    tags: Sequence[str] | None,
) -> dict[str, Any]:
    """What CometChat is given to change a message. Raises `NotSendableError`."""
    if text is None and data is None and metadata is None and tags is None:
        raise NotSendableError(["data: write what is to be changed: text, data, metadata or tags"])
    if text is not None and data is not None:
        raise NotSendableError(["data: write either text or data"])
    content = data if text is None else {"text": text}
    if problems := [
        *_problems_of_tags(() if tags is None else tags),
        *_problems_of_data({} if content is None else content, metadata or {}),
    ]:
        raise NotSendableError(problems)
    changed = {**(content or {}), **({} if metadata is None else {"metadata": metadata})}
    body = {**({"data": changed} if changed else {}), **({} if tags is None else {"tags": [*tags]})}
    plain: dict[str, Any] = orjson.loads(_dumps(body))
    return plain


def _problems_of_tags(tags: Sequence[str]) -> Iterator[str]:
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        yield 'tags: write a list of strings: tags=["booking"]'
        return
    if len(tags) > MOST_TAGS:
        yield f"tags: there are {len(tags)}, and CometChat takes {MOST_TAGS}"
    for number, tag in enumerate(tags):
        if not 0 < len(tag) <= LONGEST_TAG:
            yield f"tags[{number}]: a tag has 1 to {LONGEST_TAG} characters"


def _problems_of_data(data: object, metadata: object) -> Iterator[str]:
    # Authors need not use a type checker: anything may stand here.
    for name, value in (("data", data), ("metadata", metadata)):
        if not isinstance(value, Mapping):
            yield f"{name}: write an object"
            return
    assert isinstance(data, Mapping)
    if not isinstance(data.get("metadata") or {}, Mapping):
        yield "data.metadata: write an object"
        return
    try:
        size = len(_dumps([data, metadata]).decode())
    except TypeError as error:
        yield f"data: is no JSON: {error}"
        return
    if size > MOST_DATA:
        yield f"data: has {size} characters of JSON, and CometChat takes {MOST_DATA}"


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    """What an event gives of itself can be sent on."""
    if isinstance(value, ReadOnlyDict | ReadOnlyList):
        return value.copy()
    raise TypeError(f"{type(value).__name__} is not known to JSON")


def is_id(value: object) -> bool:
    """Whether `value` may be the uid of a user or the guid of a group, or the id of a message."""
    return isinstance(value, str) and _UID.fullmatch(value) is not None and value not in (".", "..")


NO_ID = "an id has 1 to 100 letters, digits, - and _"
