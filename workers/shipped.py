"""The plugins that ship with us."""

NOTIFY, MODERATOR = "notify", "moderator"
"""The plugins that ship with us and are what a file says. Without its file the first is not there;
the second is then what a file says that ships with us, too."""

SHIPPED = {
    "interactions": "comethooks.workers.interactions.goals_plugin:plugin",
    MODERATOR: "comethooks.workers.moderation.moderator_plugin:plugin_of",
    NOTIFY: "comethooks.workers.notify.notify_plugin:plugin_of",
}
"""The plugins that ship with us, by name: where each is, or the function that makes it of its file.
They are loaded like any other, and so are shown, disabled and put into quarantine."""

BOOKKEEPING = frozenset(
    (
        "interactions.members",
        "moderator.deleted",
        "moderator.pressed",
        "moderator.reviewed",
        "moderator.sent",
    )
)
"""Handlers of those that keep something of nearly everything that they get, and have nothing to
tell of it: a run of theirs is kept only where it did not end well at once, or did something."""

DECIDES_NOTHING = frozenset(("interactions", NOTIFY))
"""Those of them that have no deciders, so that a web process need not load what they need."""

SHIPS_WITH_US = "comethooks"
"""The origin of those."""


def ships(name: str) -> bool:
    """Whether a name is that of a plugin of ours, whether or not it is there."""
    return name in SHIPPED
