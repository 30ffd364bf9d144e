"""What every field of a body has: how it is loaded, and what it says of itself.

**A field is strict exactly when it is required.** Required, it refuses what is missing or of the
wrong type; otherwise whatever its rule cannot make sense of is loaded as None. So every field is in
the loaded data, and only what `schemas.triggers.table` requires can refuse a body. What is not as
expected elsewhere is *drift*.

A field also says, once and for everybody, what its value is worth hiding for: `secret` (it opens
something) or `personal` (it is about a person). Outputs mask the first, redaction both.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from marshmallow import fields, missing


class Declared(dict[str, "WireField"]):
    """The fields of an object, under the keys of the wire."""

    @cached_property
    def texts(self) -> frozenset[str]:
        """The keys under which every string is expected."""
        return frozenset(
            key
            for key, field in self.items()
            if type(field).expects is WireField.expects and str in field.types
        )

    def step(self, key: str) -> str:
        """How a path calls what stands under a key."""
        return key


class DeclaredById(Declared):
    """One field for whatever key, since the keys are ids."""

    def __init__(self, field: "WireField") -> None:
        super().__init__({"*": field})
        self._field = field

    def get(self, key: str, default: Any = None) -> Any:
        """The field."""
        return self._field

    def step(self, key: str) -> str:
        """An id is no part of a path."""
        return "*"


class WireField(fields.Field[Any]):
    """Base of the fields. A subclass names its `rule`: from a value to its meaning, or None.

    `types` are those that a decoded value may have without being drift.
    """

    rule: Callable[[Any], Any]
    types: tuple[type, ...] = (str,)
    default_error_messages = {"invalid": "Not a valid value."}

    def __init__(self, *, secret: bool = False, personal: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.secret = secret
        self.personal = personal

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """What `value` means; None when it means nothing and the field is not required."""
        # In place of Marshmallow's own checks, which refuse a wrong value of an optional field too.
        result = None if value is missing else self.rule(value)
        if result is None and self.required:
            raise self._refusal(value)
        return result

    def expects(self, value: Any) -> bool:
        """Whether a decoded `value`, which is not None, is of a kind that the field may have."""
        return type(value) in self.types

    def below(self, value: Any) -> Declared | None:
        """The fields of the object that `value` is; None when nothing is declared for it."""
        return None

    def all_below(self) -> Sequence[Declared]:
        """Those of every object that a value may be."""
        return ()

    def hides(self, value: Any) -> bool:
        """Whether a value is redacted as a whole."""
        return self.personal or self.secret

    def _refusal(self, value: Any) -> Exception:
        if value is missing:
            return self.make_error("required")
        return self.make_error("null" if value is None else "invalid")
