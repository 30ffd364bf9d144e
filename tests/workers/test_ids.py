"""Identifiers: unique, ordered by time, and readable as such."""

from uuid import UUID

from workers.ids import id_time_ms, new_id


def test_an_id_is_a_uuid_of_version_seven() -> None:
    """The standard form, variant included."""
    made = UUID(new_id())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_ids_sort_by_the_time_they_were_made() -> None:
    """Whatever their random part."""
    assert new_id(1000, b"\xff" * 10) < new_id(1001, b"\x00" * 10)


def test_the_time_can_be_read_back() -> None:
    """In milliseconds; other texts have none."""
    assert id_time_ms(new_id(1_800_000_000_123)) == 1_800_000_000_123
    assert id_time_ms("not an id") is None
    assert id_time_ms("6ba7b810-9dad-11d1-80b4-00c04fd430c8") is None
