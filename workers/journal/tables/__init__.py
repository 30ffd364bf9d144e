"""The SQL underneath the journal: tables, engines, migrations, and records as rows."""
