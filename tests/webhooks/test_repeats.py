"""What comes in a row to the application: everything new is kept, and nothing twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.workers.record import Kind
from tests.application import Kept
from tests.webhooks.samples import authorization, raw

Body = dict[str, Any]
GROUP = {"guid": "climbers", "owner": "nora", "createdAt": 1760000000, "updatedAt": 1760000100}


def envelope(trigger: str, **data: Any) -> Body:
    return {"trigger": trigger, "data": data, "appId": "app", "region": "eu", "webhook": "hook"}


def user(uid: str, seen: int = 1760000200, **more: Any) -> Body:
    return {"uid": uid, "name": uid.title(), "status": "available", "lastActiveAt": seen, **more}


def message(**more: Any) -> Body:
    return {
        "id": "60",
        "sender": "nora",
        "receiver": "jun",
        "receiverType": "user",
        "category": "message",
        "type": "text",
        "data": {"text": "the plan"},
        "sentAt": 1760000000,
        "updatedAt": 1760000000,
        **more,
    }


def scopes() -> Iterator[Body]:
    """Made an admin, a participant, and both again; the time of the group does not move."""
    for hour in range(4):
        scope, old = ("admin", "participant") if hour % 2 == 0 else ("participant", "admin")
        member = user("jun", 1760003600 + hour * 3600, scope=scope, oldScope=old)
        yield envelope(
            "group_member_scope_changed", members={"jun": member}, group=GROUP, by=user("nora")
        )


def bans() -> Iterator[Body]:
    """Banned and let in again, twice."""
    for hour in range(2):
        for trigger in ("group_member_banned", "group_member_unbanned"):
            member = user("jun", 1760003600 + hour * 3600)
            yield envelope(trigger, members={"jun": member}, group=GROUP, by=user("nora"))


def pins() -> Iterator[Body]:
    """Pinned and unpinned, twice; nothing else of the message moves."""
    for minute in range(2):
        at = 1760000060 + minute * 600
        yield envelope("message_pinned", message=message(pinnedAt=at, pinnedBy="nora"))
        yield envelope("message_unpinned", message=message(unpinnedAt=at + 60, unpinnedBy="nora"))


def mentions() -> Iterator[Body]:
    """One message mentions two people."""
    for uid in ("jun", "ines"):
        yield envelope("user_mentioned", message=message(data={"mentions": {uid: user(uid)}}))


def judgements() -> Iterator[Body]:
    """One message is blocked by one rule, and then by another."""
    for rule in ("links", "shouting"):
        found = [{"status": "disapproved", "rules": [{"id": rule, "name": rule}]}]
        yield envelope("moderation_engine_blocked", message=message(), moderation=found)


def answers(client: FlaskClient, bodies: list[Body]) -> list[Body]:
    headers = {"Authorization": authorization()}
    sent = [
        client.post("/webhooks", data=raw(each), headers=headers, content_type="application/json")
        for each in bodies
    ]
    assert [response.status_code for response in sent] == [200] * len(bodies)
    return [response.json for response in sent if response.json is not None]


def events(kept: Kept) -> list[str]:
    return [record.id for record in kept() if record.kind is Kind.EVENT]


@pytest.mark.parametrize("story", [scopes, bans, pins, mentions, judgements])
def test_what_happens_in_a_row_is_kept_and_what_comes_again_is_not(
    client: FlaskClient, kept: Kept, story: Any
) -> None:
    """However alike the events are; a repeat is answered with the id of the first."""
    bodies = list(story())
    first = answers(client, bodies)
    assert not any(answer.get("duplicate") for answer in first)
    assert events(kept) == sorted(answer["id"] for answer in first)
    again = answers(client, [dict(reversed(each.items())) for each in bodies])
    assert again == [{**answer, "duplicate": True} for answer in first]
    assert events(kept) == sorted(answer["id"] for answer in first)
