"""What waits for the store is taken together, in order, within bounds."""

import asyncio

from hub.engine.batches import BATCH_BYTES
from hub.engine.intake import Intake
from hub.engine.records import Inbound, Record, Unfit


def items(count: int, size: int = 1, first: int = 0) -> list[Inbound | Unfit]:
    records = [Record("topic", 0, first + number, 0, None, b"x" * size) for number in range(count)]
    return [Unfit(record, "not-json", "contract", "d") for record in records]


def offsets(batch: list[Inbound | Unfit] | None) -> list[int]:
    assert batch is not None
    return [item.record.offset for item in batch]


async def test_what_came_while_the_store_was_busy_is_one_batch_in_order() -> None:
    intake = Intake(10)
    await intake.put(items(3))
    await intake.put(items(4, first=3))
    assert offsets(await intake.take()) == [0, 1, 2, 3, 4, 5, 6]


async def test_who_brings_more_than_a_batch_holds_waits_until_there_is_room() -> None:
    intake = Intake(10)
    await intake.put(items(6))
    more = asyncio.create_task(intake.put(items(6, first=6)))
    await asyncio.sleep(0)
    assert not more.done()
    assert offsets(await intake.take()) == [0, 1, 2, 3, 4, 5]
    await more
    assert offsets(await intake.take()) == [6, 7, 8, 9, 10, 11]


async def test_bytes_count_too_and_a_part_alone_is_always_taken() -> None:
    intake = Intake(10)
    await intake.put(items(1, BATCH_BYTES + 1))
    more = asyncio.create_task(intake.put(items(1, first=1)))
    await asyncio.sleep(0)
    assert not more.done()
    assert offsets(await intake.take()) == [0]
    await more


async def test_the_end_comes_after_what_is_held() -> None:
    intake = Intake(10)
    await intake.put(items(2))
    await intake.end()
    assert offsets(await intake.take()) == [0, 1]
    assert await intake.take() is None
