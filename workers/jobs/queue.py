"""The RQ queue `runs`: what those who put jobs there and those who work on them agree on.

It imports nothing, so that a process which only watches the queue need not load what a job takes.
"""

RUNS_QUEUE = "runs"
JOB = "comethooks.workers.jobs.attempts.attempt_due"
"""The function that a job of it calls."""
BATCH = 100
"""Due runs that are claimed at once."""
CLAIM_SECONDS = 60.0
"""How long a claim holds unless it is renewed."""
LIFE_SECONDS = 60.0
"""After so long a job ends, though more is due: plugins are loaded anew, and suspects get their
turn."""
OUTAGE_SECONDS = 3600
"""So much longer a job may take when it waits for the journal with results: ended before, it would
repeat them."""
REPLAY_JOB = "comethooks.workers.jobs.chunks.replay_chunk"
"""The function that a job calls which goes on with a replay; it is given the replay's name."""
REPLAY_JOB_ID = "replay-"
"""How the ids of such jobs begin."""
