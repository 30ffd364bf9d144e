"""When the goal of an interactive message is met, and by whom.

By CometChat's documentation a goal is met by any interaction, by one or by all of certain elements,
or never. It is judged for each user, and the sender's own interactions count only where the message
allows that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Wire = Mapping[str, Any]


def met_by(message: Wire, sender: str) -> list[str]:
    """The uids of those whose interactions with `message` meet its goal.

    `""` stands for interactions that do not say whose they are: then the message is as one user has
    it.
    """
    goal = message.get("interactionGoal")
    if not isinstance(goal, Mapping):
        return []
    counts_sender = message.get("allowSenderInteraction") in (True, 1, "1", "true")
    pressed = {
        user: elements
        for user, elements in _by_user(message.get("interactions")).items()
        if user != sender or counts_sender
    }
    return sorted(user for user, elements in pressed.items() if is_met(goal, elements))


def is_met(goal: Wire, pressed: set[str]) -> bool:
    """Whether interactions with the elements `pressed`, all of one user, meet `goal`.

    Its type is spelled as on the wire ("anyOf") or as the SDKs have it ("ANY_OF"). Of no elements,
    neither any nor all can be pressed.
    """
    elements = set(map(str, _listed(goal.get("elementIds"))))
    match "".join(letter for letter in str(goal.get("type")).lower() if letter.isalpha()):
        case "anyaction":
            return bool(pressed)
        case "anyof":
            return bool(elements & pressed)
        case "allof":
            return bool(elements) and elements <= pressed
    return False


def _by_user(interactions: Any) -> dict[str, set[str]]:
    """The ids of elements that each user interacted with."""
    found: dict[str, set[str]] = {}
    for interaction in _listed(interactions):
        if isinstance(interaction, Mapping) and interaction.get("elementId"):
            who = interaction.get("interactedBy")
            uid = who.get("uid") if isinstance(who, Mapping) else who
            found.setdefault(str(uid or ""), set()).add(str(interaction["elementId"]))
    return found


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else ()
