"""What is wrong with the answers that came with a press, measured by the form: told, never
refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from comethooks.workers.presses.goals import FormElement, MessageFacts, Press, is_empty

_MOST = 50
"""So many problems of a press are told: what comes from a device may have any number."""
_LONGEST = 100
"""Characters of an id or value in the text of a problem."""


def problems_in(facts: MessageFacts, press: Press) -> tuple[str, ...]:
    """What does not fit the form in what a press says, a line for each problem.

    That a field is missing is said only of a press that has answers: a button that is no form's
    has none.
    """
    if facts.elements is None:
        return ()
    found: list[str] = []
    for problem in _problems(facts.elements, press):
        if len(found) == _MOST:
            break
        found.append(problem)
    return tuple(found)


def _problems(elements: Mapping[str, FormElement], press: Press) -> Iterator[str]:
    pressed = () if press.element_id is None else (press.element_id,)
    for element_id in dict.fromkeys((*pressed, *press.answers)):
        if element_id not in elements:
            yield f"{element_id[:_LONGEST]}: the message has no such element"
    if not press.answers:
        return
    for element_id, element in elements.items():
        answer = press.answers.get(element_id)
        if is_empty(answer):
            if element.wanted:
                yield f"{element_id[:_LONGEST]}: it has no answer, and is not optional"
        elif element.values is not None:
            for value in _values(answer):
                if value not in element.values:
                    yield f"{element_id[:_LONGEST]}: {value[:_LONGEST]!r} is not among its options"


def _values(answer: Any) -> list[str]:
    return [str(each) for each in (answer if isinstance(answer, list) else [answer])]
