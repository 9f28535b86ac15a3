"""The scenarios' world, and the steps that all of them share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.steps_authority import *  # noqa: F403 - pytest finds a step where its fixture stands
from tests.scenarios.steps_field import *  # noqa: F403
from tests.scenarios.steps_flow import *  # noqa: F403
from tests.scenarios.steps_orders import *  # noqa: F403
from tests.scenarios.steps_outcome import *  # noqa: F403
from tests.scenarios.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()
