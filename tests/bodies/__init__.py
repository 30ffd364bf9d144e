"""Bodies as CometChat sends them, one file each, with names and ids of our own."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def raw(name: str) -> bytes:
    """The body as it comes over the wire."""
    return (FOLDER / f"{name}.json").read_bytes()


def body(name: str) -> dict[str, Any]:
    """The body decoded; a new object at each call, so it may be changed."""
    return orjson.loads(raw(name))


def dump(value: Any) -> bytes:
    """A changed body as it would come over the wire."""
    return orjson.dumps(value)


def changed(value: dict[str, Any], path: str, new: Any) -> dict[str, Any]:
    """A copy of a body with `new` at a dotted path."""
    copied = copy.deepcopy(value)
    holder, key = _holder(copied, path)
    holder[key] = new
    return copied


def without(value: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy of a body with nothing at a dotted path."""
    copied = copy.deepcopy(value)
    holder, key = _holder(copied, path)
    del holder[key]
    return copied


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a body, at any depth, the body itself first."""
    if isinstance(value, dict):
        yield value
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    for child in children:
        yield from objects_in(child)


def paths_in(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted path of everything in a body, objects and what is in them."""
    for key, item in value.items():
        yield f"{prefix}{key}"
        if isinstance(item, dict):
            yield from paths_in(item, f"{prefix}{key}.")


def _holder(value: Any, path: str) -> tuple[dict[str, Any], str]:
    *parents, last = path.split(".")
    for key in parents:
        value = value[key]
    return value, last
