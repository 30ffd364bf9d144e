"""Who is in the samples: people, groups and a bot, all made up."""

from dataclasses import dataclass

_ONLINE = 2


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the app."""

    uid: str
    name: str
    role: str = "default"

    @property
    def id(self) -> str:
        """What messages name as sender or receiver."""
        return self.uid


@dataclass(frozen=True, slots=True)
class Circle:
    """A group. `created_at` is in seconds since the epoch, `members` says how many they are."""

    guid: str
    name: str
    owner: Person
    members: int
    created_at: int

    @property
    def id(self) -> str:
        """What messages name as receiver."""
        return self.guid

    @property
    def online(self) -> int:
        """How many of them are online."""
        return min(_ONLINE, self.members)


PEOPLE = (
    Person("nora-lindqvist", "Nora Lindqvist"),
    Person("tomas-abreu", "Tomás Abreu"),
    Person("ines-okafor", "Ines Okafor"),
    Person("jun-watanabe", "Jun Watanabe"),
    Person("marek-dvorak", "Marek Dvořák"),
    Person("leila-haddad", "Leila Haddad"),
    Person("oskar-nyman", "Oskar Nyman"),
    Person("priya-raman", "Priya Raman"),
)
GROUPS = (
    Circle("harbour-crew", "Harbour crew", PEOPLE[0], len(PEOPLE), 1_735_113_600),
    Circle("book-circle", "Book circle", PEOPLE[5], len(PEOPLE), 1_741_867_200),
    Circle("night-shift", "Night shift", PEOPLE[6], len(PEOPLE), 1_748_304_000),
)
BOT = Person("ferry-times", "Ferry times", role="bot")
"""Whom messages are for that go to a bot."""
