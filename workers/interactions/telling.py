"""The event that tells that a goal was completed."""

from collections.abc import Iterable, Mapping
from typing import Any

from comethooks.schemas.triggers.identity import digest
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.ids import derived_id
from comethooks.workers.journal import CompletedGoal

TRIGGER, NAME = "interaction_goal_completed", "interaction.completed"


def tell(inside: Inside, completed: Iterable[CompletedGoal]) -> None:
    """Make the event of each completion."""
    for each in completed:
        inside.emit(TRIGGER, NAME, data_of(each), **facts_of(each))


def data_of(completed: CompletedGoal) -> Mapping[str, Any]:
    """The data of the event."""
    message = completed.wire or _message(completed)
    return {"completion": _completion(completed), "message": message}


def facts_of(completed: CompletedGoal) -> Mapping[str, Any]:
    """What the event has beside it. Its id is the same however often it is made."""
    return {
        "id": completion_id(completed.app_id, completed.message_id, completed.user),
        "conversation_id": completed.conversation_id,
        "sender": completed.user,
    }


def completion_id(app_id: str, message_id: str, user: str) -> str:
    """The id of the event that tells of a user's completion of a message."""
    return derived_id(digest((NAME, app_id, message_id, user)))


def _completion(completed: CompletedGoal) -> dict[str, Any]:
    facts = completed.facts
    return {
        "messageId": completed.message_id,
        "user": completed.user,
        "receiverType": facts.receiver_type,
        "receiver": facts.receiver,
        "interactions": [
            {"elementId": each.element_id, "interactedAt": each.at}
            for each in completed.interactions
        ],
        "answers": dict(completed.answers),
        "goal": {"type": facts.goal.type, "elementIds": list(facts.goal.element_ids)},
        "verified": completed.verified,
    }


def _message(completed: CompletedGoal) -> dict[str, Any]:
    """What is left of a message whose body is not kept any more."""
    facts = completed.facts
    return {
        "id": completed.message_id,
        "conversationId": completed.conversation_id,
        "sender": facts.sender,
        "receiver": facts.receiver,
        "receiverType": facts.receiver_type,
        "category": "interactive",
    }
