"""The bodies that are kept as JSON, with placeholders, in the folder `bodies`.

`current/TRIGGER.json` is the body of a trigger, and `current/TRIGGER.VARIANT.json` that of another
form of it; `legacy` and `bot` have those of legacy webhooks and of callbacks to bots. A body that
has `{message:text|image}` in it has a variant for each of these kinds of messages; `written` stands
for all that people write, `any` for every kind. `messages` and `parts` are what bodies have in
common. What a placeholder stands for is in `filling`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

Template = Mapping[str, Any]

_FOLDER = Path(__file__).parent / "bodies"
_MESSAGE = re.compile(r"\{message:([a-zA-Z|-]+)\}")
_USUAL = ("usual", "text", "form", "documented", "approved")
"""The variant that is meant when none is named is the first of these that there is."""


@cache
def templates_of(generation: str) -> Mapping[str, Mapping[str, Template]]:
    """By trigger and variant, the bodies of a generation: `current`, `legacy` or `bot`.

    The usual variant comes first. What has a legacy form only is current too.
    """
    found: dict[str, dict[str, Template]] = {}
    folders = ("legacy", "current") if generation == "current" else (generation,)
    for folder in folders:
        paths = sorted((_FOLDER / folder).glob("*.json"))
        here: dict[str, dict[str, Template]] = {}
        for path in paths:
            trigger, _, variant = path.stem.partition(".")
            here.setdefault(trigger, {}).update(_variants(path.read_text("utf-8"), variant))
        found |= here
    return MappingProxyType(
        {
            trigger: MappingProxyType(dict(sorted(variants.items(), key=_place)))
            for trigger, variants in sorted(found.items())
        }
    )


@cache
def part(kind: str, name: str) -> Template:
    """A `part` or a `message` by its name. Raises `KeyError`."""
    folders = ("parts",) if kind == "part" else ("messages/written", "messages/told")
    for folder in folders:
        path = _FOLDER / folder / f"{name}.json"
        if path.is_file():
            return _parsed(path.read_text("utf-8"))
    raise KeyError(f"{kind}.{name}")


def _variants(text: str, variant: str) -> Mapping[str, Template]:
    chosen = _MESSAGE.search(text)
    if chosen is None:
        return {variant or "usual": _parsed(text)}
    kinds = _kinds(chosen[1])
    return {kind: _parsed(_MESSAGE.sub(f"{{message.{kind}}}", text)) for kind in kinds}


def _kinds(choice: str) -> list[str]:
    folders = {"written": ("written",), "any": ("written", "told")}.get(choice)
    if folders is None:
        return choice.split("|")
    return [
        path.stem
        for folder in folders
        for path in sorted((_FOLDER / "messages" / folder).glob("*.json"))
    ]


def _place(variant: tuple[str, Template]) -> int:
    return _USUAL.index(variant[0]) if variant[0] in _USUAL else len(_USUAL)


def _parsed(text: str) -> Template:
    parsed: Template = json.loads(text)
    return parsed
