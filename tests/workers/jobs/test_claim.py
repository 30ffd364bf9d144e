"""How long a claim is a job's own: never longer here than in the journal."""

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.jobs.claim import CLAIM_SECONDS, Claim
from comethooks.workers.journal import JournalUnavailableError


class Journal:
    """Takes renewals, or is away; and the clock that the claim goes by."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.away = False
        self.renewed: list[int] = []
        self.claim = Claim(self.renew, clock=lambda: self.now)

    def renew(self, until: int) -> None:
        if self.away:
            raise JournalUnavailableError("away")
        self.renewed.append(until)


def test_it_is_renewed_in_time_and_not_at_every_look() -> None:
    """Each time until a minute from then."""
    journal = Journal()
    now, until = journal.claim.begin()
    assert until - now == CLAIM_SECONDS * 1000
    for _ in range(100):
        journal.now += 1
        journal.claim.keep()
        assert not journal.claim.expired
    assert len(journal.renewed) == 9
    assert journal.renewed[-1] <= now_ms() + CLAIM_SECONDS * 1000


def test_it_ends_when_the_journal_cannot_be_told_and_comes_back_with_it() -> None:
    """A run that starts later may be somebody else's; one that is in progress is still renewed."""
    journal = Journal()
    journal.claim.begin()
    journal.away = True
    journal.now += 30
    with pytest.raises(JournalUnavailableError):
        journal.claim.keep()
    journal.now += 31
    assert journal.claim.expired
    journal.away = False
    journal.claim.keep()
    assert not journal.claim.expired


def test_what_is_claimed_in_addition_does_not_prolong_what_was_before() -> None:
    """Their rows say until when; only a renewal changes that."""
    journal = Journal()
    journal.claim.begin()
    journal.now += 9
    journal.claim.begin(more=True)
    journal.now += CLAIM_SECONDS - 8
    assert journal.claim.expired
