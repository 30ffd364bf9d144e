"""What the management API's answers mean, however they are wrapped.

CometChat's documentation shows the same thing as `{"data": {…}}`, `{"data": [{"data": {…}}]}` and
`[{"data": {…}}]`; what is inside is what counts here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from comethooks.management.errors import UnreadableError

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as CometChat told it. None is what it did not tell; it never tells the password."""

    id: str
    name: str | None = None
    url: str | None = None
    enabled: bool | None = None
    retry: bool | None = None
    """Whether CometChat repeats what was not answered with a 2xx."""
    uses_basic_auth: bool | None = None
    user: str | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """The webhook in an unwrapped answer. Raises `UnreadableError` when it has no id."""
        identifier = _text(item.get("id"))
        if identifier is None:
            raise UnreadableError("CometChat's answer has a webhook without an id")
        return cls(
            id=identifier,
            name=_text(item.get("name")),
            url=_text(item.get("webhookURL")),
            enabled=_flag(item.get("enabled")),
            retry=_flag(item.get("retryOnFailure")),
            uses_basic_auth=_flag(item.get("useBasicAuth")),
            user=_text(item.get("username")),
        )


@dataclass(frozen=True, slots=True)
class TriggerResult:
    """What came of adding or removing a trigger. `message` says why it failed."""

    trigger: str
    success: bool
    message: str = ""


def unwrapped(document: Any) -> list[Any]:
    """The things in an answer, objects or strings, without the lists and the `data` around them."""
    return list(_inside(document))


def page_count(document: Any) -> int:
    """How many pages there are, by `meta.pagination`; 1 when that is not said."""
    for part in document if isinstance(document, list) else [document]:
        pagination: Any = part
        for key in ("meta", "pagination"):
            pagination = pagination.get(key) if isinstance(pagination, dict) else None
        if isinstance(pagination, dict):
            pages = str(pagination.get("total_pages", ""))
            return int(pages) if pages.isdecimal() and len(pages) < 5 else 1
    return 1


def refusal(items: Sequence[Any]) -> str | None:
    """Why nothing was done, by an unwrapped answer of status 200 that says so; else None."""
    for item in items:
        if isinstance(item, dict) and _flag(item.get("success")) is False:
            return _text(item.get("message")) or "no reason given"
    return None


def trigger_names(items: Sequence[Any]) -> list[str]:
    """The triggers in the unwrapped answer to a listing of them."""
    names = (_text(item.get("id") if isinstance(item, dict) else item) for item in items)
    return [name for name in names if name]


def trigger_results(asked: Sequence[str], items: Sequence[Any]) -> list[TriggerResult]:
    """What came of each trigger that was asked for.

    An answer that has one result without a trigger's name speaks of all (seen in the documentation,
    for removing). A trigger that is not in the answer has failed.
    """
    told: dict[str, Any] = {}
    for item in items:
        if isinstance(item, dict):
            told |= item
    if "success" in told and not isinstance(told["success"], dict):
        return [_result(trigger, told) for trigger in asked]
    return [_result(trigger, told.get(trigger)) for trigger in asked]


def _result(trigger: str, told: Any) -> TriggerResult:
    if not isinstance(told, dict):
        return TriggerResult(trigger, False, "CometChat's answer does not mention it")
    success = _flag(told.get("success")) is True
    return TriggerResult(
        trigger, success, _text(told.get("message")) or ("" if success else "no reason given")
    )


def _inside(document: Any) -> Iterator[Any]:
    if isinstance(document, list):
        for item in document:
            yield from _inside(item)
    elif isinstance(document, dict) and "data" in document:
        yield from _inside(document["data"])
    elif isinstance(document, dict | str):
        yield document


def _text(value: Any) -> str | None:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value) or None
    return None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _WORDS.get(str(value).lower())
