"""Processes that run a function of a test, and need not import first what most of them need: they
are forked from a process that has done so once.
"""

import multiprocessing

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [
        "pytest",
        "comethooks.workers.handlers.once",
        "comethooks.workers.jobs.equipment",
        "comethooks.workers.journal.tables.migrate",
        "comethooks.workers.streams.owner",
        "sqlalchemy.dialects.sqlite",
        "psycopg",
    ]
)
