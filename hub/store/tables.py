"""The tables of the engine, which hub and connectors share, and of the hub's casework.

Times are UTC integer microseconds. Personal data stands in `messages.sealed` alone, encrypted with a key per case; every
other column holds tokens, digests, ids and codes.
"""

from sqlalchemy import Column, Index, LargeBinary, MetaData, PrimaryKeyConstraint, Table, text

from hub.store.dialect import Integer, String

SCHEMA_VERSION = 5
"""Goes up with every change of a table that exists, or of what its rows mean: `hub.store.migrations` then gains a step."""

metadata = MetaData()


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of some rows."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

inbox = Table(
    "inbox", metadata,
    Column("sender", String, primary_key=True),
    Column("message_id", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("message_pk", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

messages = Table(
    "messages", metadata,
    Column("pk", Integer, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("direction", String, nullable=False),  # in | out | held: read, and put off
    Column("source", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("type", String, nullable=False),
    Column("request_key", String),
    Column("case_token", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("jws", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),  # in: the broker's time; out: when it was made
    Column("handled_at", Integer, nullable=False),
    Column("topic", String, nullable=False),
    Column("partition", Integer),
    Column("offset", Integer),
    Column("audit_seq", Integer),
    Index("messages_by_request", "request_key"),
    Index("messages_by_id", "message_id"),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_pk", Integer, nullable=False),
    Column("message_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("key", LargeBinary),
    Column("headers", LargeBinary),  # of a dead letter, as JSON [[name, base64], …]; a signed message makes them from its jws
    Column("published_at", Integer),
    partial_index("outbox_pending", "seq", where="published_at IS NULL"),
    Index("outbox_by_message", "message_id"),
)  # fmt: skip

standing = Table(
    "standing", metadata,  # after a restore: what the hub has said already, by its topics, and does not know of
    Column("topic", String, primary_key=True),
    Column("message_id", String, primary_key=True),
    Column("case_token", String, nullable=False),
    Column("cause", String),  # id of the message that it answers
    Column("decided_at", Integer),
    Column("jws", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("published_at", Integer, nullable=False),
    Index("standing_by_cause", "cause"),
)  # fmt: skip

timers = Table(
    "timers", metadata,
    Column("kind", String, primary_key=True),
    Column("ref", String, primary_key=True),
    Column("due_at", Integer, nullable=False),
    Index("timers_due", "due_at"),
    sqlite_with_rowid=False,
)  # fmt: skip

offsets = Table(
    "offsets", metadata,
    Column("cluster", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", Integer, nullable=False),
)  # fmt: skip

outages = Table(
    "outages", metadata,
    Column("until_at", Integer, primary_key=True),
    Column("from_at", Integer, nullable=False),
)  # fmt: skip

case_keys = Table(
    "case_keys", metadata,
    Column("case_token", String, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("request_key", String),
    Column("at", Integer, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("log_index", Integer),
    partial_index("audit_unsequenced", "seq", where="log_index IS NULL"),
    Index("audit_by_request", "request_key"),
)  # fmt: skip

dead_letters = Table(
    "dead_letters", metadata,
    Column("pk", Integer, primary_key=True),
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("error_class", String, nullable=False),
    Column("sender", String),
    Column("digest", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Integer, nullable=False),
)  # fmt: skip

letters = Table(
    "letters", metadata,
    Column("id", String, primary_key=True),  # of a record, the number of the entry that set it aside; of a silent task, its id
    Column("partner", String),  # whom a silent task may be sent to again; none: the hub itself reads the record again
    Column("error_class", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("code", String, nullable=False),
    Column("party", String, nullable=False),
    Column("type", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("state", String, nullable=False),  # dead | pending | done | discarded
    Column("replays", Integer, nullable=False),
    Column("order_id", String),
    Column("moved_at", Integer, nullable=False),
    Index("letters_by_state", "state", "at"),
    Index("letters_by_fingerprint", "error_class", "stage", "code", "party", "type"),
)  # fmt: skip

letter_orders = Table(
    "letter_orders", metadata,
    Column("id", String, primary_key=True),
    Column("letter", String, nullable=False),
    Column("action", String, nullable=False),  # replay | discard | reveal
    Column("operator", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("jws", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the order's exact bytes: who, and why
    Index("letter_orders_by_letter", "letter"),
)  # fmt: skip

# -- the hub's casework ------------------------------------------------------------------------------------------------

requests = Table(
    "requests", metadata,
    Column("key", String, primary_key=True),
    Column("court", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("action", String, nullable=False),
    Column("case_token", String, nullable=False),
    Column("asset_token", String),
    Column("subject_token", String),
    Column("original_key", String),
    Column("entrusted", String),
    Column("lead", String),
    Column("status", String, nullable=False),  # held | waiting | standing | open | concluded | refused
    Column("outcome", String),
    Column("conclusion_id", String),
    Column("message_pk", Integer, nullable=False),
    Column("config_sha256", String, nullable=False),
    Column("signed_at", Integer, nullable=False),
    Column("received_at", Integer, nullable=False),
    Column("decided_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("concluded_at", Integer),
    Column("follow_ups", String, nullable=False, server_default=""),
    partial_index("requests_by_original", "original_key", where="original_key IS NOT NULL"),
    Index("requests_by_time", "received_at"),
    Index("requests_by_case", "case_token"),
    Index("requests_by_subject", "subject_token"),
    sqlite_with_rowid=False,
)  # fmt: skip

tasks = Table(
    "tasks", metadata,
    Column("task_id", String, nullable=False),
    Column("request_key", String, nullable=False),
    Column("partner", String, nullable=False),
    Column("status", String, nullable=False),  # planned | sent | received | settled
    Column("outcome", String),
    Column("receipt_within", Integer, nullable=False),
    Column("reply_within", Integer, nullable=False),
    Column("reply_working_days", Integer),
    Column("priority", String, nullable=False, server_default="ordinary"),  # ordinary | livelihood | urgent
    Column("agreement", String, nullable=False),
    Column("received_at", Integer),
    Column("settled_at", Integer),
    Column("message_id", String),
    Column("late", Integer, nullable=False, server_default="0"),
    Column("hits", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("request_key", "task_id"),  # so that a request's tasks lie together: they are read together
    Index("tasks_by_id", "task_id", unique=True),
    sqlite_with_rowid=False,
)  # fmt: skip

numbers = Table(
    "numbers", metadata,
    Column("court", String, primary_key=True),
    Column("number_token", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("action", String, primary_key=True),
    Column("request_key", String, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

aggregates = Table(
    "aggregates", metadata,
    Column("kind", String, primary_key=True),  # case | measure | watch | objection | lead | matter | ledger | …
    Column("key", String, primary_key=True),
    Column("court", String, nullable=False),
    Column("case_token", String, nullable=False),
    Column("ref", String),
    Column("status", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("aggregates_by_case", "case_token", "kind"),
    partial_index("aggregates_by_ref", "ref", "kind", where="ref IS NOT NULL"),
    sqlite_with_rowid=False,
)  # fmt: skip
