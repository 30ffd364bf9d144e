"""Registrable domains: what somebody registers, `example.co.uk`, by the list of public suffixes
that ships with tldextract. Nothing is fetched and nothing is written.
"""

from functools import cache
from typing import Any

MOST_IN_HOST = 253


@cache
def _extract() -> Any:
    # Only who has rules about links needs it, and it takes some megabytes.
    import tldextract

    return tldextract.TLDExtract(
        suffix_list_urls=(),
        cache_dir=None,
        fallback_to_snapshot=True,
        # Whoever has a page at a host of pages has registered that: `someone.github.io`.
        include_psl_private_domains=True,
    )


def domain_of(host: str) -> str | None:
    """The registrable domain of a host or of a URL, in small letters, Punycode as what it stands
    for; None when there is none.
    """
    host = host.strip().rstrip(".").lower()
    if not host or len(host) > 2 * MOST_IN_HOST:
        return None
    found = _extract()(host)
    domain = found.top_domain_under_public_suffix
    return _shown(domain) if domain else None


def _shown(domain: str) -> str:
    """A domain as people see it."""
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
