"""What the file of `notify` may say, and what is told of one that cannot be used."""

from pathlib import Path

import pytest

from comethooks.workers.notify.notify_file import NotifyFileError, files_of, read_notify_file
from comethooks.workers.notify.sinks import ChatSink, WebhookSink
from tests.workers.notify.files import CHAT, OLD_SECRET, RULE, SECRET, SINK, written

UNKNOWN_KEY = "nobody reads it; there are name, on, where, sinks, text"
FORM = "expected whsec_ and 24 to 64 random bytes in base64"


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a file of this text."""
    with pytest.raises(NotifyFileError) as raised:
        read_notify_file(written(folder, text))
    assert str(raised.value) == "; ".join(raised.value.problems)
    return list(raised.value.problems)


def test_a_rule_and_each_of_its_sinks_is_a_route(tmp_path: Path) -> None:
    """Called like the sink, with the line at which the rule begins."""
    text = SINK + CHAT + RULE.replace('["orders"]', '["orders", "desk"]')
    found = read_notify_file(written(tmp_path, text))
    assert [(each.name, each.rule.line) for each in found.routes] == [("orders", 14), ("desk", 14)]
    webhook, chat = (each.sink for each in found.routes)
    assert webhook == WebhookSink("orders", "https://example.com/hook", (SECRET,))
    assert chat == ChatSink("desk", "front-desk", "group", None)
    assert "whsec_" not in repr(found)
    assert "example.com" not in repr(found)


def test_rules_that_share_a_sink_are_told_apart_by_name(tmp_path: Path) -> None:
    """Whichever stands first in the file: a run of before has to find its handler."""
    named = RULE.replace("[[rule]]", '[[rule]]\nname = "all"')
    for rules in (RULE + named, named + RULE):
        found = read_notify_file(written(tmp_path, SINK + rules))
        assert {each.name for each in found.routes} == {"orders", "orders_all"}


def test_every_byte_changes_the_version(tmp_path: Path) -> None:
    """By which workers are compared."""
    versions = {
        read_notify_file(written(tmp_path, text)).version
        for text in (SINK + RULE, SINK + RULE, f"{SINK}{RULE}# a comment")
    }
    assert len(versions) == 2


def test_secrets_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    """Beside the file, one on each line, the one that signs first at the top."""
    (tmp_path / "keys").write_text(f"# while they are changed\n{SECRET}\n\n{OLD_SECRET}\n")
    sink = SINK.replace(f'secrets = ["{SECRET}"]', 'secrets_file = "keys"')
    path = written(tmp_path, sink + RULE)
    [route] = read_notify_file(path).routes
    assert isinstance(route.sink, WebhookSink)
    assert route.sink.secrets == (SECRET, OLD_SECRET)
    assert files_of(path) == (path, tmp_path / "keys")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ["sink: it is missing", "rule: it is missing"], id="empty"),
        pytest.param("[[sink]", ["it is no TOML: "], id="no TOML"),
        pytest.param(f"{SINK}{RULE}[[rules]]", ["rules: nobody reads it"], id="key of file"),
        pytest.param(f"{SINK}{RULE}onn = 1", [f"rule[0].onn: {UNKNOWN_KEY}"], id="key of rule"),
        pytest.param(
            SINK.replace("webhook", "webhok") + RULE,
            ["sink[0].kind: nobody knows it; there are webhook, apprise, cometchat"],
            id="kind",
        ),
        pytest.param(
            SINK.replace('name = "orders"', 'name = "Orders!"') + RULE,
            ["sink[0].name: expected up to 40", "rule[0].sinks: there is no sink orders"],
            id="name",
        ),
        pytest.param(
            SINK.replace("https://", "ftp://") + RULE,
            ["sink[0].url: expected an address: https://example.com/hook"],
            id="address",
        ),
        pytest.param(SINK.replace("https://", "https:/") + RULE, ["sink[0].url: "], id="no host"),
        pytest.param(
            SINK.replace(SECRET, f"v1,{SECRET}") + RULE, [f"sink[0].secrets[0]: {FORM}"], id="v1,"
        ),
        pytest.param(
            SINK.replace(SECRET, SECRET[6:]) + RULE, [f"sink[0].secrets[0]: {FORM}"], id="prefix"
        ),
        pytest.param(
            SINK.replace(SECRET, "whsec_c2hvcnQ=") + RULE,
            [f"sink[0].secrets[0]: {FORM}"],
            id="short",
        ),
        pytest.param(
            SINK.replace(SECRET, f"whsec_{'!' * 40}") + RULE,
            [f"sink[0].secrets[0]: {FORM}"],
            id="no base64",
        ),
        pytest.param(
            SINK.replace(f'secrets = ["{SECRET}"]', "") + RULE,
            ["sink[0].secrets: it is missing, and so is secrets_file"],
            id="no secrets",
        ),
        pytest.param(
            f'{SINK}secrets_file = "keys"{RULE}',
            [
                "sink[0].secrets_file: write either secrets or secrets_file",
                "sink[0].secrets_file: it cannot be read: No such file or directory",
            ],
            id="secrets twice",
        ),
        pytest.param(
            SINK + SINK + RULE, ["sink[1].name: another sink is called the same"], id="sink twice"
        ),
        pytest.param(
            SINK + RULE + RULE,
            ["rule[1].name: rule[0] is notify.orders already; give one of them a name"],
            id="route twice",
        ),
        pytest.param(
            SINK + RULE.replace('["orders"]', '["order"]'),
            ["rule[0].sinks: there is no sink order; did you mean orders?"],
            id="sink of rule",
        ),
        pytest.param(
            CHAT + '[[rule]]\non = ["message.sent"]\nsinks = ["desk"]',
            ["rule[0].text: it is missing, and desk is told nothing else"],
            id="no text",
        ),
        pytest.param(
            CHAT.replace('"group"', '"room"') + RULE.replace("orders", "desk"),
            ["sink[0].receiver_type: expected user or group"],
            id="receiver type",
        ),
        pytest.param(
            SINK + RULE.replace("message.sent", "message sent"),
            ["rule[0].on[0]: it is no trigger"],
            id="pattern",
        ),
        pytest.param(
            f'{SINK}{RULE}where = {{ tagg = "booking" }}',
            ["rule[0].where: there is no filter 'tagg'; there are category, type, sender"],
            id="filter",
        ),
        pytest.param(
            f"{SINK}{RULE}where = {{ tag = [] }}",
            ["rule[0].where.tag: expected a list of texts"],
            id="value of filter",
        ),
        pytest.param(
            SINK + RULE.replace("message.sent", "user.presence") + 'where = { tag = "x" }',
            ['rule[0].where: tag=x leaves out every event that "user.presence" fits'],
            id="filter of pattern",
        ),
        pytest.param(
            SINK + RULE.replace("{{ event.sender.uid }}", "{{ event.sender.uid }"),
            ["rule[0].text: line 1: unexpected '}'"],
            id="text",
        ),
        pytest.param(
            SINK + RULE.replace("event.sender", "evnt.sender"),
            ["rule[0].text: nobody knows 'evnt'; there is `event`"],
            id="name in text",
        ),
        pytest.param(
            SINK + RULE.replace("event.sender", "event.sendr"),
            ["rule[0].text: line 1: an event has no 'sendr'; did you mean 'sender'?"],
            id="attribute in text",
        ),
        pytest.param(
            SINK + RULE.replace(" wrote", "x" * 4_000),
            ["rule[0].text: it has 4022 bytes, and may have 4000"],
            id="long text",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_path(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    """In one line each, and the secrets of the file are in none."""
    found = problems(tmp_path, text)
    assert len(found) == len(expected), found
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning)
        assert SECRET[6:] not in line


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Between sinks and rules, too, though the sinks cannot be used."""
    text = SINK.replace("https://", "") + RULE.replace("[[rule]]", '[[rule]]\nname = "A"') + CHAT
    text += RULE.replace('["orders"]', '["desk", "nowhere"]').replace("message.sent", "")
    assert [each.partition(": ")[0] for each in problems(tmp_path, text)] == [
        "sink[0].url",
        "rule[0].name",
        "rule[1].on[0]",
        "rule[1].sinks",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As one that is no text."""
    with pytest.raises(NotifyFileError, match="cannot be read: No such file"):
        read_notify_file(tmp_path / "notify.toml")
    (tmp_path / "notify.toml").write_bytes(b"\xff")
    with pytest.raises(NotifyFileError, match=r"it is no UTF-8 \(byte 0\)"):
        read_notify_file(tmp_path / "notify.toml")


def test_apprise_has_to_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is looked for without importing it."""
    monkeypatch.setattr("comethooks.workers.notify.file_schemas.find_spec", lambda _: None)
    sink = '[[sink]]\nname = "orders"\nkind = "apprise"\nurl = "ntfy://topic"\n'
    [problem] = problems(tmp_path, sink + RULE)
    assert problem.startswith("sink[0].kind: Apprise is not installed: pip install")
