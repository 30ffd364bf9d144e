"""Which runs a replay means."""

from typing import Any

import pytest

from comethooks.testing.configuring import loaded
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.journal import Candidate, Choice, Filter, ReplayRequest
from comethooks.workers.replays.selection import handlers_for
from comethooks.workers.texts import dumps
from tests.workers.engine import record
from tests.workers.interactions.bodies import group

MEMBERS = "interactions.members"


@pytest.mark.parametrize(
    ("choice", "known", "meant"),
    [
        (Choice.ALL, {}, [MEMBERS]),
        (Choice.MISSING, {}, []),
        (Choice.MISSING, {"recorded": frozenset((MEMBERS,))}, [MEMBERS]),
    ],
)
def test_what_keeps_no_runs_is_not_missing(
    choice: Choice, known: dict[str, Any], meant: list[str]
) -> None:
    """It has most likely run; who wants it again names all events."""
    body = dumps(group("group_member_joined", "zoe"))
    kept = record(1, 1, trigger="group_member_joined", name="group.member_joined", body=body)
    request = ReplayRequest(asked=Filter(), handlers=frozenset((MEMBERS,)), choice=choice)
    plugins = loaded(plugin, {}, 30)
    found = handlers_for(request, plugins, Candidate(kept, **known))
    assert [each.id for each in found] == meant
