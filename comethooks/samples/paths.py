"""Changing a body at a dotted path."""

import json
import re
from typing import Any


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set `value` at a dotted path of `body`, making the objects on the way to it.

    In a list, a number is a place; the one after the last appends.

    Raises `ValueError`, whose text says what is in the way.
    """
    *parents, last = _parts(path)
    holder: Any = body
    for depth, key in enumerate(parents, 1):
        holder = _step(holder, key, ".".join(parents[: depth - 1]))
    where = ".".join(parents)
    if isinstance(holder, dict):
        holder[last] = value
    elif isinstance(holder, list):
        index = _index(holder, last, where, appending=True)
        holder[index : index + 1] = [value]
    else:
        raise _in_the_way(holder, last, where)


def remove(body: dict[str, Any], path: str) -> bool:
    """Remove what is at a dotted path of `body`; False when nothing is there.

    Raises `ValueError` for a path with an empty part or with brackets.
    """
    *parents, last = _parts(path)
    holder: Any = body
    for key in parents:
        holder = _held(holder, key)
    if isinstance(holder, dict) and last in holder:
        del holder[last]
    elif isinstance(holder, list) and _is_place(holder, last):
        del holder[int(last)]
    else:
        return False
    return True


def check_path(path: str) -> None:
    """Raise `ValueError` for a path with an empty part or with brackets."""
    _parts(path)


def value_of(text: str) -> Any:
    """What `text` is as JSON; the text itself when it is no JSON."""
    try:
        return json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return text


def _parts(path: str) -> list[str]:
    parts = path.split(".")
    if not all(parts):
        raise ValueError(
            f"the path {path!r} has an empty part; write it as in data.message.data.text"
        )
    dotted = re.sub(r"\[([0-9]*)\]", lambda place: f".{place[1] or 0}", path)
    if dotted != path:
        raise ValueError(f"the path {path!r} has brackets; write {dotted.lstrip('.')}")
    return parts


def _held(holder: Any, key: str) -> Any:
    if isinstance(holder, list):
        return holder[int(key)] if _is_place(holder, key) else None
    return holder.get(key) if isinstance(holder, dict) else None


def _is_place(holder: list[Any], key: str) -> bool:
    return key.isascii() and key.isdigit() and int(key) < len(holder)


def _step(holder: Any, key: str, where: str) -> Any:
    if isinstance(holder, dict):
        return holder.setdefault(key, {})
    if isinstance(holder, list):
        return holder[_index(holder, key, where, appending=False)]
    raise _in_the_way(holder, key, where)


def _index(holder: list[Any], key: str, where: str, *, appending: bool) -> int:
    limit = len(holder) if appending else len(holder) - 1
    if not (key.isascii() and key.isdigit()) or int(key) > limit:
        allowed = f"from 0 to {limit}" if limit >= 0 else "none, because it is empty"
        raise ValueError(f"{where} is a list, and {key!r} is no place in it (allowed: {allowed})")
    return int(key)


def _in_the_way(holder: Any, key: str, where: str) -> ValueError:
    kinds = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return ValueError(
        f"{where} is {kinds[type(holder)]} and no object, so nothing can be set at {where}.{key}"
    )


def _no_json(name: str) -> Any:
    raise ValueError(name)
