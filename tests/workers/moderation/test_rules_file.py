"""The file of rules: what it says, and everything that is wrong with one at once."""

from datetime import timedelta

from comethooks.workers.moderation.rule import Exempt, Flood, Repetition, UserAge
from comethooks.workers.moderation.rules_file import RulesFileError, files_of, read_rules
from tests.workers.moderation.rule_texts import found, problems, rule, rules_of


def test_a_rule_has_all_that_its_table_says(tmp_path) -> None:
    """Also what the defaults say of it, and where it stands."""
    text = '[defaults]\nexempt = { roles = ["Admin"] }\n' + rule(
        'words = ["free crypto"]\nwhere = { receiver_type = "group", user_age = "<7d" }\n'
        'in_flight = "drop"\nafter = ["flag", "warn"]\nseverity = "high"\nshadow = true\n'
        'warn = "{{ event.sender.name }}, please"'
    )
    [made] = rules_of(tmp_path, text).rules
    assert (made.name, made.place, made.line) == ("scam", "rule[0]", 4)
    assert (made.words, made.in_flight, made.after) == (("free crypto",), "drop", ("flag", "warn"))
    assert (made.severity, made.shadow, made.kinds) == ("high", True, ("words",))
    assert made.user_age == UserAge(timedelta(days=7), younger=True)
    assert made.exempt == Exempt(roles=frozenset({"admin"}))
    assert made.warn is not None


def test_without_a_file_there_are_the_shipped_rules() -> None:
    """They look at how often somebody writes, are in shadow, and do nothing afterwards."""
    flood, repetition = read_rules().rules
    assert (flood.flood, repetition.repeats) == (Flood(10, 10), Repetition(4, 60, across=True))
    assert {(each.in_flight, each.shadow, each.after) for each in (flood, repetition)} == {
        ("drop", True, ())
    }


def test_words_come_from_a_file_too(tmp_path) -> None:
    """One on each line; those that begin with # are about it."""
    (tmp_path / "words.txt").write_text("# mine\nfree crypto\n\nscam\n", "utf-8")
    rules = rules_of(tmp_path, rule('words = "pill"\nwords_file = "words.txt"'))
    assert rules.rules[0].words == ("pill", "free crypto", "scam")
    assert found(rules, "It is a SCAM!") == [("words", "scam")]
    assert files_of(tmp_path / "rules.toml") == (rules.path, tmp_path / "words.txt")


def test_a_file_of_words_that_is_too_long_says_so(tmp_path) -> None:
    """Before any of its words is looked at."""
    (tmp_path / "words.txt").write_text("word\n" * 50_001, "utf-8")
    assert problems(tmp_path, rule('words_file = "words.txt"')) == {
        "rule[0].words_file": "it has 50001 words, and may have 50000"
    }


def test_everything_wrong_is_told_with_its_path(tmp_path) -> None:
    """All at once, each in words that say what to do."""
    (tmp_path / "words.txt").write_text("fine\n!!!\n", "utf-8")
    text = (
        rule('words = ["ok", "?!"]\nseverity = "huge"\nwrods = 1')
        + rule('patterns = ["(?=a)b"]\nwords_file = "nowhere.txt"')
        + rule('words_file = "words.txt"\nwhere = { rule = "x", user_age = "7d" }', "other")
        + rule("in_flight = 'none'", "nothing")
        + rule('words = ["x"]\nwarn = "{{ event.nobody }}"', "Big")
    )
    said = problems(tmp_path, text)
    nobody_reads = [where for where in said if said[where].startswith("nobody reads it; there are")]
    assert nobody_reads == ["rule[0].wrods", "rule[2].where.rule"]
    assert said.pop("rule[4].name").startswith("expected up to 40 lower-case letters")
    assert {where: each for where, each in said.items() if where not in nobody_reads} == {
        "rule[0].severity": "expected one of low, medium, high",
        "rule[0].words[1]": (
            "nothing is left of it once it is normalised: it has no letter and no digit"
        ),
        "rule[1].name": "rule[0] is called the same",
        "rule[1].patterns[0]": (
            "RE2 does not take it: invalid perl operator: (?=; it has no look-around and no"
            " back-references"
        ),
        "rule[1].words_file": "it cannot be read: No such file or directory",
        "rule[2].where.user_age": 'expected "<7d" or ">1h": m, h, d or w',
        "rule[2].words_file": (
            "line 2: nothing is left of it once it is normalised: it has no letter and no digit"
        ),
        "rule[3].name": (
            "it looks for nothing; write one of words, patterns, links, contacts, flood, repeats,"
            " scorer, words_file"
        ),
        "rule[4].warn": "line 1: an event has no 'nobody'",
    }


def test_a_file_that_is_none_says_so(tmp_path) -> None:
    """Too large, no TOML, of another version, without rules."""
    path = tmp_path / "rules.toml"
    path.write_bytes(b"#" * 5_000_000)
    assert problems_of(path) == [("", "it has more than 1 MB")]
    path.write_text("version = ", "utf-8")
    [(where, said)] = problems_of(path)
    assert where == ""
    assert said.startswith("it is no TOML: ")
    path.write_text("version = 2", "utf-8")
    assert problems_of(path) == [("rule", "it is missing"), ("version", "expected 1")]


def problems_of(path):
    try:
        read_rules(path)
    except RulesFileError as error:
        return sorted(error.found)
    return []
