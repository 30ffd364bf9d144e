"""Messages and reasons for the tests of cases."""

from typing import Any

from comethooks.workers.journal import CaseOrigin, Reason, Suspect

APP, MESSAGE, MUID = "2611fa0c", "57", "muid-1"
NOW = 1_760_000_000_000
DAY = 24 * 3600 * 1000


def an_id(number: int) -> str:
    """The id of an event."""
    return f"00000000-0000-7000-8000-{number:012}"


def suspect(number: int = 1, **changed: Any) -> Suspect:
    """What omar wrote to ines, as event `number` tells."""
    told = {
        "app_id": APP,
        "event_id": an_id(number),
        "as_of": NOW,
        "message_id": MESSAGE,
        "muid": MUID,
        "conversation_id": "ines_user_omar",
        "sender": "omar",
        "text": "free crypto here",
    }
    return Suspect(**{**told, **changed})


def in_flight(number: int = 1, **changed: Any) -> Suspect:
    """The same before it had an id."""
    return suspect(number, message_id=None, **changed)


def reason(origin: CaseOrigin = CaseOrigin.FLAGGED, rule: str = "scam") -> Reason:
    """A rule, which acted so."""
    return Reason(rule=rule, severity="high", origin=origin)


DROPPED = reason(CaseOrigin.DROPPED)
FLAGGED = reason(CaseOrigin.FLAGGED)
BLOCKED = reason(CaseOrigin.BLOCKED, "AI Spam detection")
FAILED = reason(CaseOrigin.FAILED, "Custom API Check")
