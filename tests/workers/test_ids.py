"""Identifiers: unique, and ordered by time."""

from uuid import UUID

from comethooks.workers.ids import derived_id, new_id


def test_an_id_is_a_uuid_of_version_seven() -> None:
    """The standard form, variant included."""
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_ids_sort_by_the_time_they_were_made() -> None:
    """Whatever their random part."""
    assert new_id(1000, b"\xff" * 10) < new_id(1001, b"\x00" * 10)


def test_an_id_can_be_made_of_a_digest() -> None:
    """It is a UUID of version eight, and the same for the same."""
    made = UUID(derived_id(b"\xff" * 32))
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert derived_id(b"\xff" * 32) == derived_id(b"\xff" * 16) != derived_id(b"\xfe" * 16)
