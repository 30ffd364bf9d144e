"""Variables that look like settings and that nobody reads."""

from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.unread import Unread, unread


def named(*names: str, **others: tuple[str, ...]) -> list[Unread]:
    return unread(dict.fromkeys(names, "hush"), **others)


def test_every_setting_and_the_file_of_one_is_read() -> None:
    assert named(*NAMES.values(), *(f"{name}_FILE" for name in NAMES.values())) == []


def test_variables_of_others_are_none_of_ours() -> None:
    assert named("PATH", "PORTS", "FLASK_ENV") == []


def test_a_misspelt_one_is_named_with_the_nearest() -> None:
    """Also as the name of a file, and in lower case."""
    found = named("COMETHOOKS_WORKER", "COMETHOOKS_BASICAUTH_FILE", "comethooks_max_body")
    assert [(each.name, each.nearest) for each in found] == [
        ("COMETHOOKS_BASICAUTH_FILE", "COMETHOOKS_BASIC_AUTH_FILE"),
        ("COMETHOOKS_WORKER", "COMETHOOKS_WORKERS"),
        ("comethooks_max_body", "COMETHOOKS_MAX_BODY"),
    ]
    assert found[1].sentence == (
        "COMETHOOKS_WORKER is read by nobody; did you mean COMETHOOKS_WORKERS?"
    )
    assert all(each.is_surely_misspelt for each in found)


def test_the_prefix_where_there_is_none_is_a_slip_too() -> None:
    """`PORT` and `REDIS_URL` are called as platforms call them."""
    assert [each.nearest for each in named("COMETHOOKS_PORT", "COMETHOOKS_REDIS_URL")] == [
        "PORT",
        "REDIS_URL",
    ]


def test_one_that_is_like_no_other_is_named_alone() -> None:
    [found] = named("COMETHOOKS_ZZ_QQ")
    assert found.sentence == (
        "COMETHOOKS_ZZ_QQ is read by nobody; unset it, or see docs/settings.md"
    )
    assert not found.is_surely_misspelt


def test_an_empty_one_counts_as_unset() -> None:
    assert unread({"COMETHOOKS_WORKER": " "}) == []


def test_what_plugins_read_is_read_and_a_slip_in_it_is_named() -> None:
    reads = ("COMETHOOKS_WELCOME_CHANNEL",)
    assert named("COMETHOOKS_WELCOME_CHANNEL", "COMETHOOKS_WELCOME_CHANNEL_FILE", more=reads) == []
    [found] = named("COMETHOOKS_WELCOME_CHANEL", more=reads)
    assert found.nearest == "COMETHOOKS_WELCOME_CHANNEL"


def test_nothing_is_said_of_what_a_plugin_may_read_that_is_not_known() -> None:
    """One that is broken or disabled: its settings are its own business."""
    assert named("COMETHOOKS_WELCOME_ANYTHING", namespaces=("welcome",)) == []
    assert named("COMETHOOKS_WELCOMES", namespaces=("welcome",)) != []
