"""Stories of a group, from its beginning to its end, and of a call."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from comethooks.samples import calls, changes, groups, messages, sessions
from comethooks.samples.people import GROUPS, Group, Person
from comethooks.samples.scene import Json, Scene
from comethooks.samples.sessions import Session
from comethooks.samples.stories.teller import Teller

About = Callable[[Scene, Group, Person], Json]

CALL_VARIANTS = ("answered", "rejected", "unanswered", "cancelled", "busy")


def group(teller: Teller, count: int, _: str) -> Iterator[Json]:
    """A group is made, grows, talks, loses people, is handed over and deleted."""
    owner, heir, kicked, banned, leaver = people = teller.people(5)
    of = replace(teller.random.choice(GROUPS), owner=owner, members=0)
    of = replace(of, guid=f"{of.guid}-{teller.now(owner, of).token()[:12]}")

    def happens(trigger: str, about: About, member: Person = owner, more: int = 0) -> Json:
        nonlocal of
        of = replace(of, members=of.members + more)
        return teller.tell(trigger, about(teller.next(of.owner, of), of, member))

    begin = teller.next(owner, of)
    of = replace(of, members=1, created_at=begin.seconds)
    yield teller.tell("group_created", groups.created(begin, of, owner))
    yield happens("group_member_added", groups.by_owner, heir, more=1)
    yield happens("group_member_added", groups.by_owner, kicked, more=1)
    yield happens("group_member_joined", groups.by_themselves, banned, more=1)
    yield happens("group_member_joined", groups.by_themselves, leaver, more=1)
    for _number in range(count):
        yield from _talk(teller, of, people)
    yield happens("group_member_scope_changed", groups.scope_changed, heir)
    yield happens("group_member_kicked", groups.by_owner, kicked, more=-1)
    yield happens("group_member_banned", groups.by_owner, banned, more=-1)
    yield happens("group_member_unbanned", groups.by_owner, banned)
    yield happens("group_member_left", groups.by_themselves, leaver, more=-1)
    yield happens("group_owner_transferred", groups.owner_transferred, heir)
    of = replace(of, owner=heir)
    yield happens("group_updated", groups.updated)
    yield happens("group_deleted", groups.updated)


def _talk(teller: Teller, of: Group, people: list[Person]) -> Iterator[Json]:
    """Somebody writes, and all of the others read it; the last of them is who the receipts come
    from.
    """
    author, last = teller.random.sample(people, 2)
    message = teller.message(teller.next(author, of), messages.text)
    yield teller.tell("message_sent", {"message": message})
    for action, trigger in (
        ("delivered", "message_delivered_to_all"),
        ("read", "message_read_by_all"),
    ):
        scene = teller.next(last, of)
        yield teller.tell(trigger, changes.receipt_of_all_for(scene, action, message["id"], author))


def call(teller: Teller, _: int, variant: str) -> Iterator[Json]:
    """Somebody calls. When the call is answered it is also recorded and written down."""
    caller, called = teller.people(2)
    scene = teller.next(caller, called)
    session, kind, began = scene.token(), teller.random.choice(calls.KINDS), scene.seconds
    rings = teller.message(scene, lambda here: calls.call_of(here, "initiated", session, kind, 0))
    yield teller.tell("call_initiated", {"call": rings})
    if variant == "answered":
        yield from _answered(teller, caller, called, session, kind)
        return
    scene = teller.next(caller, called)
    over = teller.message(
        scene, lambda here: calls.call_of(here, variant, session, kind, here.seconds - began)
    )
    yield teller.tell(f"call_{variant}", {"call": over})


def _answered(
    teller: Teller, caller: Person, called: Person, token: str, kind: str
) -> Iterator[Json]:
    scene = teller.next(called, caller)
    session = Session(token, kind, scene.seconds)
    yield teller.tell("call_started", sessions.started(scene, session))
    came = {}
    for person, other in ((caller, called), (called, caller)):
        scene = teller.next(person, other)
        came[person] = scene.seconds
        yield teller.tell("call_participant_joined", sessions.joined(scene, session))
    stays = {}
    for person, other in ((called, caller), (caller, called)):
        scene = teller.next(person, other)
        stays[person] = (came[person], scene.seconds)
        yield teller.tell("call_participant_left", sessions.left(scene, session, came[person]))
    scene = teller.next(caller, called)
    yield teller.tell("call_ended", sessions.ended(scene, session, stays))
    yield teller.tell("recording_generated", sessions.recording(scene, session))
    yield teller.tell("transcription_generated", sessions.transcription(scene, session))
