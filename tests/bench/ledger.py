"""`python -m tests.bench.ledger [--rows N]`: do the ledgers of closed rounds in the store slow down everything else?"""

import argparse

from rich.console import Console

from tests import ledgers
from tests.bench.turns import compare
from tests.rig import Rig, sample_linkage


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="ledgers in the full store, each with a timer")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--size", type=int, default=100, help="inquiries in a batch")
    options = parser.parse_args()

    def fill(rig: Rig) -> None:
        ledgers.fill(rig.store, options.rows, rig.now, sample_linkage().terms.ledger)

    compare(fill, options.batches, options.size, Console())


if __name__ == "__main__":
    main()
