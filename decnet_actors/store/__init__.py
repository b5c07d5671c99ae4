"""The journal, tables, migrations and queries: the only SQL."""
