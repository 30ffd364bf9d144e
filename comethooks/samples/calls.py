"""Messages that tell of a call: that it rings, is taken, refused, over."""

from dataclasses import replace

from comethooks.samples.messages import Make, message
from comethooks.samples.scene import Json, Scene, entity, parties, receiver, user

STATUSES = ("initiated", "ongoing", "unanswered", "rejected", "busy", "cancelled", "ended")
KINDS = ("audio", "video")
_BY_THE_CALLED = ("rejected", "busy")


def call(status: str) -> Make:
    """A call that the sender began: just now if it is `initiated`, and else a moment ago."""

    def make(scene: Scene) -> Json:
        ago = 0 if status == "initiated" else scene.random.randrange(2, 40)
        return call_of(scene, status, scene.token(), scene.random.choice(KINDS), ago)

    return make


def data(status: str) -> Make:
    """The data of a webhook about a call."""
    return lambda scene: {"call": {"id": scene.message_id(), **call(status)(scene)}}


def call_of(scene: Scene, status: str, session: str, kind: str, ago: int) -> Json:
    """A call, by its session, that the sender of the scene began so many seconds ago.

    What the called one did comes from them, so that sender and receiver are the other way round
    than in the call itself (seen live).
    """
    tells = _turned(scene) if status in _BY_THE_CALLED else scene
    itself = {
        "sessionid": session,
        "conversationId": scene.conversation_id,
        "sender": scene.sender.id,
        "receiverType": scene.receiver_type,
        "receiver": scene.receiver.id,
        "status": status,
        "type": kind,
        "data": {"entities": parties(scene)},
        "initiatedAt": scene.seconds - ago,
        "wsChannel": {
            "identity": f"[{scene.app_id}]{session}",
            "secret": scene.token(),
            "service": f"{scene.app_id}.call",
        },
    }
    entities = {
        "by": entity(user(scene, tells.sender), "user"),
        "for": entity(receiver(tells), tells.receiver_type),
        "on": entity(itself, "call"),
    }
    return message(tells, "call", kind, {"action": status, "entities": entities})


def _turned(scene: Scene) -> Scene:
    """Of two, the called one acts; of a group, somebody in it."""
    called = scene.other
    return replace(
        scene,
        sender=called,
        receiver=scene.receiver if scene.receiver_type == "group" else scene.sender,
    )
