"""A scene: who does what to whom, and when."""

from dataclasses import dataclass
from random import Random

from comethooks.samples.people import GROUPS, PEOPLE, Circle, Person

_GROUP_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Scene:
    """`sender` does something to `receiver`, `milliseconds` after the epoch, in the app `app_id`.

    What happens in a scene is random, so that no two bodies are about the same thing.
    """

    random: Random
    milliseconds: int
    sender: Person
    receiver: Person | Circle
    app_id: str

    @property
    def seconds(self) -> int:
        """The time, as most bodies write it."""
        return self.milliseconds // 1000

    @property
    def receiver_type(self) -> str:
        """CometChat's word for what the receiver is."""
        return "group" if isinstance(self.receiver, Circle) else "user"

    @property
    def conversation_id(self) -> str:
        """CometChat's name for the conversation."""
        return conversation_of(self.sender, self.receiver)

    def message_id(self) -> str:
        """The id of a message."""
        return str(self.random.randrange(10**9, 10**15))

    def token(self) -> str:
        """What nothing else has: sixteen hexadecimal digits."""
        return f"{self.random.getrandbits(64):016x}"

    def moments_ago(self) -> int:
        """A time within the hour before this one, in seconds."""
        return self.seconds - self.random.randrange(60, 3600)


def scene(random: Random, milliseconds: int, app_id: str) -> Scene:
    """Two of the people, or one of them in a group."""
    sender, receiver = random.sample(PEOPLE, 2)
    in_group = random.random() < _GROUP_SHARE
    return Scene(
        random, milliseconds, sender, random.choice(GROUPS) if in_group else receiver, app_id
    )


def conversation_of(sender: Person, receiver: Person | Circle) -> str:
    """CometChat's name for the conversation of two, or of a group."""
    if isinstance(receiver, Circle):
        return f"group_{receiver.guid}"
    return "_user_".join(sorted((sender.uid, receiver.uid)))
