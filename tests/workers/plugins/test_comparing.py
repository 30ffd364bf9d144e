"""Who has what of the plugins."""

from dataclasses import replace

import pytest

from comethooks.workers.plugins.comparing import compare, holdings, not_running
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.published import (
    HeldDecider,
    HeldHandler,
    HeldPlugin,
    PluginState,
    WorkerPlugins,
)

ONE = HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "1111")
TWO = HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "2222")
KEPT = HeldPlugin("welcome", PluginState.LAST_GOOD, "/srv/welcome.py:3", "1111", "SyntaxError: x")
BROKEN = HeldPlugin("welcome", PluginState.QUARANTINED, "/srv/welcome.py:3", None, "ValueError: y")
OFF = HeldPlugin("welcome", PluginState.DISABLED, "/srv/welcome.py", None, "named in a setting")


def worker(member: str, *plugins: HeldPlugin) -> WorkerPlugins:
    return WorkerPlugins(member, 1000, plugins)


@pytest.mark.parametrize(
    ("plugins", "sentence"),
    [
        ((ONE,), "1 worker on a runs version 1111"),
        (
            (KEPT,),
            "1 worker on a goes on with its last good version 1111:"
            " SyntaxError: x (/srv/welcome.py:3)",
        ),
        ((BROKEN,), "1 worker on a has it in quarantine: ValueError: y (/srv/welcome.py:3)"),
        ((OFF,), "1 worker on a has it disabled"),
        ((), "1 worker on a does not have it"),
    ],
)
def test_each_state_has_its_sentence(plugins: tuple[HeldPlugin, ...], sentence: str) -> None:
    """With how many, where, which version and why."""
    [holding] = holdings("welcome", [worker("a|boot|1", *plugins)])
    assert holding.sentence == sentence


def test_other_filters_make_it_another_though_the_code_is_the_same() -> None:
    """They may come from the environment."""
    there, here = (
        replace(ONE, handlers=(HeldHandler("welcome.greet", ("*",), filters_of({"tag": tag})),))
        for tag in ("a", "b")
    )
    [compared] = compare([here], [worker("a|boot|1", there)])
    assert not compared.agree
    assert compared.holdings[0].sentence == (
        "1 worker on a runs version 1111; welcome.greet with tag=a"
    )


def test_what_decides_in_shadow_in_one_place_differs_from_what_decides_in_another() -> None:
    """What it decides on is told of it."""
    there, here = (
        replace(ONE, deciders=(HeldDecider("welcome.judge", ("before_message",), (), shadow),))
        for shadow in (True, False)
    )
    [compared] = compare([here], [worker("a|boot|1", there)])
    assert not compared.agree
    assert compared.holdings[0].sentence == (
        "1 worker on a runs version 1111; welcome.judge decides on before_message, in shadow"
    )


def test_those_that_have_the_same_are_told_together() -> None:
    """What most have comes first."""
    workers = [
        worker("a|boot|1", TWO),
        worker("b|boot|1", ONE),
        worker("a|boot|2", ONE),
        worker("a|boot|3", ONE),
    ]
    assert [each.sentence for each in holdings("welcome", workers)] == [
        "3 workers on a, b run version 1111",
        "1 worker on a runs version 2222",
    ]


def test_what_a_file_says_of_its_own_name_counts_before_another_file() -> None:
    """Neither runs; that the second may not have the name is the lesser news."""
    second = replace(BROKEN, where="/srv/a.py:3", reason="taken", name_is_taken=True)
    here = (BROKEN, second)
    [compared] = compare(here, [worker("a|boot|1", *here)])
    assert compared.here == BROKEN
    [holding] = compared.holdings
    assert holding.plugin == BROKEN


@pytest.mark.parametrize(
    ("here", "there", "agree"),
    [(ONE, ONE, True), (ONE, TWO, False), (ONE, KEPT, False), (BROKEN, BROKEN, True)],
)
def test_the_same_is_the_same_state_and_version(
    here: HeldPlugin, there: HeldPlugin, agree: bool
) -> None:
    """The place may be another on each host."""
    [compared] = compare([here], [worker("a|boot|1", there)])
    assert compared.agree is agree


def test_what_only_one_side_has_is_told_too() -> None:
    """And where nobody is at work, nothing differs."""
    [compared] = compare([], [worker("a|boot|1", ONE)])
    assert (compared.here, compared.agree) == (None, False)
    [compared] = compare([ONE], [worker("a|boot|1")])
    assert (compared.here, compared.agree) == (ONE, False)
    [compared] = compare([ONE], [])
    assert (compared.holdings, compared.agree) == ((), True)


def test_what_does_not_run_everywhere_is_told_without_what_errors_say() -> None:
    """For those who need no credentials to ask."""
    workers = [worker("a|boot|1", ONE), worker("a|boot|2", BROKEN), worker("b|boot|1", KEPT)]
    assert list(not_running(workers)) == [
        "welcome is in quarantine on 1 of 3 workers",
        "welcome is in its last good version on 1 of 3 workers",
    ]
    assert list(not_running([worker("a|boot|1", ONE), worker("b|boot|1", TWO)])) == [
        "welcome runs in 2 versions"
    ]
    assert list(not_running([worker("a|boot|1", ONE), worker("b|boot|1")])) == [
        "welcome is missing on 1 of 2 workers"
    ]
    assert list(not_running([worker("a|boot|1", ONE), worker("b|boot|1", ONE)])) == []
