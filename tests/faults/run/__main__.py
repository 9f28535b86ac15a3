"""`python -m tests.faults.run [--minutes N] [--messages N] [--seed S] [--store KIND] [--nodes N] [--quick] [--controls]`.

Ends with a table, and writes JSON and Markdown to .local/faults; exit code 1 where anything was lost, doubled or wrong.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from tests.faults.run import report
from tests.faults.run.campaign import Orders, quick, run
from tests.faults.run.controls import CONTROLS, found_out

FOLDER = Path(".local/faults")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="begin no further round after that time")
    parser.add_argument("--messages", type=int, help="begin no further round once there are so many records")
    parser.add_argument("--seed", type=int, help="what all chance comes from; by default a new one, which is printed")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite", help="postgresql: two hubs share it")
    parser.add_argument("--nodes", type=int, choices=[1, 3], default=1, help="nodes of Kafka")
    parser.add_argument("--share", type=int, default=400, help="requests for each fault")
    parser.add_argument("--quick", action="store_true", help="300 requests under five faults")
    parser.add_argument("--controls", action="store_true", help="break the product in four ways instead, each of which must be found")
    parser.add_argument("--publish", action="store_true", help="put the report into docs/reliability.md")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else SystemRandom().randrange(1_000_000)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the parties' own clients, which meet every fault of Kafka's
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.controls:
        found = {name: asyncio.run(found_out(name, seed, _say)) for name in CONTROLS}
        report.write_controls(FOLDER, seed, found, publish=options.publish)
        return 0 if all(found.values()) else 1
    orders = Orders(seed, options.store, options.nodes, options.minutes, options.messages, options.share)
    if options.quick:
        orders = quick(seed, options.store)
    _say(f"seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    outcome = asyncio.run(run(orders, folder, _say))
    text = report.write(FOLDER, orders, outcome, publish=options.publish)
    _say(text)
    if outcome.faults:
        _say(f"everything of this run stands in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
