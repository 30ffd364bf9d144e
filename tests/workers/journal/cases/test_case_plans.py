"""Opening a case takes as long however many there are."""

import re

import pytest

from comethooks.workers.journal import AtCometChat, Journal
from tests.workers.journal.cases.suspects import DROPPED, FAILED, FLAGGED, NOW, in_flight, suspect
from tests.workers.journal.replaying.test_plans import explained, recorded

_STEP = re.compile(r"^(?:SCAN|SEARCH) cases.*", re.MULTILINE)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_no_case_is_looked_for_among_all_of_an_app(journal: Journal) -> None:
    """Neither when a message is dropped, sent or not judged, nor when the open ones are counted.

    Of SQLite alone: PostgreSQL reads small tables by any index.
    """
    kept = journal.cases
    with recorded(journal) as statements:
        kept.open(in_flight(1), DROPPED, now=NOW)
        kept.open(in_flight(2, muid=None), DROPPED, now=NOW)
        kept.open(suspect(3, message_id="3"), FLAGGED, now=NOW)
        kept.stand(suspect(4, message_id="4"), AtCometChat.FAILED, FAILED, now=NOW, failure="late")
        assert kept.open_by_severity() == {"high": 3}
    with journal.engine.connect() as connection:
        plans = [explained(connection, *each) for each in statements]
    steps = {step for plan in plans for step in _STEP.findall(plan)}
    assert {re.sub(r"^\w+ cases (?:USING )?(?:COVERING )?", "", step) for step in steps} == {
        "INDEX ix_cases_app_id_message_id (app_id=? AND message_id=?)",
        "INDEX ix_cases_muid (app_id=? AND muid=?)",
        "INDEX ix_cases_open",
        "INDEX ix_cases_unjudged (app_id=?)",
        "PRIMARY KEY (id=?)",
    }
