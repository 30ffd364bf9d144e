"""What may be wrong when nothing is heard of an app, and what to do."""

from collections.abc import Iterator
from itertools import islice
from shlex import quote

from comethooks.workers.journal import Filter, Journal, Outcome, StoredSilence, iso
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import number_of

_MOST_COUNTED = 1000


def advice(silence: StoredSilence, settings: Settings, journal: Journal) -> Iterator[str]:
    """A line for each. Raises the journal's errors."""
    app, since = quote(silence.app_id), iso(silence.last_event_at)
    if silence.lasts:
        yield _webhook(app, has_keys=settings.management is not None)
        yield (
            "the public address may not be reachable: comethooks doctor --public-url"
            f" {_public(settings.public_url)}"
        )
        if refused := _refused(journal, silence.last_event_at):
            yield (
                f"{refused} since then: comethooks requests list --outcome refused --since {since}"
            )
    until = "" if silence.resumed_at is None else f" --until {iso(silence.resumed_at)}"
    yield (
        "messages that were sent meanwhile are fetched by: comethooks backfill"
        f" --app {app} --since {since}{until}"
    )


def _webhook(app: str, *, has_keys: bool) -> str:
    where = f"comethooks webhook list --app {app}" if has_keys else "Webhooks in the Dashboard"
    return f"the webhook may be disabled, or send other triggers to another URL: {where}"


def _public(url: str) -> str:
    """The public address, if it is one: what is not set is an address of this machine."""
    return quote(masked_url(url)) if url.startswith("https:") else "https://…"


def _refused(journal: Journal, since: int) -> str:
    """How many requests were refused since then; empty when none was."""
    asked = Filter(outcome=Outcome.REFUSED, since=since, limit=_MOST_COUNTED)
    count = sum(1 for _ in islice(journal.requests(asked), _MOST_COUNTED))
    if count == _MOST_COUNTED:
        return f"{count} requests and more were refused"
    return f"{number_of(count, 'request was', 'requests were')} refused" if count else ""
