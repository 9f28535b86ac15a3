"""Schema 3 → 4: the tasks of a request lie together, by its key and theirs."""

from sqlalchemy import Connection

_ON_SQLITE = (
    """
    CREATE TABLE tasks_of_4 (
        task_id VARCHAR NOT NULL, request_key VARCHAR NOT NULL, partner VARCHAR NOT NULL, status VARCHAR NOT NULL, outcome VARCHAR,
        receipt_within INTEGER NOT NULL, reply_within INTEGER NOT NULL, reply_working_days INTEGER,
        priority VARCHAR DEFAULT 'ordinary' NOT NULL, agreement VARCHAR NOT NULL, received_at INTEGER, settled_at INTEGER,
        message_id VARCHAR, late INTEGER DEFAULT '0' NOT NULL, hits INTEGER DEFAULT '0' NOT NULL, PRIMARY KEY (request_key, task_id)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO tasks_of_4 SELECT task_id, request_key, partner, status, outcome, receipt_within, reply_within, reply_working_days, priority,
        agreement, received_at, settled_at, message_id, late, hits FROM tasks ORDER BY request_key, task_id
    """,
    "DROP TABLE tasks",
    "ALTER TABLE tasks_of_4 RENAME TO tasks",
    "CREATE UNIQUE INDEX tasks_by_id ON tasks (task_id)",
)
_ON_POSTGRESQL = (
    "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey, ADD PRIMARY KEY (request_key, task_id)",
    "DROP INDEX IF EXISTS tasks_by_request",
    "CREATE UNIQUE INDEX IF NOT EXISTS tasks_by_id ON tasks (task_id)",
)


def migrate(connection: Connection) -> None:
    """Make a store of schema 4 of one of schema 3. SQLite cannot change what a table lies by, so that the table is made anew."""
    for statement in _ON_SQLITE if connection.dialect.name == "sqlite" else _ON_POSTGRESQL:
        connection.exec_driver_sql(statement)
