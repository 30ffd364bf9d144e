"""Bodies about one interactive message, for the tests of the plugin."""

from typing import Any

APP, MESSAGE, NOW = "2611fa0c", "57", 1_760_000_000
GROUP = "hikers"


def message(
    *wanted: str,
    type: str = "allOf",
    group: str | None = None,
    id: str = MESSAGE,
    at: int = NOW,
    trigger: str = "message_sent",
    **data: Any,
) -> dict[str, Any]:
    """A form that ines sent to omar, or to a group."""
    return {
        "trigger": trigger,
        "appId": APP,
        "data": {
            "message": {
                "id": id,
                "muid": f"muid-{id}",
                "conversationId": f"group_{group}" if group else "ines_user_omar",
                "sender": "ines",
                "receiver": group or "omar",
                "receiverType": "group" if group else "user",
                "category": "interactive",
                "type": "form",
                "sentAt": NOW,
                "updatedAt": at,
                **({"editedAt": at} if trigger == "message_edited" else {}),
                **({"deletedAt": at} if trigger == "message_deleted" else {}),
                "data": {
                    "interactiveData": {
                        "title": "Who comes along?",
                        "formFields": [
                            {"elementType": "textInput", "elementId": "name", "optional": False},
                            {"elementType": "textInput", "elementId": "age", "optional": True},
                            {
                                "elementType": "dropdown",
                                "elementId": "ferry",
                                "optional": True,
                                "options": [{"label": "8", "value": "8"}],
                            },
                        ],
                        "submitElement": {"elementType": "button", "elementId": "submit"},
                    },
                    "interactionGoal": {
                        "type": type,
                        "elementIds": list(wanted or ("name", "submit")),
                    },
                    **data,
                },
            }
        },
    }


def press(
    element: str | None = "submit",
    user: str | None = "omar",
    message: str = MESSAGE,
    **answers: Any,
) -> dict[str, Any]:
    """A press, as the web kits post it."""
    data = {
        "conversationId": "whatever",
        "messageId": int(message),
        "interactedBy": user,
        "interactedElementId": element,
        "formData": answers,
    }
    return {
        "trigger": "ui_message_interacted",
        "appID": APP,
        "payload": {},
        "data": {key: value for key, value in data.items() if value},
    }


def group(trigger: str, *members: str, **data: Any) -> dict[str, Any]:
    """Something that happened to the members of a group."""
    return {
        "trigger": trigger,
        "appId": APP,
        "data": {
            "group": {"guid": GROUP, "owner": "ines", "createdAt": NOW},
            "members": {uid: {"uid": uid, "scope": "participant"} for uid in members},
            **data,
        },
    }
