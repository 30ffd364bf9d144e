"""Problem documents."""

import json
from http import HTTPStatus

from comethooks.webhooks.problems import MAX_PATHS, problem


def test_a_problem_says_what_it_is_and_what_to_do() -> None:
    assert json.loads(problem(413, "Send less.", request_id="id1")) == {
        "type": "about:blank",
        "title": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase,
        "status": 413,
        "detail": "Send less.",
        "request_id": "id1",
    }


def test_errors_stand_under_their_paths() -> None:
    document = json.loads(problem(422, "", request_id="id1", errors={"data.id": ["missing"]}))
    assert document["errors"] == {"data.id": ["missing"]}


def test_of_many_thousand_errors_the_first_are_shown() -> None:
    errors = {f"data.{number}": ["wrong"] for number in range(10_000)}
    shown = json.loads(problem(422, "", request_id="id1", errors=errors))["errors"]
    assert len(shown) == MAX_PATHS + 1
    assert shown["…"] == ["and 9900 more"]


def test_half_an_emoji_in_a_path_is_still_an_answer() -> None:
    document = json.loads(problem(422, "", request_id="id1", errors={"data.\ud83d": ["wrong"]}))
    assert document["errors"] == {"data.\ud83d": ["wrong"]}
