"""`--set` and `--remove`: bodies otherwise than they come."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from comethooks import samples, schemas
from comethooks.workers.texts import dumps


class Changes:
    """What is removed from bodies, and then set in them.

    Removing what is not there does nothing, but `check` says so when it never was.
    """

    def __init__(self, removals: Sequence[str], assignments: Iterable[str]) -> None:
        self._removals = removals
        self._assignments = [_parsed(assignment) for assignment in assignments]
        self._absent = set(removals)

    def __bool__(self) -> bool:
        return bool(self._removals or self._assignments)

    def made_in(self, body: dict[str, Any]) -> dict[str, Any]:
        """`body`, changed. What cannot be changed is wrong use."""
        for path in self._removals:
            try:
                if samples.remove(body, path):
                    self._absent.discard(path)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="'--remove'") from None
        for path, value in self._assignments:
            try:
                samples.put(body, path, value)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="'--set'") from None
        return body

    def made_in_bytes(self, raw: bytes, where: str) -> bytes:
        """`raw`: as it stands, or an object with what is to be changed in it. `where` it is from,
        for the error.
        """
        if not self:
            return raw
        try:
            return dumps(self.made_in(schemas.decode(raw)))
        except schemas.NotJsonError as error:
            raise click.ClickException(
                f"{where} is {error}, so nothing in it can be changed; without --set and --remove"
                " it is sent as it stands"
            ) from None

    def absent(self) -> list[str]:
        """What was to be removed and was in none of the bodies so far."""
        return [path for path in self._removals if path in self._absent]

    def check(self) -> None:
        """Wrong use, if something was to be removed that was in none of the bodies so far."""
        if absent := self.absent():
            raise click.BadParameter(
                f"nothing is at {absent[0]}; --print shows what there is", param_hint="'--remove'"
            )


def _parsed(assignment: str) -> tuple[str, Any]:
    path, equals, value = assignment.partition("=")
    if not equals:
        raise click.BadParameter(f"{assignment!r} has no =; write PATH=VALUE", param_hint="'--set'")
    return path, samples.value_of(value)
