"""Links in a text, whatever is done to keep them from being recognised."""

import re
from collections.abc import Iterator

from comethooks.workers.moderation.domains import domain_of
from comethooks.workers.moderation.rule import Links

SHORTENERS = frozenset(
    (
        *("bit.ly", "tinyurl.com", "t.co", "goo.gl", "is.gd", "v.gd", "ow.ly", "buff.ly"),
        *("rebrand.ly", "cutt.ly", "shorturl.at", "rb.gy", "t.ly", "tiny.cc", "bl.ink", "short.io"),
        *("s.id", "lnkd.in", "adf.ly", "shorte.st", "bc.vc", "soo.gd", "clck.ru", "vk.cc"),
        *("u.to", "qr.ae", "trib.al", "dlvr.it", "tr.im", "x.co", "cli.re", "surl.li"),
        *("tny.im", "urlz.fr", "shrtco.de", "gg.gg", "kutt.it", "t2m.io", "1url.com", "snip.ly"),
        *("po.st", "db.tt"),
    )
)
"""Domains that only lead to others."""

_DOT = (
    r"\s*(?:[\[({<]\s*(?:\.|dot|punkt)\s*[\])}>])\s*|\s+(?:dot|d0t)\s+"
    r"|\\?[.\u3002\uff0e\uff61]"
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(
    rf"(?:(?P<scheme>h[tx]{{2}}ps?)\s*(?:\[?:\]?)\s*(?:/|\\){{2}}(?:[^\s/@]{{1,99}}@)?)?"
    rf"(?P<host>{_LABEL}(?:(?:{_DOT}){_LABEL}){{1,8}})",
    re.IGNORECASE,
)
_ANY_DOT = re.compile(_DOT, re.IGNORECASE)
_SPELLED = re.compile(
    r"[^\W_.]\s*[\[({<]|\s(?:dot|d0t)\s|[.\u3002\uff0e\uff61]\w|\\\.", re.IGNORECASE
)
_FILE_NAMES = frozenset(["py", "rs", "sh", "md", "pl", "zip", "mov", "app", "js", "ts"])
"""Top-level domains that names of files end with more often: without a scheme or a path none of
these is a link."""


def links_in(text: str) -> Iterator[tuple[str, str]]:
    """Each link of a text as it stands there, and its registrable domain; the host where that has
    none, such as `1.2.3.4`.
    """
    if not _SPELLED.search(text):
        return
    for match in _HOST.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if before in ("@", "\uff20") and not match["scheme"]:
            continue  # an e-mail address is a contact
        host = _ANY_DOT.sub(".", match["host"])
        domain = domain_of(host) or (host.lower() if match["scheme"] else None)
        if domain is None or _is_none(match, text, domain):
            continue
        yield match[0].strip(), domain


def _is_none(match: re.Match[str], text: str, domain: str) -> bool:
    """Whether it is the name of a file, or where a space is missing between two sentences."""
    goes_on = text[match.end() : match.end() + 1] in ("/", "\\", ":")
    if match["scheme"] or goes_on:
        return False
    ending = match["host"][-2:]
    is_sentence = len(domain.rpartition(".")[2]) == len(ending) and ending.istitle()
    return is_sentence or domain.rpartition(".")[2] in _FILE_NAMES


def found_links(rule: Links, text: str) -> Iterator[str]:
    """The links of a text that a rule is about, as domains."""
    for _, domain in links_in(text):
        if (
            domain in rule.deny
            or (rule.shorteners and domain in SHORTENERS)
            or (rule.allow is not None and domain not in rule.allow)
        ):
            yield domain
