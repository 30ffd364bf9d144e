"""Paths of which it is not certain how CometChat spells them: what is not there is asked for in the
other spelling, and which of them was right is remembered.
"""

from collections.abc import Iterator
from http import HTTPStatus

SPELLINGS = ("bannedusers", "banned_members")
"""What the members that are banned from a group are called. CometChat's reference has the first,
and one page of its documentation the second."""

NAMED = frozenset(
    (
        *("ERR_GUID_NOT_FOUND", "ERR_UID_NOT_FOUND", "ERR_NOT_A_MEMBER", "ERR_NOT_A_BANNED_USER"),
        *("ERR_ALREADY_BANNED", "ERR_GROUP_NOT_JOINED"),
    )
)
"""Codes that say of a thing that it is not there: then the path was understood."""


class Spellings:
    """Which spelling the API at an address knows. What a process knows together; threads may share
    it.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, api_url: str) -> Iterator[str]:
        """The spellings in the order in which they are to be tried; only the right one, if it is
        known.
        """
        known = self._known.get(api_url)
        yield from SPELLINGS if known is None else (known,)

    def remember(self, api_url: str, spelling: str) -> None:
        """That this is the right one."""
        self._known[api_url] = spelling


def is_unknown_path(status: int, code: str) -> bool:
    """Whether an answer says that there is no such path, and not that a thing is not there."""
    return status == HTTPStatus.NOT_FOUND and code not in NAMED
