"""What two users did, as the journal gets it: whatever the first one did is to be forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from comethooks.schemas import decode
from comethooks.schemas.parsing import parse
from comethooks.workers.journal import RunResult, Settled
from comethooks.workers.record import Record, Vote, event_record
from comethooks.workers.states import DecisionAction, RunState
from tests.workers.journal.samples import T0, an_id, run

APP, OTHER_APP = "2611fa0c", "9922bb01"
OMAR, ZOE = "omar-4711", "zoe-12"
SECRET = "my own words"
Told = dict[str, Any]


def user(uid: str) -> Told:
    """A user as webhooks describe one."""
    return {
        "uid": uid,
        "name": f"Name of {uid.title()}",
        "avatar": f"https://img.example/{uid}.png",
        "role": "default",
    }


def message(number: int, sender: str, receiver: str, text: str, **more: Any) -> Told:
    """A message of two."""
    conversation = "_user_".join(sorted((sender, receiver)))
    entities = {
        "sender": {"entity": user(sender), "entityType": "user"},
        "receiver": {"entity": user(receiver), "entityType": "user"},
    }
    return {
        "id": str(number),
        "conversationId": conversation,
        "sender": sender,
        "receiverType": "user",
        "receiver": receiver,
        "category": "message",
        "type": "text",
        "data": {"text": text, "entities": entities, "metadata": {"tone": text}, **more},
        "sentAt": T0 // 1000 + number,
    }


def sent(number: int, sender: str, receiver: str, text: str, **more: Any) -> Told:
    """The body that tells that a message was sent."""
    told = {"message": message(number, sender, receiver, text, **more)}
    return {"trigger": "message_sent", "data": told}


def read(number: int, message_id: int, reader: str, of: str) -> Told:
    """The body that tells that a message was read."""
    body = {"messageId": str(message_id), "messageSender": of, "action": "read"}
    return {
        "trigger": "message_read_receipt",
        "data": {
            "sender": reader,
            "receiver": of,
            "receiverType": "user",
            "type": "receipts",
            "body": {"user": user(reader), "timestamp": T0 // 1000 + number, **body},
        },
    }


def record(number: int, body: Told, app_id: str = APP, **changes: Any) -> Record:
    """The event that a body is."""
    whole = {**body, "appId": app_id}
    raw = orjson.dumps(whole)
    parsed = parse(decode(raw), raw)
    return event_record(
        parsed, id=an_id(number), received_at=T0 + 1000 * number, body=raw, **changes
    )


def settled(kept: Record, *runs: RunResult) -> Settled:
    return Settled(kept, runs, 3)


def of_both() -> Iterator[Settled]:
    """What both did, about one another and about others."""
    yield settled(record(1, sent(1, OMAR, ZOE, SECRET)), _failed(SECRET), run(handler="a.b"))
    yield settled(record(2, sent(2, ZOE, OMAR, "fine")), _failed(f"no {OMAR} here"))
    yield settled(record(3, sent(3, ZOE, "ann", f"ask <@uid:{OMAR}>", mentions={OMAR: user(OMAR)})))
    yield settled(record(4, sent(4, ZOE, "ann", "nobody else")), _failed("zoe broke it"))
    yield settled(record(5, read(5, 2, OMAR, ZOE)))
    yield settled(record(6, sent(6, OMAR, ZOE, "hidden", seenBy={OMAR: 1, ZOE: 2}), OTHER_APP))
    yield settled(record(7, sent(7, ZOE, "ann", "omar-47111 and a-omar-4711 are others")))


def decided(number: int, sender: str) -> Settled:
    """A message that was decided on."""
    votes = (
        Vote("moderator.decide", DecisionAction.DROP, 0.2, reason="scam: a link"),
        Vote("mine.look", None, 1.0, error=f"KeyError: {SECRET}"),
    )
    body = {**sent(number, sender, ZOE, SECRET), "trigger": "before_message"}
    kept = record(number, body)

    return settled(replace(kept, decision=DecisionAction.DROP, votes=votes))


def _failed(what: str) -> RunResult:
    return run(
        RunState.DEAD,
        error=f"ValueError: {what}",
        traceback=f"Traceback …\nValueError: {what}",
        effects=(f"POST https://example.com/{what} 200",),
    )
