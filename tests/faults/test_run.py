"""The quick form of the long run: three hundred requests under five faults, hub and connector in processes of their own."""

from pathlib import Path

import pytest

from tests.faults.run.campaign import quick, run

pytestmark = [pytest.mark.kafka, pytest.mark.faults]


async def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    told: list[str] = []
    outcome = await run(quick(seed=20261128), tmp_path, told.append)
    assert outcome.faults == [], "\n".join(told)
    assert {row.runs for row in outcome.rows.values()} == {1}
    assert not [row for row in outcome.rows.values() if row.lost or row.doubled]
    assert outcome.repeated > 0, "nothing was said twice: the faults did not strike"
    assert outcome.killed > 1
