"""Who tells a story: keeps the time, which only advances, and the ids, which only grow."""

from random import Random
from typing import Any

from comethooks.samples.filling import Json, filled
from comethooks.samples.making import template_of
from comethooks.samples.people import PEOPLE, Circle, Person
from comethooks.samples.scene import Scene
from comethooks.samples.templates import part

_LONGEST_PAUSE = 8
_LARGEST_STEP = 5


class Teller:
    """Tells of one thing after the other. `now_ms` is when the story begins."""

    def __init__(self, random: Random, now_ms: int, app_id: str) -> None:
        self.random = random
        self.now_ms = now_ms
        self._app_id = app_id
        self._message_id = random.randrange(10**9, 10**14)

    def people(self, count: int) -> list[Person]:
        """As many people, each another one."""
        return self.random.sample(PEOPLE, count)

    def now(self, sender: Person, receiver: Person | Circle) -> Scene:
        """At the same time: `sender` does something to `receiver`."""
        return Scene(self.random, self.now_ms, sender, receiver, self._app_id)

    def next(self, sender: Person, receiver: Person | Circle) -> Scene:
        """Some seconds later: `sender` does something to `receiver`."""
        self.now_ms += self.random.randint(1, _LONGEST_PAUSE) * 1000
        return self.now(sender, receiver)

    def message(self, scene: Scene, kind: str, **given: Any) -> Json:
        """A message with an id that is higher than those before."""
        self._message_id += self.random.randint(1, _LARGEST_STEP)
        return filled(part("message", kind), scene, {"message_id": str(self._message_id), **given})

    def tell(self, trigger: str, scene: Scene, kind: str | None = None, /, **given: Any) -> Json:
        """The body of what has just happened, of this kind or the usual one; `given` are
        placeholders in it.
        """
        return filled(template_of(trigger, kind), scene, given)
