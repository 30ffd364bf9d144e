"""What a backfill came to, and how handlers get to run on just that."""

import shlex

import click

from comethooks.backfill.progress_file import BackfillProgress
from comethooks.cli.terminal.moments import precise
from comethooks.cli.terminal.output import hint, print_json
from comethooks.workers.cometchat.api_errors import ApiRefusedError, CometChatError
from comethooks.workers.journal import iso
from comethooks.workers.texts import agreeing, number_of

CANNOT_BE_FETCHED = (
    "Receipts, presence, reactions and what moderation decided cannot be fetched; of a message that"
    " was edited several times, the last edit can."
)


def replay_command(progress: BackfillProgress) -> str | None:
    """The line to type to run handlers on just what came; None if nothing did."""
    times = _times(progress)
    if times is None:
        return None
    wanted = progress.wanted
    words = ["comethooks", "replay", "run", "--missing", "--backfilled", "--app", wanted.app_id]
    for option, value in (("--conversation", wanted.conversation_id), ("--user", wanted.sender)):
        words += [] if value is None else [option, value]
    return shlex.join([*words, "--since", precise(times[0]), "--until", precise(times[1])])


def report(
    progress: BackfillProgress, command: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Say what it came to."""
    tally, wanted = progress.tally, progress.wanted
    if as_json:
        print_json(
            {
                "app_id": wanted.app_id,
                "since": iso(wanted.since),
                "until": iso(wanted.until),
                "fetched": tally.fetched,
                "missing": tally.came,
                "already_there": tally.there,
                "left_out": dict(tally.left_out),
                "others": tally.others,
                "unusable": tally.unusable,
                "overfull_seconds": progress.overfull,
                "dry_run": dry_run,
                "replay": command,
            }
        )
    for remark in _remarks(progress):
        hint(remark)
    if as_json:
        return
    click.echo(
        f"Of {number_of(tally.fetched, 'message')}, {number_of(tally.came, 'event')}"
        f" {agreeing(tally.came, 'was', 'were')} missing; {tally.there}"
        f" {agreeing(tally.there, 'was', 'were')} there already."
    )
    if command is not None and not dry_run:
        click.echo(f"To run handlers on just these: {command}")


def refused(
    error: CometChatError, progress: BackfillProgress, *, kept: bool
) -> click.ClickException:
    """The end of the command by what CometChat says, or does not say."""
    tally = progress.tally
    sentences = [f"{error}."]
    if kept and tally.fetched:
        sentences.append(
            f"What was fetched stays: {number_of(tally.came, 'event')} that"
            f" {agreeing(tally.came, 'was', 'were')} missing."
        )
    if kept and (tally.fetched or not isinstance(error, ApiRefusedError)):
        sentences.append("To go on, give the same command again.")
    return click.ClickException(" ".join(sentences))


def run_replay(progress: BackfillProgress, name: str, *, yes: bool, as_json: bool) -> None:
    """Do what `replay_command` says, as the replay `name`."""
    from comethooks.cli.replay.running import run  # it loads all that has to do with plugins

    times = _times(progress)
    assert times is not None
    click.get_current_context().invoke(
        run,
        name=name,
        app=progress.wanted.app_id,
        conversation=progress.wanted.conversation_id,
        user=progress.wanted.sender,
        since=times[0],
        until=times[1],
        missing=True,
        backfilled=True,
        yes=yes,
        as_json=as_json,
    )


def _times(progress: BackfillProgress) -> tuple[int, int] | None:
    tally = progress.tally
    if tally.first_at is None or tally.last_at is None:
        return None
    return tally.first_at, tally.last_at + 1


def _remarks(progress: BackfillProgress) -> list[str]:
    tally = progress.tally
    remarks = [
        f"Left out, since no webhook could be made of it: {kind} ({count})."
        for kind, count in sorted(tally.left_out.items())
    ]
    if tally.others:
        remarks.append(f"Of others than asked for: {number_of(tally.others, 'message')}.")
    if tally.unusable:
        remarks.append(f"Without an id or a time, or not as a message is: {tally.unusable}.")
    if progress.overfull:
        remarks.append(
            f"{number_of(progress.overfull, 'second')} had more messages than CometChat gives of"
            " one: some may be missing still."
        )
    return remarks
