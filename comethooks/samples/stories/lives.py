"""Stories of a group, from its beginning to its end, and of a call."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from comethooks.samples.filling import Json
from comethooks.samples.people import GROUPS, Circle, Person
from comethooks.samples.stories.teller import Teller

CALL_VARIANTS = ("answered", "rejected", "unanswered", "cancelled", "busy")


def group(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """A group is made, grows, talks, loses people, is handed over and deleted."""
    owner, heir, kicked, banned, leaver = people = teller.people(5)
    of = replace(teller.random.choice(GROUPS), owner=owner, members=0)
    of = replace(of, guid=f"{of.guid}-{teller.now(owner, of).token()[:12]}")

    def happens(trigger: str, member: Person = owner, more: int = 0) -> Json:
        nonlocal of
        of = replace(of, members=of.members + more)
        return teller.tell(trigger, teller.next(of.owner, of), new_group=of, other=member)

    begin = teller.next(owner, of)
    of = replace(of, members=1, created_at=begin.seconds)
    yield teller.tell("group_created", begin, new_group=of)
    yield happens("group_member_added", heir, more=1)
    yield happens("group_member_added", kicked, more=1)
    yield happens("group_member_joined", banned, more=1)
    yield happens("group_member_joined", leaver, more=1)
    for _number in range(count):
        yield from _talk(teller, of, people)
    yield happens("group_member_scope_changed", heir)
    yield happens("group_member_kicked", kicked, more=-1)
    yield happens("group_member_banned", banned, more=-1)
    yield happens("group_member_unbanned", banned)
    yield happens("group_member_left", leaver, more=-1)
    yield happens("group_owner_transferred", heir)
    of = replace(of, owner=heir)
    yield happens("group_updated")
    yield happens("group_deleted")


def _talk(teller: Teller, of: Circle, people: list[Person]) -> Iterator[Json]:
    """Somebody writes, and all of the others read it; the receipts come from the last of them."""
    author, last = teller.random.sample(people, 2)
    scene = teller.next(author, of)
    message = teller.message(scene, "text")
    yield teller.tell("message_sent", scene, message=message)
    for trigger in ("message_delivered_to_all", "message_read_by_all"):
        yield teller.tell(trigger, teller.next(last, of), message_id=message["id"], other=author)


def call(teller: Teller, _: int, variant: str) -> Iterator[Json]:
    """Somebody calls. When the call is answered it is also recorded and written down."""
    caller, called = teller.people(2)
    scene = teller.next(caller, called)
    itself = {
        "token.session": scene.token(),
        "call_type": teller.random.choice(("audio", "video")),
        "began": scene.seconds,
    }
    rings = teller.message(scene, "call-initiated", **itself)
    yield teller.tell("call_initiated", scene, message=rings)
    if variant == "answered":
        yield from _answered(teller, caller, called, itself)
        return
    scene = teller.next(caller, called)
    over = teller.message(scene, f"call-{variant}", **itself)
    yield teller.tell(f"call_{variant}", scene, message=over)


def _answered(
    teller: Teller, caller: Person, called: Person, itself: dict[str, Any]
) -> Iterator[Json]:
    began = teller.next(called, caller)
    yield teller.tell("call_started", began, **itself)
    came = {}
    for person, other in ((caller, called), (called, caller)):
        scene = teller.next(person, other)
        came[person] = scene.seconds
        yield teller.tell("call_participant_joined", scene, **itself)
    stays = []
    for person, other in ((called, caller), (caller, called)):
        scene = teller.next(person, other)
        left = teller.tell("call_participant_left", scene, earlier=came[person], **itself)
        stays.append(left["data"]["occupant"])
        yield left
    scene = teller.next(caller, called)
    ended = teller.tell("call_ended", scene, earlier=began.seconds, **itself)
    ended["data"]["all_occupants"] = stays
    yield ended
    for trigger in ("recording_generated", "transcription_generated"):
        yield teller.tell(trigger, scene, earlier=began.seconds, **itself)
