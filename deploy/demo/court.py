"""The courts' process of a run: sends the docket as each court's own user, and prints a JSON line for each step sent."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from connectors.court.docket import SentStep, load_docket, submit_docket
from connectors.court.sdk import CourtClient
from hub.settings import read_settings
from hub.telemetry import configure_logs


def _tell(sent: SentStep) -> None:
    step = sent.step
    line = {"name": step.name, "court": step.court, "case": step.case, "kind": step.kind, "action": step.action,
            "expect": step.expect, "id": sent.request.request_id, "records": sent.records}  # fmt: skip
    print(json.dumps(line, ensure_ascii=False), flush=True)


async def main(officers: Path, files: list[Path]) -> None:
    """One client per settings file; `officers` is the folder of the officers' keys."""
    async with AsyncExitStack() as stack:
        clients = {}
        for file in files:
            client = await stack.enter_async_context(CourtClient(read_settings(file)))
            clients[client.party] = client
        await submit_docket(clients, load_docket(), officers, _tell)


if __name__ == "__main__":
    configure_logs("info", "courts")
    asyncio.run(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
