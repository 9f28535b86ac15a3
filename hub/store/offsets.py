"""How far each partition (topic and number) has been decided on, by cluster."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select, update

from hub.store import tables as t

_c = t.offsets.c
_MOVE = update(t.offsets).values(next=bindparam("to")).where(
    _c.cluster == bindparam("in_cluster"), _c.topic == bindparam("of_topic"), _c.partition == bindparam("of_partition"),
    _c.next == bindparam("expected"),
)  # fmt: skip


def move(connection: Connection, cluster: str, place: tuple[str, int], expected: int, to: int) -> bool:
    """Compare and set: whether the next offset was the expected one."""
    named = {"in_cluster": cluster, "of_topic": place[0], "of_partition": place[1], "expected": expected, "to": to}
    return connection.execute(_MOVE, named).rowcount == 1


def kept(connection: Connection, cluster: str) -> dict[tuple[str, int], int]:
    """The next offset of each partition that was ever read in this cluster."""
    rows = connection.execute(select(t.offsets).where(t.offsets.c.cluster == cluster))
    return {(row.topic, row.partition): row.next for row in rows}


def begun(connection: Connection, cluster: str, first: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """The next offset of each of these partitions; one never seen begins at the `first` that Kafka holds of it."""
    known = kept(connection, cluster)
    new = [
        {"cluster": cluster, "topic": topic, "partition": partition, "next": offset}
        for (topic, partition), offset in first.items() if (topic, partition) not in known
    ]  # fmt: skip
    if new:
        connection.execute(t.offsets.insert(), new)
    return {place: known.get(place, offset) for place, offset in first.items()}
