"""An event becomes a line, and the line the same event again, whatever its body is: hypothesis
makes the bodies.
"""

from hypothesis import given
from hypothesis import strategies as st

from comethooks import schemas
from comethooks.files.imported import event_in
from comethooks.files.json_lines import json_line, redacted_json_line
from comethooks.workers.journal import StoredEvent
from comethooks.workers.texts import dumps
from tests.comethooks.files.test_json_lines import TOKEN, stored
from tests.webhooks.samples import message, raw

texts = st.text(st.characters(codec=None, categories=None))  # lone surrogates and NUL, too
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
bodies = (
    st.binary(min_size=1)
    | texts.filter(bool).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | objects.map(lambda body: dumps({**body, "trigger": "made_up", "data": body}))
    | objects.map(lambda data: raw(message(data=data)))
    | st.binary(max_size=8).map(lambda junk: raw(message()) + junk)
)


@given(body=bodies)
def test_any_body_comes_back_byte_for_byte(body):
    """Invalid UTF-8, lone surrogates, NUL and numbers of any size."""
    written = dumps(json_line(stored(body)))
    assert b"\n" not in written
    assert event_in(written).body == body


@given(body=bodies)
def test_a_line_written_again_is_the_same_line(body):
    """Once what the body says is derived from it."""
    once = dumps(json_line(StoredEvent.from_record(event_in(dumps(json_line(stored(body)))), 0)))
    assert dumps(json_line(StoredEvent.from_record(event_in(once), 0))) == once


@given(
    body=objects.map(
        lambda body: dumps({**body, "trigger": "made_up", "data": {"authToken": TOKEN}})
    )
)
def test_whatever_can_be_redacted_can_be_imported(body):
    """With what the line knows of it, and without the secret."""
    written = dumps(redacted_json_line(stored(body)))
    assert TOKEN.encode() not in written
    record = event_in(written)
    assert record.sender == "ada"
    assert schemas.decode(record.body)["trigger"] == "made_up"
