# ruff: noqa: RUF001
"""Rules at work: what they find, in whose messages, and how long that may take."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from comethooks.workers.moderation.look import MOST_CHARACTERS, Look, bounded
from tests.workers.moderation.rule_texts import found, rule, rules_of


def test_rules_find_in_the_order_of_the_file(tmp_path) -> None:
    """What each looks for, in the order of its keys."""
    rules = rules_of(
        tmp_path, rule('patterns = ["b.d"]\nwords = "bad"', "one") + rule('words = "bad"', "two")
    )
    matches = rules.findings(Look(("So b a d",)))
    assert [(each.rule.name, each.kind) for each in matches] == [
        ("one", "words"),
        ("one", "patterns"),
        ("two", "words"),
    ]
    assert {(each.text, each.normalised) for each in matches} == {("So b a d", "so bad")}


def test_patterns_see_what_was_written_and_what_it_comes_to(tmp_path) -> None:
    """Case counts in the first, and nothing is hidden in the second."""
    rules = rules_of(tmp_path, rule('patterns = ["BUY\\\\s+NOW", "^buy crypto$"]'))
    assert found(rules, "BUY  NOW!") == [("patterns", r"BUY\s+NOW")]
    assert found(rules, "Buy ＣrурТо") == [("patterns", "^buy crypto$")]


def test_a_pattern_that_hangs_others_is_done_at_once(tmp_path) -> None:
    """Engines that backtrack take years for this one."""
    rules = rules_of(tmp_path, rule('patterns = ["^(a+)+$", "(x+x+)+y"]'))
    began = time.process_time()
    assert found(rules, "a" * 5_000 + "b", "x" * 5_000) == []
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        "lorem ipsum dolor " * 60_000,
        "a" + "\u0301\u0316" * 5_000,
        "\0 a\ud800b \udfff",
        "a " * 30_000,
        "a." * 30_000,
        "12345678 " * 7_000,
        "a@b-" * 16_000,
        "加密" * 30_000,
        "x dot " * 10_000,
        "$@" * 30_000,
    ],
    ids=["1MB", "marks", "surrogates", "spaced", "dots", "phones", "at", "han", "dot", "signs"],
)
def test_no_text_takes_long(tmp_path, text: str) -> None:
    """Whatever it is, it is looked at within the time of a decision."""
    rules = rules_of(
        tmp_path,
        rule('words = "scam"\npatterns = ["sc.m"]\nlinks = { allow = [] }\ncontacts = {}'),
    )
    rules.prepare()
    began = time.process_time()
    rules.findings(Look(tuple(bounded([text]))))
    assert time.process_time() - began < 0.5


def test_what_stands_behind_the_limit_is_not_looked_at(tmp_path) -> None:
    """All texts together have one."""
    assert sum(map(len, bounded(["a" * 15_000, "b" * 15_000]))) == MOST_CHARACTERS


def test_where_says_in_whose_messages(tmp_path) -> None:
    """By the attributes that filters have, by role, and by how old an account is."""
    rules = rules_of(
        tmp_path,
        rule('words = "x"\nwhere = { receiver_type = "group", tag = ["a", "b"] }', "attributes")
        + rule('words = "x"\nwhere = { roles = ["guest"] }', "roles")
        + rule('words = "x"\nwhere = { user_age = "<7d" }', "young")
        + rule('words = "x"\nwhere = { user_age = ">7d" }', "old"),
    )
    now = datetime(2026, 1, 10, tzinfo=UTC)

    def names(**look: object) -> list[str]:
        return [each.rule.name for each in rules.findings(Look(("x",), **look))]

    values = {"receiver_type": ("group",), "tag": ("b", "c")}
    assert names() == []
    assert names(values=values) == ["attributes"]
    assert names(roles=frozenset({"guest"})) == ["roles"]
    assert names(created_at=now - timedelta(days=1), at=now) == ["young"]
    assert names(created_at=now - timedelta(days=9), at=now) == ["old"]


def test_nothing_is_found_of_who_is_exempt(tmp_path) -> None:
    """By default; a rule's own list takes the place of that."""
    text = '[defaults]\nexempt = { roles = ["admin"], users = ["Ann"], groups = ["den"] }\n'
    rules = rules_of(
        tmp_path,
        text
        + rule('words = "x"', "one")
        + rule('words = "x"\nexempt = { users = ["bob"] }', "two"),
    )

    def names(**look: object) -> list[str]:
        return [each.rule.name for each in rules.findings(Look(("x",), **look))]

    assert names(sender="carl") == ["one", "two"]
    assert names(sender="ann") == ["two"]
    assert names(sender="bob") == ["one"]
    assert names(sender="carl", group="den") == ["two"]
    assert names(roles=frozenset({"admin"})) == ["two"]
    assert names(sender="ann", sender_is_sure=False) == ["one", "two"]
