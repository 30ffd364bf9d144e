"""Users and groups: who belongs to what, and who is kept out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from comethooks.schemas import Group, Member
from comethooks.schemas.wire.rules import to_flag, to_object, to_text
from comethooks.workers.cometchat.api_errors import ApiRefusedError, ErrorBody, NotSendableError
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls, segment, uid_segment
from comethooks.workers.cometchat.message_calls import is_done
from comethooks.workers.cometchat.outgoing import NO_ID, is_id
from comethooks.workers.cometchat.paging import MOST_ITEMS, by_number
from comethooks.workers.cometchat.spellings import is_unknown_path

NOT_JOINED = frozenset(("ERR_GROUP_NOT_JOINED", "ERR_NOT_A_MEMBER", "ERR_BANNED_GROUPMEMBER"))
"""What CometChat answers about a group to somebody who is not in it."""
NO_SUCH_USER = frozenset(("ERR_UID_NOT_FOUND",))
"""What it answers to a uid that nobody has, or whose user is deactivated."""
_NOBODY_TO_KICK = NOT_JOINED | NO_SUCH_USER | {"ERR_GUID_NOT_FOUND"}
SCOPES = ("admin", "moderator", "participant")
MOST_MEMBERS = 1000
"""In a page (CometChat's reference)."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What CometChat says of a user and a group; None is what it does not say."""

    has_joined: bool | None
    scope: str | None
    """`admin`, `moderator` or `participant`."""


class PeopleCalls:
    """The calls about users and groups. Uids are in lower case at CometChat, and made so here."""

    _calls: ApiCalls

    def member(self, guid: str, uid: str) -> Membership:
        """Whether the user `uid` is a member of the group `guid`, and with which scope.

        It is one call about one user, however many members the group has. A user whom CometChat
        does not know is no member.
        """
        call = ApiCall("member", "GET", f"groups/{segment('guid', guid)}", as_user=uid)
        try:
            group = Group(self._calls.data(call))
        except ApiRefusedError as error:
            if error.code in NOT_JOINED | NO_SUCH_USER:
                return Membership(has_joined=False, scope=None)
            raise
        return Membership(group.has_joined, group.scope)

    def members(self, guid: str, *, most: int = MOST_ITEMS) -> Iterator[Member]:
        """The members of a group, fetched 1,000 at a time as they are asked for; it ends after
        `most` of them.
        """
        path = f"groups/{segment('guid', guid)}/members"
        call = ApiCall("members", "GET", path, query={"perPage": MOST_MEMBERS})
        return map(Member, by_number(self._calls, call, most))

    def kick(self, guid: str, uid: str, *, as_user: str | None = None) -> bool:
        """Put a member out of a group; False if nobody was there to be put out."""
        call = ApiCall("kick", "DELETE", _member(guid, uid), as_user=as_user)
        return is_done(self._calls, call, already=_NOBODY_TO_KICK)

    def ban(self, guid: str, uid: str, *, as_user: str | None = None) -> bool:
        """Put a user out of a group, who cannot join it again; False if it was so already."""
        already = frozenset(("ERR_ALREADY_BANNED",))
        return self._banning("ban", "POST", guid, uid, as_user, already)

    def unban(self, guid: str, uid: str, *, as_user: str | None = None) -> bool:
        """Let a user join a group again; False if nothing was in the way."""
        already = frozenset(("ERR_NOT_A_BANNED_USER",))
        return self._banning("unban", "DELETE", guid, uid, as_user, already)

    def change_scope(self, guid: str, uid: str, scope: str, *, as_user: str | None = None) -> bool:
        """Make a member `admin`, `moderator` or `participant`; False if he or she is that."""
        if scope not in SCOPES:
            raise NotSendableError([f"scope: write one of {', '.join(SCOPES)}"])
        body = {"scope": scope}
        call = ApiCall("change_scope", "PUT", _member(guid, uid), body, as_user=as_user)
        return is_done(self._calls, call, already=frozenset(("ERR_SAME_SCOPE",)))

    def block(self, uid: str, blocked: Sequence[str]) -> None:
        """Block users for the user `uid`: what they send does not reach him or her."""
        path = f"users/{uid_segment('uid', uid)}/blockedusers"
        self._each(ApiCall("block", "POST", path, {"blockedUids": _uids(blocked)}))

    def unblock(self, uid: str, blocked: Sequence[str]) -> None:
        """Take back that users are blocked for the user `uid`."""
        path = f"users/{uid_segment('uid', uid)}/blockedusers"
        self._each(ApiCall("unblock", "DELETE", path, {"blockedUids": _uids(blocked)}))

    def deactivate(self, uids: Sequence[str]) -> None:
        """Shut users out of the app. What they wrote stays."""
        body = {"uidsToDeactivate": _uids(uids)}
        self._each(ApiCall("deactivate", "DELETE", "users", body))

    def reactivate(self, uids: Sequence[str]) -> None:
        """Let users who are shut out in again."""
        self._each(ApiCall("reactivate", "PUT", "users", {"uidsToActivate": _uids(uids)}))

    def _banning(
        self,
        name: str,
        method: str,
        guid: str,
        uid: str,
        as_user: str | None,
        already: frozenset[str],
    ) -> bool:
        spellings, api_url = self._calls.pacing.spellings, self._calls.known_app().api_url
        group, user = segment("guid", guid), uid_segment("uid", uid)
        first: ApiRefusedError | None = None
        for spelling in spellings.of(api_url):
            call = ApiCall(name, method, f"groups/{group}/{spelling}/{user}", as_user=as_user)
            try:
                done = is_done(self._calls, call, already=already)
            except ApiRefusedError as error:
                if is_unknown_path(error.status, error.code):
                    first = first or error
                    continue
                spellings.remember(api_url, spelling)
                raise
            spellings.remember(api_url, spelling)
            return done
        assert first is not None
        raise first

    def _each(self, call: ApiCall) -> None:
        """Make a call about several users. Raises `ApiRefusedError` that says of whom it was
        refused.
        """
        told = self._calls.data(call)
        of_each = {uid: to_object(each) or {} for uid, each in told.items()}
        refused = "; ".join(
            f"{uid}: {to_text(said.get('message')) or 'refused'}"
            for uid, said in of_each.items()
            if to_flag(said.get("success")) is False
        )
        if refused:
            raise ApiRefusedError(str(call), HTTPStatus.OK, ErrorBody("", refused, told))


def _member(guid: str, uid: str) -> str:
    return f"groups/{segment('guid', guid)}/members/{uid_segment('uid', uid)}"


def _uids(uids: Sequence[str]) -> list[str]:
    if isinstance(uids, str) or not uids or not all(map(is_id, uids)):
        raise NotSendableError([f'uids: write a list of uids: ["ada"]; {NO_ID}'])
    return [uid.lower() for uid in uids]
