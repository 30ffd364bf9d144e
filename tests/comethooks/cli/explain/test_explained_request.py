"""`comethooks explain` of a request that became no event."""


class TestRequest:
    def test_a_refused_one_has_reason_and_errors_by_path(self, command, store):
        """Beside who called."""
        refused = store.refused(
            headers={"remote_address": "203.0.113.9", "credential": "cometchat"}
        )
        store.streams.keep(refused)
        done = command("explain", refused.id)
        assert done.exit_code == 0
        assert "the body does not fit the schema" in done.stdout
        assert "data.message.id  Missing data for required field." in done.stdout
        assert "203.0.113.9" in done.stdout
        [document] = command.json("explain", refused.id)
        assert (document["kind"], document["outcome"], document["status"]) == (
            "request",
            "refused",
            422,
        )
        assert "payload" not in document

    def test_a_duplicate_names_what_it_repeats(self, command, store):
        """And how to have that explained."""
        first, second = (store.accept(key=b"k" * 16) for _ in range(2))
        assert f"comethooks explain {first.id}" in command("explain", second.id).stdout
        assert command.json("explain", second.id)[0]["event_id"] == first.id

    def test_an_id_that_nobody_has_is_a_failure(self, command, store):
        """It says what it was looked for as, and where."""
        done = command("explain", "0123456789")
        assert done.exit_code == 1
        assert (
            "neither an event nor a request has an id that begins with 0123456789; " in done.stderr
        )
        assert "looked in the streams" in done.stderr
