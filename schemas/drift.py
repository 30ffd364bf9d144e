"""Drift: what a body holds beyond what the schemas know, which is no reason to refuse it.

CometChat's triggers grew twice in one year, ahead of its documentation; this is how somebody comes
to know of the next time. A finding names a place, never what stands there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from comethooks.schemas.masking import without_tokens
from comethooks.schemas.triggers.table import UNKNOWN
from comethooks.schemas.triggers.trigger import Form, Trigger
from comethooks.schemas.wire.fields import ObjectMap, declared
from comethooks.schemas.wire.wire_field import Declared

MOST_FINDINGS = 20
"""In one body; whoever sends more is sending something else."""
LONGEST_PATH = 200
_DEEPEST = 40
"""Levels that are looked at; objects of CometChat may contain one another."""
_CONTAINERS = (dict, list)


class DriftKind(StrEnum):
    """What is not as expected."""

    TRIGGER = "unknown trigger"
    FIELD = "unknown field"
    TYPE = "wrong type"
    MISFIT = "misfit"
    """What a trigger cannot be without, in a body that was let through all the same."""


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One finding. In `path`, `*` stands for an id that is a key, `[]` for a place in a list."""

    kind: DriftKind
    path: str


def drift_in(body: Mapping[str, Any], entry: Trigger, form: Form) -> tuple[Drift, ...]:
    """What is not as expected in a body of `entry` in `form`; at most `MOST_FINDINGS`."""
    found: dict[Drift, None] = {}
    if entry is UNKNOWN:
        found[Drift(DriftKind.TRIGGER, "trigger")] = None
    _walk(body, declared(form.shape.schema), "", found, _DEEPEST)
    return tuple(found)[:MOST_FINDINGS]


def _walk(value: Any, known: Declared, path: str, found: dict[Drift, None], levels: int) -> None:
    # By the exact type: a JSON decoder makes no subclasses, and this is run for every request.
    if type(value) is not dict:
        _add(found, DriftKind.TYPE, path)
        return
    texts = known.texts
    for key, item in value.items():
        if type(item) is str and key in texts:
            continue  # most of what a body holds
        field = known.get(key)
        if field is None:
            _add(found, DriftKind.FIELD, f"{path}.{known.step(key)}")
        elif item is None:
            continue
        elif not field.expects(item):
            _add(found, DriftKind.TYPE, f"{path}.{known.step(key)}")
        elif type(item) in _CONTAINERS and levels and (below := field.below(item)) is not None:
            if type(item) is list:
                for each in item:
                    _walk(each, below, f"{path}.{known.step(key)}[]", found, levels - 1)
            elif isinstance(field, ObjectMap):
                for each in item.values():
                    _walk(each, below, f"{path}.{known.step(key)}.*", found, levels - 1)
            else:
                _walk(item, below, f"{path}.{known.step(key)}", found, levels - 1)


def _add(found: dict[Drift, None], kind: DriftKind, path: str) -> None:
    if len(found) < MOST_FINDINGS:
        path = without_tokens(path.removeprefix("."))
        found[
            Drift(kind, path if len(path) <= LONGEST_PATH else path[: LONGEST_PATH - 1] + "…")
        ] = None
