"""One message that deciders are asked about, from the question to the ruling."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import structlog

from comethooks.schemas import Event
from comethooks.workers.deciding.bench import Bench
from comethooks.workers.deciding.combining import (
    DeciderFailure,
    Fault,
    Opinion,
    Ruling,
)
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.hearing import ask
from comethooks.workers.logs import failure
from comethooks.workers.plugins.event_filters import Facts, lets

log = structlog.get_logger()

Combine = Callable[[Sequence[Opinion]], Ruling]


class Question:
    """What one decider is asked about one message, until `ends_at` (monotonic seconds)."""

    __slots__ = ("_sitting", "began", "bench", "ends_at", "is_settled", "number")

    def __init__(self, sitting: "Sitting", number: int, bench: Bench, ends_at: float) -> None:
        self._sitting = sitting
        self.number = number
        self.bench = bench
        self.ends_at = ends_at
        self.began = False
        self.is_settled = False

    def serve(self) -> None:
        """Ask the decider, in a thread of its bench."""
        self._sitting.serve(self)


class Sitting:
    """One message that deciders are asked about.

    It is done when all of them have said something, and no later than each may take: who is late
    changes nothing.
    """

    def __init__(
        self,
        event: Event,
        facts: Facts,
        services: DeciderServices,
        combine: Combine,
    ) -> None:
        self._said = {"id": event.id, "trigger": event.trigger}
        self._event: Event | None = event
        self._facts: Facts | None = facts
        self._services = services
        self._combine = combine
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._questions: list[Question] = []
        self._opinions: list[Opinion | None] = []
        self._open = 0
        self._future: Future[Ruling] = Future()

    def result(self, timeout: float | None = None) -> Ruling:
        """The ruling, as soon as it is there. Raises `TimeoutError` after `timeout` seconds."""
        return self._future.result(timeout)

    def add_done_callback(self, call: Callable[[Ruling], None]) -> None:
        """Have `call` get the ruling: at once when it is there, else in the thread that makes it.
        It has to be short.
        """
        self._future.add_done_callback(lambda future: call(future.result()))

    @property
    def is_done(self) -> bool:
        """Whether the ruling is there."""
        return self._future.done()

    def begin(self, asked: Sequence[tuple[Bench, float]]) -> None:
        """Ask these deciders, each until its time. Waits for nothing."""
        admitted = [bench.admits() for bench, _ in asked]
        self._opinions = [None] * len(asked)
        self._questions = [
            Question(self, number, bench, ends_at) for number, (bench, ends_at) in enumerate(asked)
        ]
        self._open = len(asked)
        for question, is_admitted in zip(self._questions, admitted, strict=True):
            if is_admitted:
                question.bench.submit(question)
            else:
                self._settle(question, _failed(question, Fault.RESTS, "it rests"))
        if not asked:
            self._finish()

    def serve(self, question: Question) -> None:
        """Ask the decider of a question that nobody has given up, in this thread."""
        with self._lock:
            event, facts = self._event, self._facts
            if question.is_settled or event is None or facts is None:
                return
            question.began = True
        bound = question.bench.bound
        opinion = None
        if lets(bound.decider.filters, facts):
            opinion = ask(bound, event, self._services, question.ends_at)
        if not self._settle(question, opinion):
            question.bench.came_back()

    def give_up_late(self, now: float) -> float | None:
        """Wait no longer for those whose time is over; until when the next one may take, if there
        is one.
        """
        for question in self._questions:
            if not question.is_settled and question.ends_at <= now:
                text = "it was late" if question.began else "it was late, as no thread was free"
                ms = round((now - self._began) * 1000, 3)
                self._settle(question, _failed(question, Fault.LATE, text, ms))
        return min((each.ends_at for each in self._questions if not each.is_settled), default=None)

    def _settle(self, question: Question, opinion: Opinion | None) -> bool:
        """Take an opinion, or None of who was not to be asked; false when it comes too late."""
        with self._lock:
            if question.is_settled:
                return False
            question.is_settled = True
            self._opinions[question.number] = opinion
            self._open -= 1
            is_last = not self._open
        # Before anybody learns of the ruling, and asks about the next message.
        is_to_tell = question.bench.heard(opinion, began=question.began)
        if is_last:
            self._finish()
        if is_to_tell and opinion is not None and opinion.failure is not None:
            self._tell(opinion.failure)
        return True

    def _finish(self) -> None:
        ruling = self._combine([each for each in self._opinions if each is not None])
        # A late thread holds the sitting for as long as it likes, and so do its questions: a circle
        # that only the garbage collector would end.
        self._event = self._facts = None
        self._questions = []
        self._future.set_result(ruling)

    def _tell(self, failed: DeciderFailure) -> None:
        said = {**self._said, "decider": failed.decider, "fault": failed.fault.value}
        # What it raised may quote the message, and our own words do not.
        said |= {"reason": failed.text} if failed.error is None else failure(failed.error)
        log.warning("decider failed", **said)


def _failed(question: Question, fault: Fault, text: str, ms: float = 0.0) -> Opinion:
    decider = question.bench.bound.decider
    failed = DeciderFailure(decider.id, fault, text)
    return Opinion(decider.id, ms, decider.shadow, failure=failed)
