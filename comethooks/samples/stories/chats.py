"""Stories of messages: a conversation, forms to fill in, what moderation says."""

from collections.abc import Iterator

from comethooks.samples import actions, changes, messages, moderation
from comethooks.samples.people import Person
from comethooks.samples.scene import Json
from comethooks.samples.stories.teller import Teller

_FORMS = (messages.form, messages.card, messages.scheduler)
_EMOJI = "👍"


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
        message = teller.message(
            scene, messages.media("image") if number % 8 == 5 else messages.text
        )
        if number % 4 == 3 and kept:
            message["parentId"] = kept
        yield teller.tell("message_sent", {"message": message})
        yield from _received(teller, message, author, reader)
        if number % 3 == 1:
            yield from _liked(teller, message, author, reader, only_for_now=number % 2 == 0)
        if number % 5 == 2:
            message = actions.edited(teller.next(author, reader), message)
            yield _changed(teller, "edited", message, author, reader)
        if number % 7 == 6:
            message = actions.deleted(teller.next(author, reader), message)
            yield _changed(teller, "deleted", message, author, reader)
        else:
            kept = message["id"]


def forms(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """Somebody sends forms, cards and schedulers, which the other one receives and reads.

    What is filled in comes from the other one's device, to the address in the form: that is no
    webhook.
    """
    author, reader = teller.people(2)
    for number in range(count):
        message = teller.message(teller.next(author, reader), _FORMS[number % len(_FORMS)])
        yield teller.tell("message_sent", {"message": message})
        yield from _received(teller, message, author, reader)


def moderated(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """Messages that the engine approves, that it blocks and somebody approves, and that it fails
    at.
    """
    author, reader = teller.people(2)
    for number in range(count):
        scene = teller.next(author, reader)
        message = teller.message(scene, messages.text)
        if number % 3 == 1:
            yield teller.tell(
                "moderation_engine_blocked", {"message": moderation.judged(message, "disapproved")}
            )
            review = moderation.reviewed(teller.next(author, reader), message)
            yield teller.tell("moderation_manual_approved", review)
            continue
        if number % 3 == 2:
            failure = moderation.failure(scene, message, "approved")
            yield teller.tell("moderation_engine_failed", failure)
        approved = moderation.judged(message, "approved")
        yield teller.tell("moderation_engine_approved", {"message": approved})
        yield teller.tell("message_sent", {"message": approved})


def _received(teller: Teller, message: Json, author: Person, reader: Person) -> Iterator[Json]:
    for action, trigger in (
        ("delivered", "message_delivery_receipt"),
        ("read", "message_read_receipt"),
    ):
        scene = teller.next(reader, author)
        yield teller.tell(trigger, changes.receipt_for(scene, action, message["id"], author))


def _liked(
    teller: Teller, message: Json, author: Person, reader: Person, *, only_for_now: bool
) -> Iterator[Json]:
    scene = teller.next(reader, author)
    reaction = scene.token()
    liked = changes.reaction_to(scene, message["id"], reaction, _EMOJI)
    yield teller.tell("message_reaction_added", liked)
    if only_for_now:
        later = teller.next(reader, author)
        taken_back = changes.reaction_to(later, message["id"], reaction, _EMOJI)
        yield teller.tell("message_reaction_removed", taken_back)


def _changed(teller: Teller, change: str, message: Json, author: Person, reader: Person) -> Json:
    """What is told of a message that was changed just now."""
    scene = teller.now(author, reader)
    action = teller.message(scene, lambda here: actions.message_action(here, change, message))
    return teller.tell(f"message_{change}", {"message": action})
