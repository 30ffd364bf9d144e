"""Identifiers: unique, and ordered by time."""

from uuid import UUID

from comethooks.workers.clock import NS_PER_MS
from comethooks.workers.ids import derived_id, id_at, new_id


def test_an_id_is_a_uuid_of_version_seven() -> None:
    """The standard form, variant included."""
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_ids_sort_by_the_time_they_were_made() -> None:
    """Whatever their random part."""
    assert id_at(1000, b"\xff" * 10) < id_at(1001, b"\x00" * 10)


def test_ids_of_one_millisecond_sort_by_the_time_they_were_made() -> None:
    """A quarter of a microsecond apart is enough."""
    start = 1_800_000_000_000 * NS_PER_MS
    made = [new_id(start + 245 * place) for place in range(NS_PER_MS // 245)]
    assert made == sorted(made)
    assert id_at(1_800_000_000_000 - 1, b"\xff" * 10) < made[0]
    assert made[-1] < id_at(1_800_000_000_001, b"\x00" * 10)


def test_an_id_can_be_made_of_a_digest() -> None:
    """It is a UUID of version eight, and the same for the same."""
    made = UUID(derived_id(b"\xff" * 32))
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert derived_id(b"\xff" * 32) == derived_id(b"\xff" * 16) != derived_id(b"\xfe" * 16)
