"""Views of decoded JSON that cannot be written through, made as deep as somebody looks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload


def read_only(value: Any) -> Any:
    """`value`, or a view of it when it is a dict or a list."""
    if isinstance(value, dict):
        return ReadOnlyDict(value)
    return ReadOnlyList(value) if isinstance(value, list) else value


class ReadOnlyDict(Mapping[str, Any]):
    """A dict that can be read and compared, but not changed; nor can anything in it."""

    __slots__ = ("_dict",)

    def __init__(self, wrapped: dict[str, Any]) -> None:
        self._dict = wrapped

    def __getitem__(self, key: str) -> Any:
        return read_only(self._dict[key])

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __eq__(self, other: object) -> bool:
        return self._dict == (other._dict if isinstance(other, ReadOnlyDict) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Without its content: a body must not get into a log by way of a repr.
        return f"<read-only dict of {len(self)}>"

    def copy(self) -> dict[str, Any]:
        """A plain dict of plain dicts and lists, to change or to give to any JSON encoder."""
        copied: dict[str, Any] = _copied(self._dict)
        return copied


class ReadOnlyList(Sequence[Any]):
    """A list that can be read and compared, but not changed; nor can anything in it."""

    __slots__ = ("_list",)

    def __init__(self, wrapped: list[Any]) -> None:
        self._list = wrapped

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> "ReadOnlyList": ...

    def __getitem__(self, index: int | slice) -> Any:
        return read_only(self._list[index])

    def __len__(self) -> int:
        return len(self._list)

    def __eq__(self, other: object) -> bool:
        return self._list == (other._list if isinstance(other, ReadOnlyList) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<read-only list of {len(self)}>"

    def copy(self) -> list[Any]:
        """A plain list of plain dicts and lists, to change or to give to any JSON encoder."""
        copied: list[Any] = _copied(self._list)
        return copied


def _copied(root: Any) -> Any:
    # A stack of its own instead of recursion: bodies may be nested as deep as the decoder allows.
    top = root.copy()
    unfinished = [top]
    while unfinished:
        container = unfinished.pop()
        for key, value in (
            container.items() if isinstance(container, dict) else enumerate(container)
        ):
            if isinstance(value, dict | list):
                container[key] = value.copy()
                unfinished.append(container[key])
    return top
