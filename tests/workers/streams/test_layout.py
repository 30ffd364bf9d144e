"""Which partitions there are, and how they are changed while everything runs."""

import pytest

from comethooks.workers.streams import keys
from comethooks.workers.streams.layout import (
    Layout,
    Layouts,
    PartitionsError,
    SwitchingError,
    check_count,
    fixed_layouts,
    read_layouts,
    retire,
    switch,
)
from tests.redis_server import RedisServer


@pytest.mark.parametrize(("layout", "text"), [(Layout(16), "16"), (Layout(32, 16), "32@16")])
def test_a_layout_is_written_and_read(layout: Layout, text: str) -> None:
    """The first one as a plain number."""
    assert str(layout) == text
    assert Layout.parse(text) == Layout.parse(text.encode()) == layout


def test_a_conversation_has_one_partition_of_its_layout() -> None:
    """The same in every process."""
    layout = Layout(8, 16)
    found = {layout.partition_of("app", f"group_{number}") for number in range(200)}
    assert found == set(range(16, 24))
    assert layout.partition_of("app", "group_1") == layout.partition_of("app", "group_1")


def test_whoever_comes_first_fixes_the_number(redis_server: RedisServer) -> None:
    """Reading alone fixes nothing."""
    client = redis_server.client()
    assert read_layouts(client, 4) == Layouts(Layout(4))
    assert not client.exists(keys.PARTITIONS)
    assert fixed_layouts(client, 4) == fixed_layouts(client, 8) == Layouts(Layout(4))


def test_another_number_in_the_settings_is_an_error_that_says_what_to_do(
    redis_server: RedisServer,
) -> None:
    """None is the number that there is."""
    client = redis_server.client()
    check_count(client, 8)
    fixed_layouts(client, 4)
    check_count(client, None)
    check_count(client, 4)
    with pytest.raises(PartitionsError, match="comethooks partitions set 8"):
        check_count(client, 8)


def test_a_switch_leaves_the_old_partitions_to_be_emptied(redis_server: RedisServer) -> None:
    """They are forgotten once nothing is in them, marks included; then there can be another
    switch.
    """
    client = redis_server.client()
    fixed_layouts(client, 2)
    client.xadd(keys.stream(1), {"v": "1"})
    assert switch(client, 3) == read_layouts(client) == Layouts(Layout(3, 2), Layout(2))
    assert read_layouts(client).draining == Layout(2)
    assert list(read_layouts(client).numbers) == [0, 1, 2, 3, 4]
    with pytest.raises(SwitchingError):
        switch(client, 5)
    assert not retire(client, Layout(2))
    client.delete(keys.stream(1))
    client.hset(keys.progress(0), "1-0/a.b", "started")
    assert not retire(client, Layout(2))
    client.delete(keys.progress(0))
    assert not retire(client, Layout(3, 2))
    assert retire(client, Layout(2))
    assert read_layouts(client) == Layouts(Layout(3, 2))
    assert switch(client, 2) == Layouts(Layout(2, 5), Layout(3, 2))


def test_a_switch_to_the_number_that_there_is_changes_nothing(redis_server: RedisServer) -> None:
    """However often it is asked for."""
    client = redis_server.client()
    assert switch(client, 16) == switch(client, 16) == Layouts(Layout(16))
