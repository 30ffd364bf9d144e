"""What can be wrong with a body.

    SchemaError
    ├── NotJsonError      not a JSON object at all (HTTP 400)
    └── InvalidBodyError  a JSON object that lacks what its trigger cannot be without (HTTP 422)

No text of an error holds anything of the body but its keys' documented names, so all of it may be
logged.
"""

from collections.abc import Mapping


class SchemaError(Exception):
    """Root of everything that this package raises about a body."""


class NotJsonError(SchemaError):
    """The body is not a JSON object. `reason` says what it is instead, in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidBodyError(SchemaError):
    """The body lacks a field that its trigger requires, or holds the wrong type there.

    `errors` maps the dotted path of each such field to its messages, and `lines` has the same as
    texts; `trigger` is None when that is what is missing.
    """

    def __init__(self, errors: Mapping[str, list[str]], trigger: str | None) -> None:
        self.lines = tuple(f"{path}: {' '.join(texts)}" for path, texts in errors.items())
        super().__init__("; ".join(self.lines))
        self.errors = dict(errors)
        self.trigger = trigger
