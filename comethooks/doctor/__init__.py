"""The checks of `comethooks doctor`: each says what it found, and what to do about it.

A check is a function that takes what it looks at, and yields a `Finding` for each thing that there
is to say, good or bad. `comethooks.doctor.everything` runs them all, for `comethooks doctor`.
"""
