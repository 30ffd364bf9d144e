# ruff: noqa: RUF001
"""Links and contacts, written and spelled in whatever way."""

import subprocess
import sys

import pytest

from comethooks.workers.moderation.contacts import emails_in, phones_in
from comethooks.workers.moderation.links import links_in
from tests.workers.moderation.rule_texts import found, rule, rules_of


@pytest.mark.parametrize(
    "text, domain",
    [
        ("see https://www.evil.com/a?b", "evil.com"),
        ("see evil.com", "evil.com"),
        ("EVIL.CO.UK/x", "evil.co.uk"),
        ("hxxps://sub.evil.com", "evil.com"),
        ("hxxp[:]//evil[.]com", "evil.com"),
        ("evil dot com", "evil.com"),
        ("evil (dot) com", "evil.com"),
        ("evil[.]com", "evil.com"),
        ("evil{dot}com now", "evil.com"),
        ("someone.github.io", "someone.github.io"),
        ("https://xn--80ak6aa92e.com", "аррӏе.com"),
        ("аррӏе.com", "аррӏе.com"),
        ("пример.рф", "пример.рф"),
        ("evil。com", "evil.com"),
        ("evil．com", "evil.com"),
        ("user@evil.com https://evil.com", "evil.com"),
        ("https://good.com@evil.com/", "evil.com"),
        ("evil.com:8080", "evil.com"),
        ("setup.py/x", "setup.py"),
        ("http://192.168.0.1:8080/a", "192.168.0.1"),
        ("http://shop.internal/", "shop.internal"),
    ],
)
def test_a_link_is_its_registrable_domain(text: str, domain: str) -> None:
    """However it is written."""
    assert domain in {each for _, each in links_in(text)}


@pytest.mark.parametrize(
    "text",
    [
        "no link at all",
        "end of one.Begin of the next",
        "I am done.So are you, I think.In the end it is fine",
        "1.5 and 192.168.0.1",
        "e.g. this",
        "setup.py and main.rs",
        "me@example.com",
        "polka dot dress",
        "etc...and so on",
    ],
)
def test_what_is_none_is_no_link(text: str) -> None:
    """Abbreviations, numbers, names of files, addresses."""
    assert [*links_in(text)] == []


def test_addresses_are_read_as_browsers_read_them(tmp_path) -> None:
    """In letters of other widths, and with what nobody sees between."""
    rules = rules_of(tmp_path, rule('links = { deny = ["evil.com"] }\ncontacts = {}'))
    assert found(rules, "ｅｖｉｌ．ｃｏｍ") == [("links", "evil.com")]
    assert found(rules, "ev\u200bil.c\u00adom") == [("links", "evil.com")]
    assert found(rules, "me＠example．com") == [("contacts", "me@example.com")]
    assert found(rules, "＋４９ ３０ ９０１８２０") == [("contacts", "+4930901820")]


def test_rules_allow_deny_and_know_shorteners(tmp_path) -> None:
    """By registrable domain, so that no other host of it is another one."""
    rules = rules_of(
        tmp_path,
        rule('links = { deny = ["www.evil.com"] }', "deny")
        + rule('links = { allow = ["good.com"] }', "allow")
        + rule("links = { shorteners = true }", "short"),
    )
    assert found(rules, "x.evil.com good.com sub.good.com") == [("links", "evil.com")] * 2
    assert found(rules, "bit.ly/abc") == [("links", "bit.ly")] * 2
    assert found(rules, "https://sub.good.com") == []


def test_addresses_are_found_spelled_out_too() -> None:
    """Where there is such a domain."""
    assert [*emails_in("me@example.com, ME at Mail dot Example dot com")] == [
        "me@example.com",
        "me@mail.example.com",
    ]
    assert [*emails_in("me[at]example[.]com")] == ["me@example.com"]
    assert [*emails_in("me at example dot com or me at gmail.com")] == [
        "me@example.com",
        "me@gmail.com",
    ]
    assert [*emails_in("look at that dot")] == []
    assert [*emails_in("Look at example.com, I work at shop.example.com")] == []
    assert [*emails_in("meet me at noon.Then we go")] == []


def test_numbers_are_found_with_their_region() -> None:
    """Without one only those with a plus."""
    assert [*phones_in("call +49 30 901820", None)] == ["+4930901820"]
    assert [*phones_in("call 030 901820", None)] == []
    assert [*phones_in("call 030 901820", "DE")] == ["+4930901820"]
    assert [*phones_in("order 12345 of 2026-01-01", "US")] == []


NOTHING_LOADED = """
import sys
from comethooks.workers.moderation.rules_file import read_rules
from comethooks.workers.moderation.look import Look

rules = read_rules()
rules.prepare()
rules.findings(Look(("hello example.com +49 30 901820",)))
sys.exit(", ".join({"tldextract", "phonenumbers", "re2", "requests"} & set(sys.modules)) or 0)
"""


def test_rules_load_only_what_they_need() -> None:
    """The shipped ones need none of the libraries."""
    done = subprocess.run(
        [sys.executable, "-c", NOTHING_LOADED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


UNREAD = """
import sys
from comethooks.workers.moderation.moderator_plugin import plugin_of

assert [each.id for each in plugin_of().deciders]
sys.exit("comethooks.workers.moderation.normalising.normaliser" in sys.modules)
"""


def test_who_looks_at_no_message_loads_nothing_to_read_it_with() -> None:
    """Most processes that have the plugin look at none, and start in a third of the time."""
    done = subprocess.run(
        [sys.executable, "-c", UNREAD], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


NO_NETWORK = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("it asks the network")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from comethooks.workers.moderation.domains import domain_of
sys.exit(domain_of("www.example.co.uk") != "example.co.uk")
"""


def test_domains_ask_no_network_and_write_nothing(tmp_path) -> None:
    """The list is the one that was installed."""
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK],
        env={"HOME": str(tmp_path), "PATH": ""},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [*tmp_path.iterdir()] == []
