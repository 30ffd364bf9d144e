"""Messages that people write, of every category and type; without an id, which not every body
has.
"""

from collections.abc import Callable

from comethooks.samples import interactive
from comethooks.samples.people import TEXTS
from comethooks.samples.scene import Json, Scene, parties, user

Make = Callable[[Scene], Json]
"""What makes of a scene a message in it, or the `data` of a body."""

_FILES = {
    "image": ("harbour.webp", "image/webp", 184_320),
    "video": ("sunset.mp4", "video/mp4", 4_718_592),
    "audio": ("voice-note.m4a", "audio/mp4", 96_256),
    "file": ("timetable.pdf", "application/pdf", 61_440),
}


def message(scene: Scene, category: str, kind: str, data: Json) -> Json:
    """A message by the sender to the receiver; `kind` is what CometChat calls its type."""
    return {
        "conversationId": scene.conversation_id,
        "sender": scene.sender.id,
        "receiverType": scene.receiver_type,
        "receiver": scene.receiver.id,
        "category": category,
        "type": kind,
        "data": data,
        "sentAt": scene.seconds,
        "updatedAt": scene.seconds,
    }


def with_id(scene: Scene, made: Json, message_id: str | None = None) -> Json:
    """A message once it has an id, by default a new one."""
    return {"id": message_id or scene.message_id(), **made}


def said(scene: Scene, words: str) -> Json:
    """A text."""
    return message(scene, "message", "text", {"text": words, "entities": parties(scene)})


def text(scene: Scene) -> Json:
    """Any text."""
    return said(scene, scene.random.choice(TEXTS))


def reply(scene: Scene) -> Json:
    """A text in the thread of an earlier message."""
    return {"parentId": scene.message_id(), **text(scene)}


def media(kind: str) -> Make:
    """A message with a file, at an address that is good for a while."""

    def make(scene: Scene) -> Json:
        name, mime_type, size = _FILES[kind]
        stored = f"https://files-eu.cometchat.io/{scene.app_id}/media/{scene.token()}/{name}"
        url = f"{stored}?fat={scene.token()}"
        extension = name.rpartition(".")[2]
        attachment = {
            "url": url,
            "name": name,
            "mimeType": mime_type,
            "extension": extension,
            "size": size,
        }
        data = {"url": url, "attachments": [attachment], "entities": parties(scene)}
        return message(scene, "message", kind, data)

    return make


def custom(scene: Scene) -> Json:
    """What an app sends of its own: here, a place."""
    place = {"latitude": 59.32, "longitude": 18.07, "accuracy": scene.random.randrange(5, 50)}
    data = {"customData": place, "subType": "location", "entities": parties(scene)}
    return message(scene, "custom", "location", data)


def mention(scene: Scene) -> Json:
    """A text that names somebody."""
    named = scene.other
    made = said(scene, f"<@uid:{named.uid}> can you have a look?")
    made["data"]["mentions"] = {named.uid: user(scene, named)}
    return made


def form(scene: Scene) -> Json:
    """A form to fill in."""
    return _interactive(scene, "form", interactive.form(scene))


def card(scene: Scene) -> Json:
    """A card with buttons."""
    return _interactive(scene, "card", interactive.card(scene))


def scheduler(scene: Scene) -> Json:
    """A choice of times to meet."""
    return _interactive(scene, "scheduler", interactive.scheduler(scene))


def _interactive(scene: Scene, kind: str, data: Json) -> Json:
    return message(scene, "interactive", kind, {**data, "entities": parties(scene)})
