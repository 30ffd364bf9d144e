"""What happens to messages: that they arrive, are read, liked, named, changed and pinned."""

from comethooks.samples import actions
from comethooks.samples.messages import Make, with_id
from comethooks.samples.people import Person
from comethooks.samples.scene import Json, Scene, brief, receiver

_REACTIONS = ("👍", "🎉", "😂", "⛵", "❤️")


def sent(make: Make) -> Make:
    """The data of a current webhook about a message."""
    return lambda scene: {"message": with_id(scene, make(scene))}


def after(make: Make) -> Make:
    """The data of a legacy webhook about a message."""
    return lambda scene: with_id(scene, make(scene))


def before(make: Make) -> Make:
    """The data of a webhook about a message in flight, which has no id yet."""
    return lambda scene: {"muid": f"send-{scene.token()}", **make(scene)}


def receipt(action: str) -> Make:
    """The sender has received or read a message by the other one."""
    return lambda scene: receipt_for(scene, action, scene.message_id(), scene.other)


def receipt_for(scene: Scene, action: str, message_id: str, author: Person) -> Json:
    """The sender has received or read this message."""
    reader = {**brief(scene.sender), "status": "online"}
    return _receipt(scene, action, message_id, author, {"user": reader})


def legacy_receipt(action: str, time_key: str) -> Make:
    """The same as legacy webhooks write it."""

    def make(scene: Scene) -> Json:
        return {
            "messageId": scene.message_id(),
            "receiptType": action,
            time_key: scene.seconds,
            "messageSender": scene.other.uid,
            "receiptSender": scene.sender.uid,
            "receiptReceiver": scene.receiver.id,
            "receiverType": scene.receiver_type,
        }

    return make


def receipt_of_all(action: str) -> Make:
    """Everybody in a group has received or read a message."""

    def make(scene: Scene) -> Json:
        scene = scene.in_group()
        return receipt_of_all_for(scene, action, scene.message_id(), scene.other)

    return make


def receipt_of_all_for(scene: Scene, action: str, message_id: str, author: Person) -> Json:
    """Everybody has received or read this message, the sender as the last one, who need not be
    named.
    """
    return _receipt(scene, action, message_id, author, {})


def _receipt(scene: Scene, action: str, message_id: str, author: Person, reader: Json) -> Json:
    return {
        "receiver": scene.receiver.id,
        "receiverType": scene.receiver_type,
        "type": "receipts",
        "sender": scene.sender.uid,
        "messageSender": author.uid,
        "body": {"action": action, "messageId": message_id, **reader, "timestamp": scene.seconds},
    }


def reaction(scene: Scene) -> Json:
    """The sender likes a message, or does so no more."""
    return reaction_to(scene, scene.message_id(), scene.token(), scene.random.choice(_REACTIONS))


def reaction_to(scene: Scene, message_id: str, reaction_id: str, emoji: str) -> Json:
    """The sender likes this message, or does so no more."""
    return {
        "reaction": {
            "id": reaction_id,
            "messageId": message_id,
            "reaction": emoji,
            "uid": scene.sender.uid,
            "reactedAt": scene.seconds,
            "reactedBy": brief(scene.sender),
        }
    }


def changed_as_seen_live(change: str) -> Make:
    """An earlier message, itself and with its own id, edited or deleted just now (seen live)."""
    changed = {"edited": actions.edited, "deleted": actions.deleted}[change]
    return lambda scene: {"message": changed(scene, actions.earlier(scene))}


def pinned(scene: Scene) -> Json:
    """An earlier message that was pinned."""
    pin = {"pinnedAt": scene.seconds, "pinnedBy": scene.sender.uid}
    return {"message": {**_touched(scene), **pin}}


def unpinned(scene: Scene) -> Json:
    """An earlier message that is pinned no more."""
    return {"message": _touched(scene)}


def conversation(*, is_pinned: bool) -> Make:
    """A conversation that the sender pinned, or no longer pins.

    Nobody has published how this is written; so it is written as the SDKs write a conversation.
    """

    def make(scene: Scene) -> Json:
        scene = scene.in_new_group() if scene.receiver_type == "group" else scene.with_guest()
        pin = {"pinnedAt": scene.seconds, "pinnedBy": scene.sender.uid} if is_pinned else {}
        return {
            "conversation": {
                "conversationId": scene.conversation_id,
                "conversationType": scene.receiver_type,
                "conversationWith": receiver(scene),
                "updatedAt": scene.seconds,
                **pin,
            },
            "by": brief(scene.sender),
        }

    return make


def _touched(scene: Scene) -> Json:
    return {**actions.earlier(scene), "updatedAt": scene.seconds}
