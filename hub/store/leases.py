"""Who of several processes does what: leases in the shared store, by the store's own clock."""

from sqlalchemy import Column, MetaData, Table

from hub.store.dialect import Integer, String

metadata = MetaData()

leases = Table(
    "leases", metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until_at", Integer, nullable=False),
)  # fmt: skip
