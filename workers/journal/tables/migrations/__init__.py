"""The history of the journal's tables, as Alembic's revisions. `workers.journal.tables.migrate`
runs them.
"""
