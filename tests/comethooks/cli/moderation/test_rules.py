"""`comethooks moderation rules`, `check` and `test`: rules tried out before they count."""

import json
from pathlib import Path

import pytest

from tests.pages import blocks
from tests.workers.moderation.rule_texts import rule

PAGE = Path(__file__).parents[4] / "docs" / "moderation.md"


@pytest.fixture
def rules(command, tmp_path):
    """Runs a command of the group with rules, by default those of the page."""

    def run(*arguments: str, text: str | None = None, given: str | None = None):
        path = tmp_path / "rules.toml"
        path.write_text(blocks(PAGE, "toml")[0].code if text is None else text, "utf-8")
        data = None if given is None else given.encode()
        return command.piped(data, "moderation", *arguments, COMETHOOKS_MODERATION_RULES=str(path))

    return run


def test_it_prints_what_is_found_and_what_that_would_do(rules):
    """In the text as it is normalised; the others say why they do not look at it."""
    done = rules("check", "F R E E crypt0!", "--user", "ann", "--group", "den")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "scam (rule[0], high) words: free crypto",
        "    normalised: free crypto",
        "    would drop it in flight, flag once it was sent, warn once it was sent",
    ]
    assert done.stderr.splitlines() == [
        "elsewhere (rule[1]): nobody knows how old the sender's account is.",
        "flood (rule[2]): it counts messages, and here is one alone.",
        "1 rule of 3 found something.",
    ]


def test_it_says_who_is_exempt(rules):
    """By the role that is given."""
    done = rules("check", "free crypto", "--role", "Admin")
    assert done.stdout == ""
    assert "scam (rule[0]): the sender's role is exempt." in done.stderr


def test_it_prints_json(rules):
    """One object for what each rule finds."""
    done = rules("check", "free crypto", "--json")
    assert json.loads(done.stdout) == {
        "rule": "scam",
        "kind": "words",
        "found": "free crypto",
        "normalised": "free crypto",
        "in_flight": "drop",
        "after": ["flag", "warn"],
        "severity": "high",
        "shadow": False,
    }


def test_a_file_that_cannot_be_used_is_told_whole(rules):
    """With each path, and the setting that names it."""
    done = rules("check", "x", text='version = 2\n[[rule]]\nname = "a"\nwords = ["!"]\n')
    assert done.exit_code == 1
    first, *problems = done.stderr.splitlines()
    assert first.endswith("rules.toml (COMETHOOKS_MODERATION_RULES) cannot be used:")
    assert problems == [
        "  version: expected 1",
        "  rule[0].words[0]: nothing is left of it once it is normalised: it has no letter and no"
        " digit",
    ]


def test_without_a_file_the_shipped_rules_are_listed(command):
    """And it says how to have others."""
    done = command("moderation", "rules")
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["NAME", "flood", "repetition"]
    assert "COMETHOOKS_MODERATION_RULES names a file of your own" in done.stderr


def test_rules_are_listed_as_they_are_understood(rules):
    """Also as JSON."""
    done = rules("rules")
    assert "receiver_type=group, user_age=<7d" in done.stdout
    found = [json.loads(line) for line in rules("rules", "--json").stdout.splitlines()]
    assert [each["name"] for each in found] == ["scam", "elsewhere", "flood"]
    assert found[0]["exempt"] == {"roles": ["admin"], "users": [], "groups": []}


def test_what_a_rule_looks_for_is_counted(rules):
    """One of them is one."""
    text = "version = 1\n" + rule('words = ["a", "b"]\npatterns = ["c"]', "few")
    assert "2 words, 1 pattern " in rules("rules", text=text).stdout


def test_texts_that_come_out_as_expected_pass(rules, tmp_path):
    """The example of the page."""
    path = tmp_path / "texts.jsonl"
    [line] = [each.code for each in blocks(PAGE, "json") if "expect" in each.code]
    path.write_text(f"{line}\n\n" + '{"text": "hello", "expect": []}\n', "utf-8")
    done = rules("test", str(path))
    assert done.exit_code == 0, done.output
    assert done.stderr == "2 of 2 texts came out as expected.\n"


def test_a_text_that_comes_out_otherwise_fails(rules):
    """With what is missing, and what was not to be found."""
    lines = (
        '{"text": "hello", "expect": ["scam"]}\n{"text": "free crypto", "expect": []}\n'
        '{"text": "free crypto", "role": "admin", "expect": []}\n'
    )
    done = rules("test", "-", given=lines)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "line 1: hello",
        "  - scam was to find something, and did not",
        "line 2: free crypto",
        "  + scam found something, and was not to",
    ]
    assert done.stderr == "1 of 3 texts came out as expected.\n"
    first, _ = map(json.loads, rules("test", "-", "--json", given=lines).stdout.splitlines())
    assert first == {"line": 1, "text": "hello", "missing": ["scam"], "unexpected": []}


@pytest.mark.parametrize(
    "line, said",
    [
        ("nothing", "line 1: it is no JSON: Expecting value"),
        ("[]", "line 1: expected a JSON object"),
        ('{"text": 1}', "line 1: text: expected text; expect: it is missing"),
        (
            '{"text": "a", "expect": [], "sender": "b"}',
            "line 1: sender: nobody reads it; there are",
        ),
        ('{"text": "a", "expect": ["scan"]}', "line 1: there is no rule scan; did you mean scam?"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(rules, line, said):
    """With what is wrong with it."""
    done = rules("test", "-", given=line)
    assert done.exit_code == 1
    assert said in done.stderr


def test_scorers_are_asked_only_when_told(rules):
    """A service that does not answer is told, and the other rules go on."""
    text = "version = 1\n" + rule(
        'words = "x"\nscorer = { url = "http://127.0.0.1:1", over = { toxic = 0.5 } }'
    )
    assert "it asks a service; --score does that here" in rules("check", "y", text=text).stderr
    done = rules("check", "x", "--score", text=text)
    assert "No scores: " in done.stderr
    assert "words: x" in done.stdout
