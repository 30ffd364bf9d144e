"""What can be done about a message, and about who wrote it: each once for a version of the message,
however many rules want it and however often the run is repeated.
"""

from collections.abc import Callable, Mapping

from comethooks.schemas import Event, Group, Message
from comethooks.workers.clock import milliseconds
from comethooks.workers.cometchat.outgoing import APP_USER
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.inside import Inside
from comethooks.workers.moderation.casework import written
from comethooks.workers.moderation.rule import DEFAULT_WARNING, AfterAction, Rule

Measure = Callable[[Rule], None]
_LONGEST_ID = 100


class Measures:
    """The measures against `message`, which an event tells of. They raise `CometChatError`."""

    def __init__(self, event: Event, ctx: Context, message: Message) -> None:
        self._event = event
        self._ctx = ctx
        self._inside = Inside(ctx)
        self._message = message

    @property
    def by_action(self) -> Mapping[AfterAction, Measure]:
        """Each by what rules call it, in the order in which they are taken."""
        return {
            "delete": self._delete,
            "warn": self._warn,
            "kick": self._kick,
            "ban": self._ban,
            "deactivate": self._deactivate,
        }

    def _delete(self, rule: Rule) -> None:
        with self._ctx.once(self._key("delete"), repeatable=True) as first:
            if first:
                if not self._ctx.dry_run:
                    # Before it is gone: what tells of the deletion may be handled first.
                    app_id, now = self._event.app_id or "", self._inside.services.clock()
                    self._inside.cases.removing(app_id, self._message.id, now=now)
                self._ctx.cometchat.delete_message(self._message.id)

    def _warn(self, rule: Rule) -> None:
        uid = self._author("warn")
        text = DEFAULT_WARNING
        if rule.warn is not None:
            text = rule.warn.fill(self._event, place=f"{rule.place}.warn")
        if uid is None:
            return
        if not text:
            self._inside.note("warn: not sent, since the text is empty")
            return
        guid = self._guid() if rule.warn_in == "group" else None
        with self._ctx.once(self._key("warn")) as first:
            if first:
                receiver = (uid, "user") if guid is None else (guid, "group")
                self._ctx.cometchat.send(*receiver, text=text)

    def _kick(self, rule: Rule) -> None:
        self._of_group("kick", lambda guid, uid: self._ctx.cometchat.kick(guid, uid))

    def _ban(self, rule: Rule) -> None:
        self._of_group("ban", lambda guid, uid: self._ctx.cometchat.ban(guid, uid))

    def _deactivate(self, rule: Rule) -> None:
        uid = self._author("deactivate")
        if uid is not None:
            with self._ctx.once(self._key("deactivate"), repeatable=True) as first:
                if first:
                    self._ctx.cometchat.deactivate([uid])

    def _of_group(self, action: AfterAction, take: Callable[[str, str], object]) -> None:
        guid = self._guid()
        if guid is None:
            self._inside.note(f"{action}: not done, since the message is in no group")
            return
        uid = self._author(action)
        if uid is not None:
            with self._ctx.once(self._key(action), repeatable=True) as first:
                if first:
                    take(guid, uid)

    def _guid(self) -> str | None:
        """The group that the message is in; None: it is in none."""
        receiver = self._message.receiver
        return (receiver.guid or None) if isinstance(receiver, Group) else None

    def _author(self, action: AfterAction) -> str | None:
        """Who wrote what was found; None, with a note, where that is nobody to do anything to."""
        uid = self._message.sender.uid
        editor = self._message.edited_by
        why = None
        if not uid or uid.lower() == APP_USER:
            why = "the app itself wrote it"
        elif self._event.edited and editor not in (None, "", uid):
            why = "somebody else than its author edited it"
        if why is not None:
            self._inside.note(f"{action}: not done, since {why}")
            return None
        return uid

    def _key(self, action: AfterAction) -> str:
        version = milliseconds(written(self._event, self._message))
        return f"{action} {self._message.id[:_LONGEST_ID]} {version}"
