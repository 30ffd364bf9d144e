"""`comethooks runs retry`, `runs dismiss`, `runs unblock`: who is meant, whether somebody is asked,
what is said.
"""

from collections.abc import Callable

import pytest

from comethooks.cli.runs import actions
from comethooks.workers.journal import Filter, iso
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.record import Record
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.comethooks.cli.pseudo_terminal import on_terminal
from tests.comethooks.cli.store import START, Store, run

NONE_FOUND = (
    ("--state", "retrying", "--handler", "welcome.greet"),
    ("--handler", "welcome.lgo"),
    ("--event", "0123456789"),
    ("--conversation", "group_nowhere"),
)


@pytest.fixture
def events(store: Store) -> tuple[Record, Record]:
    """Two events, the newer one in another conversation; three runs are dead, one waits, one is
    dismissed.
    """
    return (
        store.journalled(
            run("welcome.greet", RunState.DEAD),
            run("welcome.log"),
            run("audit.keep", RunState.RETRYING, next_at=START),
        ),
        store.journalled(
            run("welcome.greet", RunState.DEAD),
            run("audit.keep", RunState.DEAD),
            run("welcome.log", RunState.DISMISSED),
            conversation_id="group_pier",
        ),
    )


@pytest.fixture
def states(store: Store) -> Callable[..., dict[str, str]]:
    """The state of every run on an event, by handler."""

    def states(event: Record) -> dict[str, str]:
        return {found.handler: found.state.value for found in store.journal.runs_of(event.id)}

    return states


class TestDryRuns:
    """What failed in a dry run is no dead letter, and nobody's business unless it is named."""

    @pytest.fixture(autouse=True)
    def dry(self, store: Store) -> Record:
        """An event on which only a dry run failed."""
        request = ReplayRequest(asked=Filter(), handlers=frozenset())
        replays = Replays(store.journal.engine)
        assert replays.create("try it", request, now=START, expected=0, dry_run=True)
        return store.journalled(run("welcome.greet", RunState.DEAD, replay="try it"))

    def test_it_is_listed_by_the_name_of_its_replay(self, command, events):
        """In groups, too; the event has it whatever is asked for."""
        dead = ("runs", "list", "--state", "dead")
        assert {each["replay"] for each in command.json(*dead)} == {None}
        assert {each["replay"] for each in command.json("runs", "list")} == {None}
        named = command.json(*dead, "--replay", "try it")
        assert [each["replay"] for each in named] == ["try it"]
        assert len(command.json("runs", "list", "--group", "--replay", "try it")) == 1
        assert command.json("runs", "show", named[0]["event_id"])[0]["runs"]

    def test_wherever_it_is_listed_it_is_marked(self, command, dry):
        """It did nothing, so its state alone would say too much."""
        for shown in (("runs", "list", "--replay", "try it"), ("runs", "show", dry.id)):
            assert "dead (dry)" in command(*shown).stdout
        assert "dead (dry)" in command("events", "show", dry.id).stdout
        (listed,) = command.json("runs", "list", "--replay", "try it")
        assert (listed["state"], listed["dry_run"]) == ("dead", True)

    def test_all_means_all_others(self, command, events):
        """Whether they are dismissed or retried."""
        (found,) = command.json("runs", "dismiss", "--state", "dead", "--yes")
        assert found == {"matched": 3, "changed": 3}

    def test_its_event_alone_is_not_enough(self, command, dry):
        """What to type instead is said, and does it."""
        done = command("runs", "dismiss", dry.id, "--yes")
        typed = f"--event {dry.id} --replay 'try it'"
        assert (done.exit_code, typed in done.stderr) == (1, True)
        named = command("runs", "dismiss", "--event", dry.id, "--replay", "try it", "--yes")
        assert (named.exit_code, named.stdout) == (0, "1 run dismissed.\n")


class TestWhoIsMeant:
    def test_all_runs_on_an_event_that_can_be_retried(self, command, events, states):
        """What is done stays done; so does what is another event's."""
        done = command("runs", "retry", events[0].id[:23], "--yes")
        assert (done.exit_code, done.stdout) == (0, "2 runs retried.\n")
        assert "2 runs found: 1 dead, 1 retrying." in done.stderr
        assert states(events[0]) == {
            "audit.keep": "retrying",
            "welcome.greet": "retrying",
            "welcome.log": "done",
        }
        assert states(events[1])["welcome.greet"] == "dead"

    def test_that_of_one_handler(self, command, events, states):
        """The handler is named behind the event."""
        done = command("runs", "dismiss", events[1].id, "audit.keep", "--yes")
        assert (done.exit_code, done.stdout) == (0, "1 run dismissed.\n")
        assert states(events[1]) == {
            "audit.keep": "dismissed",
            "welcome.greet": "dead",
            "welcome.log": "dismissed",
        }

    @pytest.mark.parametrize(
        ("arguments", "retried"),
        [
            (("--state", "dead"), 3),
            (("--handler", "welcome.greet"), 2),
            (("--conversation", "group_pier"), 3),
            (("--conversation", "group_pier", "--state", "dismissed"), 1),
            (("--since", iso(START + 1000), "--handler", "welcome.greet"), 1),
            (("--trigger", "after_message", "--until", iso(START + 1000)), 2),
            (("--all",), 5),
        ],
    )
    def test_those_that_the_options_choose(self, command, store, events, arguments, retried):
        """They are the options of the listing."""
        assert command.json("runs", "retry", *arguments, "--yes") == [
            {"matched": retried, "changed": retried}
        ]
        assert store.journal.count_runs(Filter(since=START), [RunState.RETRYING]) >= retried

    def test_those_of_one_replay(self, command, store, states):
        """Or none of any replay: live ones and those of replays are not mixed up unless somebody
        wants that.
        """
        dead = [
            run("welcome.greet", RunState.DEAD, replay=name) for name in (None, "mended", "dry")
        ]
        event = store.journalled(*dead)
        for name in ("mended", ""):
            assert command.json("runs", "retry", "--state", "dead", "--replay", name, "--yes") == [
                {"matched": 1, "changed": 1}
            ]
        assert command.json("runs", "dismiss", "--replay", " dry ", "--yes") == [
            {"matched": 1, "changed": 1}
        ]
        found = {each.replay: each.state for each in store.journal.runs_of(event.id)}
        retrying = RunState.RETRYING
        assert found == {None: retrying, "mended": retrying, "dry": RunState.DISMISSED}

    def test_those_of_an_event_among_the_options(self, command, events, states):
        """Its id may be shortened there, too."""
        shortened = events[1].id[:23]
        assert command.json(
            "runs", "dismiss", "--event", shortened, "--state", "dead", "--yes"
        ) == [{"matched": 2, "changed": 2}]
        assert set(states(events[1]).values()) == {"dismissed"}

    @pytest.mark.parametrize("arguments", NONE_FOUND)
    def test_finding_none_is_no_failure(self, command, events, arguments):
        """It is said, and it is a number in JSON."""
        done = command("runs", "retry", *arguments, "--yes", "--json")
        assert (done.exit_code, done.stdout) == (0, '{"matched":0,"changed":0}\n')
        assert (
            "No runs found that can be retried: none is dead, dismissed or retrying." in done.stderr
        )
        assert command("runs", "retry", *arguments, "--yes").stdout == ""

    @pytest.mark.parametrize("verb", ["retry", "dismiss"])
    def test_somebody_has_to_say(self, command, store, verb):
        """Nobody means everything by saying nothing."""
        done = command("runs", verb, "--yes")
        assert done.exit_code == 2
        assert (
            "Give an event's id, or options that choose runs, such as --state dead" in done.stderr
        )
        assert "--all means all" in done.stderr

    @pytest.mark.parametrize("more", [("--all",), ("--state", "dead")])
    def test_only_one_way_to_say_it_counts(self, command, store, more):
        """With two it would not be clear whether they add up."""
        done = command("runs", "retry", "0199f2a4-7c1e", *more, "--yes")
        assert done.exit_code == 2
        assert "exclude each other" in done.stderr

    def test_a_state_that_it_cannot_be_done_to_is_wrong_use(self, command, store):
        """The choices are named."""
        done = command("runs", "retry", "--state", "done", "--yes")
        assert done.exit_code == 2
        assert "'dead', 'dismissed', 'retrying'" in done.stderr


class TestByIdThatCannotBe:
    def test_a_run_that_is_done_is_named_with_its_state(self, command, events):
        """And with the states that could be."""
        done = command("runs", "retry", events[0].id, "welcome.log", "--yes")
        assert (done.exit_code, done.stdout) == (1, "")
        assert (
            "welcome.log is done; only what is dead, dismissed or retrying can be retried"
            in done.stderr
        )

    def test_a_handler_without_a_run_is_answered_with_those_that_have_one(self, command, events):
        """As in `runs show`."""
        done = command("runs", "dismiss", events[0].id, "welcome.lgo", "--yes")
        assert done.exit_code == 1
        assert "handlers with runs: audit.keep, welcome.greet, welcome.log" in done.stderr

    def test_an_event_that_waits_has_no_runs_yet(self, command, store):
        """It says what became of it instead."""
        done = command("runs", "retry", store.accept().id, "--yes")
        assert done.exit_code == 1
        assert "has no runs; it is queued" in done.stderr

    @pytest.mark.parametrize("yes", [("--yes",), ()])
    def test_an_unknown_id_is_a_failure(self, command, store, yes):
        """Somebody meant one, which is said before anything is asked."""
        done = command("runs", "retry", "0123456789", *yes)
        assert done.exit_code == 1
        assert "no event has an id that begins with 0123456789" in done.stderr

    def test_what_has_no_payload_any_more_cannot_be_retried(self, command, store, events):
        """The setting that did it is named."""
        store.journal.dismiss_runs(Filter(), START)
        store.journal.drop_payloads(START + 1000, 10)
        done = command("runs", "retry", events[0].id, "--yes")
        assert done.exit_code == 1
        assert "COMETHOOKS_PAYLOAD_RETENTION_DAYS" in done.stderr


class TestAsking:
    def test_without_a_terminal_it_has_to_be_told(self, command, events, states):
        """Whether there is something to change or not, so that a script is found out at once."""
        for arguments in (("--state", "dead"), ("--handler", "welcome.lgo"), (events[0].id,)):
            done = command("runs", "retry", *arguments)
            assert (done.exit_code, done.stdout) == (2, "")
            assert "add --yes" in done.stderr
        assert states(events[0])["welcome.greet"] == "dead"

    @pytest.mark.parametrize(
        ("answer", "code", "state"), [("y", 0, "retrying"), ("", 1, "dead"), ("n", 1, "dead")]
    )
    def test_on_a_terminal_it_asks(self, command, events, states, answer, code, state):
        """On standard error: what is printed there is no data. No is the answer unless yes is."""
        done, asked = on_terminal(command, answer, "runs", "retry", "--state", "dead", "--json")
        assert "3 runs found: 3 dead." in asked
        assert "Retry 3 runs? [y/N] " in asked
        assert (done.returncode, done.stdout) == (
            code,
            "" if code else '{"matched":3,"changed":3}\n',
        )
        assert ("Nothing was changed." in asked) is bool(code)
        assert states(events[1])["audit.keep"] == state


class TestWhatIsSaid:
    def test_a_retry_says_what_happens_next(self, command, store, events):
        """A worker takes it up, if there is one."""
        done = command("runs", "retry", "--state", "dead", "--yes")
        assert "start `comethooks worker`" in done.stderr
        store.streams.client.set(keys.LEADER, "host|boot|1")
        done = command("runs", "retry", "--state", "retrying", "--yes")
        assert "They are due now; a worker takes them up within seconds" in done.stderr
        assert "one attempt more" in done.stderr

    def test_a_retry_says_that_redis_is_away(self, command, events):
        """Nobody takes anything up then."""
        choice = ("--state", "dead", "--yes")
        done = command("runs", "retry", *choice, REDIS_URL="unix:///nowhere/redis.sock")
        assert (done.exit_code, "wait for Redis, which did not answer" in done.stderr) == (0, True)

    def test_a_dismissal_has_no_next(self, command, events):
        """Nor is it for a worker."""
        assert "worker" not in command("runs", "dismiss", "--all", "--yes").stderr

    def test_what_was_left_alone_is_counted(self, command, store, events):
        """With the reasons that there may be."""
        store.journal.dismiss_runs(Filter(), START)
        store.journal.drop_payloads(START + 1000, 10)
        done = command("runs", "retry", "--all", "--yes")
        assert (done.exit_code, done.stdout) == (0, "3 runs retried.\n")
        assert "2 runs stayed as before" in done.stderr

    def test_many_take_a_while(self, command, events, monkeypatch):
        """Which is said before."""
        monkeypatch.setattr(actions, "MANY", 2)
        assert "This takes a while" in command("runs", "dismiss", "--state", "dead", "--yes").stderr


class TestUnblock:
    @pytest.fixture
    def line(self, store: Store) -> tuple[Record, Record]:
        """Two events of one conversation; the run of an ordered handler on the first is dead, the
        second waits.
        """
        place = {"lane": "app/hikers", "handler": "ledger.book"}
        waiting = {"attempts": 0, "started_at": None, "finished_at": None}
        return (
            store.journalled(
                run(state=RunState.DEAD, place=1, **place), run("welcome.greet", RunState.DEAD)
            ),
            store.journalled(run(state=RunState.WAITING, place=2, **place, **waiting)),
        )

    def test_lets_those_that_wait_go_on(self, command, line, states):
        """Beside what is dead and stays so."""
        conversation = line[0].conversation_id
        done = command(
            "runs", "unblock", "--handler", "ledger.book", "--conversation", conversation, "--yes"
        )
        assert (done.exit_code, done.stdout) == (0, "1 run unblocked.\n")
        assert states(line[0])["ledger.book"] == "dead"
        assert states(line[1]) == {"ledger.book": "retrying"}

    def test_by_the_event_that_failed(self, command, line, states):
        """Of its runs only that of the ordered handler is meant; dismissing it does the same and
        ends it.
        """
        assert command.json("runs", "unblock", line[0].id, "--yes") == [
            {"matched": 1, "changed": 1}
        ]
        assert states(line[1]) == {"ledger.book": "retrying"}

    def test_says_when_nothing_holds_up_anything(self, command, events):
        """Runs of other handlers hold up nobody."""
        done = command("runs", "unblock", "--all", "--yes")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "none is dead or retrying, and of an ordered handler" in done.stderr

    def test_a_waiting_run_says_what_it_waits_for(self, command, line):
        """In what is shown of it and of its event."""
        said = f"ledger.book waits for its run on the event {line[0].id} to be done or dismissed."
        for group in ("runs", "events"):
            assert said in command(group, "show", line[1].id).stdout
            (shown,) = command.json(group, "show", line[1].id)
            assert shown["runs"][0]["waits_for"] == line[0].id
            assert shown["status"] == "retrying"
        assert [
            each["event_id"] for each in command.json("runs", "list", "--state", "waiting")
        ] == [line[1].id]
