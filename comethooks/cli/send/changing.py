"""`--remove`, `--set` and `--add`: bodies otherwise than they come."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from comethooks import samples, schemas
from comethooks.workers.texts import dumps, near

_MOST_NEAR = 3


class Changes:
    """What is removed from bodies, then set in them, and then added to them.

    Removing or setting what is not in a body does nothing, but `check` refuses what was in none.
    """

    def __init__(
        self, removals: Sequence[str], assignments: Iterable[str], additions: Iterable[str] = ()
    ) -> None:
        self._removals = removals
        self._assignments = [_parsed(assignment, "--set") for assignment in assignments]
        self._additions = [_parsed(addition, "--add") for addition in additions]
        self._absent = {("--remove", path): None for path in removals}
        self._absent |= {("--set", path): None for path, _ in self._assignments}
        self._known: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._removals or self._assignments or self._additions)

    def made_in(self, body: dict[str, Any]) -> dict[str, Any]:
        """`body`, changed. What cannot be changed is wrong use."""
        # Before anything is removed, because what is removed may be set again.
        if self._assignments or self._absent:
            self._known = list(_paths(body))
        for path in self._removals:
            with _wrong_use("--remove"):
                if samples.remove(body, path):
                    self._absent.pop(("--remove", path), None)
        for path, value in self._assignments:
            with _wrong_use("--set"):
                samples.check_path(path)
                if path in self._known:
                    samples.put(body, path, value)
                    self._absent.pop(("--set", path), None)
        for path, value in self._additions:
            with _wrong_use("--add"):
                samples.put(body, path, value)
        return body

    def made_in_bytes(self, raw: bytes, where: str) -> bytes:
        """`raw` as it stands, or an object with the changes in it.

        `where` says in an error where it comes from.
        """
        if not self:
            return raw
        try:
            return dumps(self.made_in(schemas.decode(raw)))
        except schemas.NotJsonError as error:
            raise click.ClickException(
                f"{where} is {error}, so nothing in it can be changed; without --set, --add and"
                " --remove it is sent as it stands"
            ) from None

    def unremoved(self) -> list[str]:
        """The paths that were to be removed, and were in none of the bodies so far."""
        return [path for option, path in self._absent if option == "--remove"]

    def unset(self) -> list[str]:
        """What is wrong with each path that was to be set, and was in none of the bodies so far."""
        return [self._misled(path, option) for option, path in self._absent if option == "--set"]

    def check(self) -> None:
        """Wrong use, if something was to be removed or set that was in none of the bodies."""
        for option, path in self._absent:
            raise click.BadParameter(self._misled(path, option), param_hint=f"'{option}'")

    def _misled(self, path: str, option: str) -> str:
        near = _near(path, self._known)
        guess = f"; did you mean {' or '.join(near)}?" if near else "; --print shows the body."
        more = f" --add {path}=… adds it." if option == "--set" else ""
        return f"nothing is at {path}{guess}{more}"


def _parsed(assignment: str, option: str) -> tuple[str, Any]:
    path, equals, value = assignment.partition("=")
    if not equals:
        raise click.BadParameter(
            f"{assignment!r} has no =; write PATH=VALUE", param_hint=f"'{option}'"
        )
    return path, samples.value_of(value)


@contextmanager
def _wrong_use(option: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=f"'{option}'") from None


def _paths(value: Any, above: str = "") -> Iterator[str]:
    """The dotted path of everything in a body."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        path = f"{above}.{key}" if above else str(key)
        yield path
        if isinstance(item, dict | list):
            yield from _paths(item, path)


def _near(path: str, known: Sequence[str]) -> list[str]:
    """Paths that may be meant: those that end in a similar key, the most similar one first."""
    keys = [each.rpartition(".")[2] for each in known]
    like = near(path.rpartition(".")[2], keys)
    ending = sorted(
        (like.index(key), len(each), each)
        for each, key in zip(known, keys, strict=True)
        if key in like
    )
    return [each for _, _, each in ending][:_MOST_NEAR]
