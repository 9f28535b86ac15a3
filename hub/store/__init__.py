"""SQL: the tables, the encrypted payloads, and small functions over a connection. SQLite by default."""
