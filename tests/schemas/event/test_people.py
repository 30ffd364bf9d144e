"""Users, groups and members, from whatever a body says of them."""

from datetime import UTC, datetime

import pytest

from comethooks.schemas import Group, Member, User
from comethooks.schemas.event.people import group_of, members_of, party_of, user_of, users_of

ADA = {"uid": "ada", "name": "Ada"}


class TestUser:
    def test_of_a_uid_takes_what_is_said_elsewhere_about_the_same_user(self):
        """Webhooks name the uid, and tell the rest in the message's entities."""
        assert user_of("ada", ADA).name == "Ada"
        assert user_of("ada", {"name": "Ada"}).name == "Ada"
        assert user_of("ada", {"uid": "ben", "name": "Ben"}).name is None

    def test_of_nothing_but_an_entity(self):
        """Then that is who it is."""
        assert user_of(None, ADA).uid == "ada"

    def test_of_an_object_is_that(self):
        """SDKs hold whole users."""
        found = user_of(
            {"uid": "ada", "statusMessage": "on shift", "credits": "5", "blockedByMe": "1"}
        )
        assert (found.status_message, found.credits, found.blocked_by_me) == ("on shift", 5, True)

    def test_has_nothing_that_the_body_does_not_say(self):
        """A wrong type is as good as nothing."""
        found = User({"name": 5, "tags": "night", "metadata": [], "lastActiveAt": 0})
        assert (found.uid, found.name, found.tags, found.metadata) == ("", None, (), {})
        assert (found.last_active_at, found.created_at, found.has_blocked_me) == (None, None, None)


class TestGroup:
    def test_of_a_guid_takes_what_is_said_elsewhere_about_the_same_group(self):
        """As for users."""
        crew = {
            "guid": "crew",
            "name": "Crew",
            "owner": ADA,
            "membersCount": 3,
            "createdAt": 1750000000,
        }
        found = group_of("crew", crew)
        assert (found.name, found.owner, found.members_count) == ("Crew", "ada", 3)
        assert found.created_at == datetime.fromtimestamp(1750000000, UTC)
        assert group_of("other", crew).name is None

    @pytest.mark.parametrize(
        "kind, value, entity, expected",
        [
            ("user", "a", None, User),
            ("group", "a", None, Group),
            (None, {"guid": "a"}, None, Group),
            (None, "a", {"guid": "a"}, Group),
            (None, "a", None, User),
        ],
    )
    def test_or_user_the_type_tells_or_else_the_keys(self, kind, value, entity, expected):
        """A bare id could be either."""
        found = party_of(kind, value, entity)
        assert isinstance(found, expected)
        assert (found.guid if isinstance(found, Group) else found.uid) == "a"


class TestMembers:
    def test_come_by_uid_or_in_a_list(self):
        """CometChat writes an object; nobody knows whether it always will."""
        by_uid = members_of({"ada": {"uid": "ada", "scope": "admin", "oldScope": "participant"}})
        listed = members_of([{"uid": "ada", "scope": "admin", "oldScope": "participant"}])
        assert by_uid == listed
        (member,) = by_uid
        assert isinstance(member, Member)
        assert (member.scope, member.old_scope, member.joined_at, member.is_banned) == (
            "admin",
            "participant",
            None,
            None,
        )

    @pytest.mark.parametrize("wire", [{}, None, [], {"uid": ""}, {"uid": True}])
    def test_have_the_uid_that_they_stand_under(self, wire):
        """Where they do not say it themselves."""
        assert [member.uid for member in members_of({"ada": wire})] == ["ada"]
        assert [user.uid for user in users_of({"ada": wire})] == ["ada"]

    @pytest.mark.parametrize("junk", [None, "ada", 5, [None], [[]], [], {}])
    def test_of_anything_else_there_are_none(self, junk):
        """And no error."""
        assert members_of(junk) == ()


class TestView:
    def test_says_the_same_as_another(self):
        """Members are no users, though they have all that users have."""
        assert len({user_of("ada"), user_of({"uid": "ada"}), user_of("ben")}) == 2
        assert User(ADA) != Member(ADA)

    def test_shows_the_id_only(self):
        """Names are about people."""
        assert (repr(User(ADA)), repr(Group({"guid": "crew", "name": "Crew"}))) == (
            "User(uid='ada')",
            "Group(guid='crew')",
        )
