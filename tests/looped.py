"""Many small cases in one test."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Test = Callable[..., None]

_MOST, _LONGEST = 20, 80
"""How many cases are named beside the first, and by how many characters of each value."""


def looped(
    names: str, cases: Iterable[Any], *, ids: Callable[[Any], object] = repr
) -> Callable[[Test], Test]:
    """What `pytest.mark.parametrize` says, as one test: a test of its own costs some milliseconds,
    and each test process collects all of them.

    It fails as its first case did that fails, and names that one and the others that do. Fixtures
    are made once for all cases.
    """
    arguments = [name.strip() for name in names.split(",")]
    cases = tuple(cases)

    def of(test: Test) -> Test:
        @functools.wraps(test)
        def looping(*fixtures: Any, **named: Any) -> None:
            __tracebackhide__ = True
            first: Exception | None = None
            failed = []
            tried = 0
            for case in cases:
                tried += 1
                values = (case,) if len(arguments) == 1 else case
                given = dict(zip(arguments, values, strict=True))
                try:
                    test(*fixtures, **named, **given)
                except (Exception, pytest.fail.Exception) as error:
                    first = first or error
                    failed.append(" ".join(_short(str(ids(value))) for value in values))
            if first is None:
                return
            one, *others = failed
            first.add_note(f"of {tried} cases, this is {names} = {one}")
            if others:
                first.add_note(f"{len(others)} more fail: {'; '.join(others[:_MOST])}")
            raise first

        parameters = inspect.signature(test).parameters
        looping.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [parameter for name, parameter in parameters.items() if name not in arguments]
        )
        return looping

    return of


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
