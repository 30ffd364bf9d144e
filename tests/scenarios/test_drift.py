"""What nobody expected in a body, from the endpoint to the listing."""

import json

import pytest

from tests.scenarios.stack import Stack, message
from tests.waiting import wait_for


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_field_that_nobody_knows_is_counted_once_an_event(stack: Stack) -> None:
    """Accepted, processed, counted; its repeats are not."""
    stack.web()
    bodies = [message(1, number, brandNew="PlantedText") for number in range(3)]
    ids = [stack.post(body).json()["id"] for body in bodies]
    assert all(stack.post(body).json()["duplicate"] for body in bodies)
    stack.start("worker", "--workers", "1")
    wait_for(
        lambda: len(stack.listing("requests", "list", "--outcome", "duplicate")) == 3,
        "all is journalled",
    )
    wait_for(lambda: [row["count"] for row in stack.listing("drift")] == [3], "all is counted")
    (found,) = stack.listing("drift", "--trigger", bodies[0]["trigger"], "--kind", "unknown field")
    assert found["path"].endswith("brandNew")
    assert found["example_id"] in ids
    shown = json.loads(stack.ask("events", "show", ids[0], "--json"))
    assert shown["drift"] == [{"kind": "unknown field", "path": found["path"]}]
    assert stack.ask("drift", "forget", "--all", "--yes") == "1 row forgotten.\n"
    assert stack.listing("drift") == []
    assert "PlantedText" not in stack.log()
