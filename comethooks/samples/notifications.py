"""What CometChat hands to an app's own provider of notifications: one body for each who is to be
told.

As CometChat's documentation on custom providers describes them, and for push as seen live.
"""

from comethooks.samples.messages import text, with_id
from comethooks.samples.people import Person
from comethooks.samples.scene import Json, Scene, brief, receiver, user


def email(scene: Scene) -> Json:
    """An e-mail about messages that nobody has read."""
    sender, told = scene.sender, scene.other
    return {
        "to": {**brief(told), "email": f"{told.uid}@mail.example.org"},
        **_messages(scene, sender),
        "subject": f"New messages from {sender.name}",
    }


def sms(scene: Scene) -> Json:
    """A text message to a telephone, about the same. The number is of those that are nobody's."""
    sender, told = scene.sender, scene.other
    return {
        "to": {**brief(told), "phno": f"+4670174{scene.random.randrange(605, 700):04}"},
        **_messages(scene, sender),
        "smsContent": f"{sender.name} has sent you a message.",
    }


def push(scene: Scene) -> Json:
    """A notification on a device, about one message."""
    sender, told = scene.sender, scene.other
    message = with_id(scene, text(scene))
    avatar = receiver(scene).get("avatar")
    return {
        "to": {"uid": told.uid},
        "notificationDetails": {
            "title": sender.name,
            "body": message["data"]["text"],
            "sender": sender.uid,
            "senderName": sender.name,
            "senderAvatar": user(scene, sender)["avatar"],
            "receiver": scene.receiver.id,
            "receiverName": scene.receiver.name,
            **({"receiverAvatar": avatar} if avatar else {}),
            "receiverType": scene.receiver_type,
            "tag": message["id"],
            "conversationId": scene.conversation_id,
            "type": "chat",
            "sentAt": str(scene.milliseconds),
            "message": message,
        },
    }


def _messages(scene: Scene, sender: Person) -> Json:
    who = {**brief(sender), "avatar": user(scene, sender)["avatar"]}
    message = with_id(scene, text(scene))
    return {
        "messages": [{"sender": who, "message": message["data"]["text"], "messageObject": message}],
        "senderDetails": who,
    }
