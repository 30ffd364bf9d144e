"""Messages that nobody writes: what is told of members of a group, and of messages that were
changed.
"""

from comethooks.samples.messages import Make, message, text, with_id
from comethooks.samples.people import TEXTS
from comethooks.samples.scene import Json, Scene, entity, receiver, user

MEMBER_ACTIONS = (
    "joined",
    "left",
    "added",
    "invited",
    "kicked",
    "banned",
    "unbanned",
    "scopeChanged",
)
_BY_THEMSELVES = ("joined", "left")
_NEW_SCOPE = {"scope": {"old": "participant", "new": "admin"}}


def member_action(action: str) -> Make:
    """What is told of a member: `by` somebody, `on` the member, `for` the group."""

    def make(scene: Scene) -> Json:
        scene = scene.in_group()
        member = scene.sender if action in _BY_THEMSELVES else scene.other
        entities = {
            "by": entity(user(scene, scene.sender), "user"),
            "on": entity(user(scene, member), "user"),
            "for": entity(receiver(scene), "group"),
        }
        extras = {"extras": _NEW_SCOPE} if action == "scopeChanged" else {}
        return message(
            scene, "action", "groupMember", {"action": action, **extras, "entities": entities}
        )

    return make


def edit(scene: Scene) -> Json:
    """What is told of an earlier message that was edited."""
    return message_action(scene, "edited", edited(scene, earlier(scene)))


def deletion(scene: Scene) -> Json:
    """What is told of an earlier message that was deleted."""
    return message_action(scene, "deleted", deleted(scene, earlier(scene)))


def message_action(scene: Scene, action: str, changed: Json) -> Json:
    """What is told of a message, which is `changed` by now."""
    entities = {"by": entity(user(scene, scene.sender), "user"), "on": entity(changed, "message")}
    return message(scene, "action", "message", {"action": action, "entities": entities})


def earlier(scene: Scene) -> Json:
    """A text that the sender wrote within the hour before."""
    return with_id(scene, text(scene.later(-scene.random.randrange(60, 3600))))


def edited(scene: Scene, original: Json) -> Json:
    """`original` with other words, from now on."""
    others = [words for words in TEXTS if words != original["data"].get("text")]
    return {
        **original,
        "data": {**original["data"], "text": scene.random.choice(others)},
        "updatedAt": scene.seconds,
        "editedAt": scene.seconds,
        "editedBy": scene.sender.uid,
    }


def deleted(scene: Scene, original: Json) -> Json:
    """What remains of `original`, from now on."""
    kept = {key: value for key, value in original.items() if key != "data"}
    return {
        **kept,
        "updatedAt": scene.seconds,
        "deletedAt": scene.seconds,
        "deletedBy": scene.sender.uid,
    }
