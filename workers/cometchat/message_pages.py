"""Lists of messages: pages of which each says from when on the next one is.

The messages of the second at which a page ends come once more in the next one, and the last page
may name itself as the next. So what came before is known by its id, and a page that brings nothing
new, and has the same border, is the last. Unless it is full: then its second has more messages than
a page, and CometChat gives no others of it. The list goes on a second further, and counts it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from comethooks.schemas.wire.rules import to_id, to_number
from comethooks.workers.cometchat.api_errors import NoAnswerError
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls
from comethooks.workers.cometchat.paging import following, objects_in

FROM, TO = "fromTimestamp", "toTimestamp"
Asked = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Border:
    """Where a list has come to: what the next page is asked for with, and what of the page before
    it may have once more, by id.
    """

    asked: Asked
    known: frozenset[str] = frozenset()


class MessagePages:
    """The pages of a list, one after the other. After an error the same page may be asked for again
    with `next`; `border` is where to begin, and where it has come to. An answer without a list is
    an error, or with `may_lack` an empty one, as in dry runs.
    """

    def __init__(
        self,
        calls: ApiCalls,
        call: ApiCall,
        border: Border | None = None,
        *,
        may_lack: bool = False,
    ) -> None:
        self._may_lack = may_lack
        self._calls = calls
        self._call = call
        # As they are written in an address: a link gives them back as text.
        self.border = border or Border({name: str(each) for name, each in call.query.items()})
        self.ended = False
        self.overfull = 0
        """How many seconds have more messages than CometChat gives of one."""

    def next(self) -> list[dict[str, Any]]:
        """What the next page has that did not come before: maybe nothing, even before the last one.

        Raises `CometChatError`.
        """
        asked = self.border.asked
        answer = self._calls.answer(replace(self._call, query=asked))
        if not (isinstance(answer.data, list) or self._may_lack):
            raise NoAnswerError(f"{self._call}: the answer has no list of messages")
        items = objects_in(answer.data)
        fresh = [item for item in items if key_of(item) not in self.border.known]
        told = following(self._call, answer.meta.get("next"))
        after = {**asked, **told}
        is_same = after == asked
        if not items or not told:
            self.ended = True
        elif fresh or not is_same:
            known = _at_the_border(items)
            self.border = Border(after, known | self.border.known if is_same else known)
        elif len(items) < int(asked.get("limit", 0) or len(items) + 1):
            self.ended = True
        else:
            self._pass_by_a_second()
        return fresh

    def items(self) -> Iterator[dict[str, Any]]:
        """What all pages have, fetched as it is asked for. Raises `CometChatError`."""
        while not self.ended:
            yield from self.next()

    def ask_for_less(self) -> None:
        """Have pages with half as many messages from here on: this one was too large."""
        limit = int(self.border.asked.get("limit", 2))
        self.border = replace(
            self.border, asked={**self.border.asked, "limit": str(max(1, limit // 2))}
        )

    def _pass_by_a_second(self) -> None:
        asked = self.border.asked
        name, step = (TO, -1) if asked.get("affix") == "prepend" else (FROM, 1)
        second = to_number(asked.get(name))
        if second is None:
            raise NoAnswerError(f"{self._call}: the next page is the same again")
        self.overfull += 1
        self.border = Border({**asked, name: str(int(second) + step)})


def key_of(item: Mapping[str, Any]) -> str:
    """What tells a message of a list from the others: its id; without one, all of it."""
    identifier = to_id(item.get("id"))
    return identifier or hashlib.sha256(orjson.dumps(item)).hexdigest()


def _at_the_border(items: list[dict[str, Any]]) -> frozenset[str]:
    second = items[-1].get("sentAt")
    return frozenset(
        key_of(item) for item in items if second is None or item.get("sentAt") == second
    )
