"""Ways to be reached elsewhere, in a text: e-mail addresses and telephone numbers."""

import re
from collections.abc import Iterator

from comethooks.workers.moderation.rule import Contacts

_AT = r"\s*(?:@|\uff20|[\[({<]\s*(?:@|at)\s*[\])}>])\s*|\s+at\s+"
_DOT = r"\s*(?:[\[({<]\s*(?:\.|dot)\s*[\])}>])\s*|\s+dot\s+|\."
_EMAIL = re.compile(
    rf"(?<![\w.+-])(?P<name>[^\W_][\w.+-]{{0,63}})(?P<at>{_AT})"
    rf"(?P<host>[^\W_][\w-]{{0,62}}(?:(?:{_DOT})[\w-]{{1,63}}){{1,5}})",
    re.IGNORECASE,
)
_MAY_BE_EMAIL = re.compile(r"@|\uff20|\bat\b", re.IGNORECASE)
_SPELLED_DOT = re.compile(r"\bdot\b|[\[({<]", re.IGNORECASE)
_MAIL_HOSTS = frozenset(
    (
        *("gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "hotmail.com", "outlook.com"),
        *("live.com", "msn.com", "icloud.com", "me.com", "aol.com", "proton.me", "protonmail.com"),
        *("gmx.de", "gmx.net", "gmx.com", "web.de", "mail.com", "mail.ru", "yandex.ru", "qq.com"),
        *("163.com", "126.com", "naver.com", "rediffmail.com", "zoho.com", "tutanota.com"),
    )
)
"""Where many have their mail. Whoever is `at` another host, as it is written, is there, or works
there: `look at example.com`."""
_MAY_BE_PHONE = re.compile(r"(?:\d\D{0,3}){6}\d")
_MOST_NUMBERS = 100


def found_contacts(rule: Contacts, text: str) -> Iterator[str]:
    """The addresses and numbers of a text that a rule is about."""
    if "email" in rule.find:
        yield from emails_in(text)
    if "phone" in rule.find:
        yield from phones_in(text, rule.region)


def emails_in(text: str) -> Iterator[str]:
    """The e-mail addresses of a text, also those that are spelled out: `a at b dot com`."""
    if not _MAY_BE_EMAIL.search(text):
        return
    from comethooks.workers.moderation.domains import domain_of

    for match in _EMAIL.finditer(text):
        host = re.sub(_DOT, ".", match["host"], flags=re.IGNORECASE)
        # "See you at noon dot" is none: there has to be such a domain.
        domain = domain_of(host)
        if domain is not None and (_is_spelled_out(match) or domain in _MAIL_HOSTS):
            yield f"{match['name']}@{host}".lower()


def _is_spelled_out(match: re.Match[str]) -> bool:
    """Whether more than the word `at`, which people write between others, says that it is one."""
    is_word = match["at"].strip().lower() == "at"
    return not is_word or _SPELLED_DOT.search(match["host"]) is not None


def phones_in(text: str, region: str | None) -> Iterator[str]:
    """The telephone numbers of a text, in the international form."""
    if not _MAY_BE_PHONE.search(text):
        return
    import phonenumbers  # only who has contacts needs it

    matcher = phonenumbers.PhoneNumberMatcher(text, region, max_tries=_MOST_NUMBERS)
    for match in matcher:
        yield phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
