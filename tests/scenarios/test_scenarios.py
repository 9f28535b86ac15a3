"""The scenarios as they stand in `features/`: a judge reads them, the tests run them."""

from pathlib import Path

import pytest
from pytest_bdd import scenarios

FEATURES = Path(__file__).parent / "features"
KEYWORDS = ("假如", "当", "那么", "而且", "但是")

scenarios("features")


@pytest.mark.parametrize("file", sorted(FEATURES.glob("*.feature")), ids=lambda file: file.stem)
def test_every_step_and_title_stands_in_both_languages(file: Path) -> None:
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == "# language: zh-CN"
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.split(" ")[0] in KEYWORDS:
            assert following.startswith("# "), line
        if line.startswith(("功能:", "场景:")):
            title = line.split(" · ")
            assert len(title) == 2, line
            assert title[1].isascii(), line
