"""The history of the journal's tables, as Alembic's revisions. `workers.journal.tables.migrate`
runs them.

A new one adds what the version before can do without, and is called by the next number of its
series, `0010_what_it_adds.py`. One with which the version before cannot work begins a new series,
1001: processes of that version go by the first digit, as `workers.journal.tables.revisions` says.
"""
