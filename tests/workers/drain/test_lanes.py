"""The rule of the lanes, by cases: what may start, in which order, and what is handed back.

A case is a line of steps. `+1a` enters an item a into lane 1, `!` behind it says that its handler
may be poison; `>` starts what may start and lists it, `x` ends an item with the runner and has it
leave, `c` closes the partition. Each step that gives something is followed by what it gives.
"""

from dataclasses import dataclass, field

import pytest

from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.lanes import QUICK_PER_RUNNER, SLOW_MS, STARTED_PER_RUNNER, Lanes
from tests.workers.engine import handler, record

HANDLERS = (handler(lambda event, ctx: None, "p.one"), handler(lambda event, ctx: None, "p.two"))


@dataclass
class Table:
    """Lanes, and the items in them by their letters."""

    lanes: Lanes
    partition: Partition = field(default_factory=lambda: Partition(0, "lease", {}))
    items: dict[str, Item] = field(default_factory=dict)

    def enter(self, lane: str, letter: str, *, alone: bool = False, handlers: int = 1) -> None:
        item = Item(self.partition, f"{len(self.items)}-0", record(int(lane)), 1)
        item.todo = HANDLERS[:handlers]
        item.alone = frozenset({"p.one"} if alone else ())
        self.items[letter] = item
        self.lanes.enter([item])

    def letters(self, items: list[Item]) -> str:
        names = {id(item): letter for letter, item in self.items.items()}
        return "".join(names[id(item)] + ("-" if item.discarded else "") for item in items)

    def start(self) -> str:
        starts = self.lanes.start()
        assert not self.lanes.can_start()
        assert not (starts and self.lanes.idle)
        return "".join(self.letters([each.item]) + "!" * each.alone for each in starts)

    def end(self, letter: str) -> str:
        self.lanes.done(self.items[letter])
        return self.letters(self.lanes.leave(self.items[letter]))

    def close(self) -> str:
        self.partition.closing = True
        return self.letters(self.lanes.discard_closing())

    def do(self, step: str) -> str | None:
        """Do one step; what it gives, None when it gives nothing."""
        match step[0]:
            case "+":
                return self.enter(step[1], step[2], alone=step.endswith("!"))
            case ">":
                return self.start()
            case "x":
                return self.end(step[1])
            case _:
                return self.close()


CASES = {
    "a lane is one after the other": "+1a +1b > a > - xa a > b xb b > -",
    "lanes are side by side": "+1a +2b +3c > abc xb b > -",
    "the next starts only once the one before has left": "+1a +1b +2c > ac xc c > - xa a > b",
    "what may be poison starts beside all others": "+1a > a +2b! +3c > b!c xb b xc c xa a > -",
    "as many at once as there are processes": "+1a! +2b! +3c! +4d > a!b!d xa a > c!",
    "poison of one lane after the other": "+1a! +1b! +2c > a!c xa a > b!",
    "what stands behind poison is its lane's next": "+1a! +1b > a! xa a > b",
    "poison behind others of its lane does not hurry": "+1a +1b! +2c > ac xa a > b! xc c > -",
    "a closing partition hands back what is ready": "+1a +2b c a-b- > -",
    "with what stands behind it": "+1a +1b +2c! c a-b-c- > -",
    "what is in progress ends and takes those behind it along": "+1a +1b > a c - xa ab- > -",
    "after that its lane is new": "+1a > a xa a +1b > b",
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_starts_and_what_is_handed_back(case: str) -> None:
    """Step by step, as the case says."""
    table, steps = Table(Lanes(8, 2)), iter(case.split())
    for step in steps:
        given = table.do(step)
        if given is not None:
            assert given == next(steps).removesuffix("-" if given == "" else ""), step


@pytest.mark.parametrize(
    "ms, each", [(0, QUICK_PER_RUNNER), (2, STARTED_PER_RUNNER), (2 * SLOW_MS, 1)]
)
def test_slow_handlers_are_handed_fewer_items(ms: int, each: int) -> None:
    """So that after a crash fewer may be poison; quick ones shall not wait for Redis."""
    table = Table(Lanes(2))
    for number in range(40):
        table.enter(str(number), chr(ord("a") + number))
    for _ in range(100):
        table.lanes.took(ms)
    assert len(table.start()) == table.lanes.in_progress == 2 * each
    assert table.start() == ""
    table.end("a")
    assert len(table.start()) == 1


def test_handlers_of_an_item_that_may_be_poison_take_turns_and_nothing_comes_between() -> None:
    """Each is one start, and the item leaves after the last."""
    table = Table(Lanes(8, 1))
    table.enter("1", "a", alone=True, handlers=2)
    table.enter("2", "b", alone=True)
    for handlers, left in ((["p.one"], ""), (["p.two"], "a")):
        (start,) = table.lanes.start()
        assert [each.id for each in start.handlers] == handlers
        assert table.end("a") == left
    assert table.start() == "b!"


def test_an_item_with_handlers_that_did_not_run_leaves_as_discarded() -> None:
    """Its stream keeps it for a successor, with those behind it in the lane as they are."""
    table = Table(Lanes(8))
    table.enter("1", "a", alone=True, handlers=2)
    assert table.start() == "a!"
    table.partition.closing = True
    assert table.end("a") == "a-"


def test_an_idle_table_can_start_nothing() -> None:
    """The dispatcher then waits for a message."""
    lanes = Lanes(1)
    assert (lanes.can_start(), lanes.start(), lanes.discard_closing()) == (False, [], [])
