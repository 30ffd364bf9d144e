"""PostgreSQL's own programs, as copies start them."""

import os
from pathlib import Path

from comethooks.workers.journal.copies.postgres_programs import run, said


def test_one_that_has_ended_leaves_nothing_open(tmp_path: Path) -> None:
    """What it said is in a file, and this process has that open no more."""
    (program := tmp_path / "program").write_text("#!/bin/sh\necho 'error: no such thing' >&2\n")
    program.chmod(0o700)
    before = len(os.listdir("/dev/fd"))
    assert run(program, [], {"host": "localhost"}, tmp_path).wait() == 0
    assert said(tmp_path) == "error: no such thing"
    assert len(os.listdir("/dev/fd")) == before
