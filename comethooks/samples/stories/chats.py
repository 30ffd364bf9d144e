"""Stories of messages: a conversation, forms to fill in, what moderation says."""

from collections.abc import Iterator

from comethooks.samples.filling import TEXTS, Json
from comethooks.samples.people import Person
from comethooks.samples.scene import Scene
from comethooks.samples.stories.teller import Teller

_FORMS = ("form", "card", "scheduler")


def conversation(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """Two people write to each other, and read what they get.

    Some of it is liked, edited or deleted, at fixed places, so that a few messages are enough to
    see it all.
    """
    people = teller.people(2)
    kept: str | None = None
    for number in range(count):
        author, reader = teller.random.sample(people, 2)
        scene = teller.next(author, reader)
        message = teller.message(scene, "image" if number % 8 == 5 else "text")
        if number % 4 == 3 and kept:
            message["parentId"] = kept
        yield teller.tell("message_sent", scene, message=message)
        yield from _received(teller, message, author, reader)
        if number % 3 == 1:
            yield from _liked(teller, message, author, reader, only_for_now=number % 2 == 0)
        if number % 5 == 2:
            scene = teller.next(author, reader)
            message = _edited(scene, message)
            yield _changed(teller, scene, "edited", message)
        if number % 7 == 6:
            scene = teller.next(author, reader)
            yield _changed(teller, scene, "deleted", _deleted(scene, message))
        else:
            kept = message["id"]


def forms(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """Somebody sends forms, cards and schedulers, which the other one receives, reads and answers.

    An answer is a press of a button. The other one's device tells of it, to the address of that
    button: it is no webhook of CometChat's.
    """
    author, reader = teller.people(2)
    for number in range(count):
        scene = teller.next(author, reader)
        kind = _FORMS[number % len(_FORMS)]
        message = teller.message(scene, kind)
        yield teller.tell("message_sent", scene, message=message)
        yield from _received(teller, message, author, reader)
        pressed = {"message_number": int(message["id"]), "other": reader}
        # Who presses is told within: the scene is that of the message.
        scene = teller.next(author, reader)
        yield teller.tell("ui_message_interacted", scene, kind, **pressed)


def moderated(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """Messages that the engine approves, blocks (and somebody approves), or fails at."""
    author, reader = teller.people(2)
    for number in range(count):
        scene = teller.next(author, reader)
        message = teller.message(scene, "text")
        if number % 3 == 1:
            yield teller.tell("moderation_engine_blocked", scene, message=message)
            later = teller.next(author, reader)
            blocked_at = {"part.earlier": message, "earlier": message["sentAt"]}
            yield teller.tell("moderation_manual_approved", later, **blocked_at)
            continue
        if number % 3 == 2:
            yield teller.tell("moderation_engine_failed", scene, message=message)
        approved = teller.tell("moderation_engine_approved", scene, message=message)
        yield approved
        yield teller.tell("message_sent", scene, message=approved["data"]["message"])


def _received(teller: Teller, message: Json, author: Person, reader: Person) -> Iterator[Json]:
    for trigger in ("message_delivery_receipt", "message_read_receipt"):
        yield teller.tell(trigger, teller.next(reader, author), message_id=message["id"])


def _liked(
    teller: Teller, message: Json, author: Person, reader: Person, *, only_for_now: bool
) -> Iterator[Json]:
    scene = teller.next(reader, author)
    liked = {"message_id": message["id"], "token.reaction": scene.token(), "emoji": "👍"}
    yield teller.tell("message_reaction_added", scene, **liked)
    if only_for_now:
        yield teller.tell("message_reaction_removed", teller.next(reader, author), **liked)


def _edited(scene: Scene, message: Json) -> Json:
    others = [words for words in TEXTS if words != message["data"].get("text")]
    said = {**message["data"], "text": scene.random.choice(others)}
    times = {"updatedAt": scene.seconds, "editedAt": scene.seconds}
    return {**message, "data": said, **times, "editedBy": scene.sender.uid}


def _deleted(scene: Scene, message: Json) -> Json:
    kept = {key: value for key, value in message.items() if key != "data"}
    times = {"updatedAt": scene.seconds, "deletedAt": scene.seconds}
    return {**kept, **times, "deletedBy": scene.sender.uid}


def _changed(teller: Teller, scene: Scene, change: str, message: Json) -> Json:
    """What is told of a message that was changed just now."""
    action = teller.message(scene, change, **{f"part.{change}": message})
    return teller.tell(f"message_{change}", scene, message=action)
