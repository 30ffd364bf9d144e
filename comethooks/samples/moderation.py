"""What moderation says of messages: its engine, somebody who looked again, and an engine that
failed.
"""

from comethooks.samples.messages import Make, text, with_id
from comethooks.samples.scene import Json, Scene

_RULE = ("shouting", "No shouting")
_TIMEOUT_MS = 2000
_PERCENT = 75
_REASON = "The moderation endpoint answered with HTTP 502; anything but a 2xx is a failure."


def approved(make: Make = text) -> Make:
    """A message that the engine lets through."""
    return lambda scene: {"message": judged(with_id(scene, make(scene)), "approved")}


def blocked(make: Make = text) -> Make:
    """A message that the engine stops."""
    return lambda scene: {"message": judged(with_id(scene, make(scene)), "disapproved")}


def manual_approved(scene: Scene) -> Json:
    """A message that the engine stopped a while ago, and somebody lets through."""
    original = with_id(scene, text(scene.later(-scene.random.randrange(60, 3600))))
    return reviewed(scene, original)


def failed(scene: Scene) -> Json:
    """The engine could not tell, and the message went through."""
    return failure(scene, with_id(scene, text(scene)), "approved")


def failed_and_dropped(scene: Scene) -> Json:
    """The engine could not tell, and the message was stopped."""
    return failure(scene, with_id(scene, text(scene)), "disapproved")


def judged(message: Json, status: str) -> Json:
    """The message with what the engine says of it."""
    metadata: Json = {"@injected": {"extensions": {"link-preview": {"links": []}}}}
    return {
        **message,
        "data": {**message["data"], "metadata": metadata, "moderation": {"status": status}},
    }


def reviewed(scene: Scene, message: Json) -> Json:
    """A message that was stopped by a rule and that somebody lets through."""
    name, title = _RULE
    return {
        "message": {**judged(message, "approved"), "updatedAt": scene.seconds},
        "moderation": [
            {
                "condition": {
                    "id": 1,
                    "entity": "message",
                    "operand": "text",
                    "category": "word-pattern",
                    "operator": "contains",
                    "value": ["capitals"],
                    "message": "Text has more capitals than Shouting allows",
                },
                "rule": {
                    "id": name,
                    "name": title,
                    "revisionId": f"{scene.app_id}_{name}_1",
                    "action": ["blockMessage"],
                    "blockedAt": message["sentAt"],
                },
            }
        ],
        "reviewed": True,
    }


def failure(scene: Scene, message: Json, outcome: str) -> Json:
    """The engine could not tell of this message; of the message there are ids only."""
    resource = {key: value for key, value in message.items() if key not in ("data", "updatedAt")}
    name, title = _RULE
    return {
        "resource": resource,
        "contentType": message["type"],
        "outcome": outcome,
        "completedAt": scene.seconds,
        "failures": [
            {
                "category": "http_5xx",
                "httpStatus": 502,
                "errorMessage": _REASON,
                "responseBody": '{"error":"out of order"}',
                "responseBodyTruncated": False,
                "timeoutMs": _TIMEOUT_MS,
                "failedAt": scene.seconds,
                "context": {
                    "engine": "custom_api",
                    "setting": "approve-message" if outcome == "approved" else "drop-message",
                    "rule": {"id": name, "name": title, "revisionId": f"{scene.app_id}_{name}_1"},
                    "condition": {
                        "entity": "message",
                        "operand": message["type"],
                        "category": "custom-api",
                        "operator": "contains",
                        "message": f"{title}, with a confidence greater than {_PERCENT}",
                        "listId": name,
                        "threshold": {"comparison": "greaterThan", "percent": _PERCENT},
                    },
                    "request": {
                        "url": "https://chat.example.org/moderation",
                        "method": "POST",
                        "bodyBytes": 1208,
                        "basicAuthSent": True,
                    },
                },
            }
        ],
    }
