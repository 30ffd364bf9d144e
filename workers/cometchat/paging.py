"""Lists that CometChat gives page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from comethooks.schemas.wire.rules import to_number, to_object
from comethooks.workers.cometchat.api_errors import NoAnswerError
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls

MOST_ITEMS = 100_000
"""Where a list ends of which nobody has said how long it may be."""


def by_number(calls: ApiCalls, call: ApiCall, most: int) -> Iterator[dict[str, Any]]:
    """The objects of a list whose pages are numbered. Raises `CometChatError`."""
    page = 1
    while True:
        answer = calls.answer(replace(call, query={**call.query, "page": page}))
        items = objects_in(answer.data)
        yield from items[:most]
        most -= len(items)
        pagination = to_object(answer.meta.get("pagination")) or {}
        last = to_number(pagination.get("total_pages"))
        if most <= 0 or not items or last is None or page >= last:
            return
        page += 1


def objects_in(data: Any) -> list[dict[str, Any]]:
    """The objects of a page."""
    return [
        found for each in (data if isinstance(data, list) else ()) if (found := to_object(each))
    ]


def following(call: ApiCall, told: Any) -> Mapping[str, str]:
    """What the next page is asked for with, beside what the first was; nothing after the last.

    CometChat gives an object of parameters. A link is read for its parameters alone. Raises
    `NoAnswerError`.
    """
    if isinstance(told, str) and (query := urlsplit(told).query):
        return dict(parse_qsl(query))
    if isinstance(told, Mapping):
        return {
            str(name): str(value)
            for name, value in told.items()
            if isinstance(value, str | int) and not isinstance(value, bool)
        }
    if told:
        raise NoAnswerError(f"{call}: meta.next is neither an object nor a link")
    return {}
