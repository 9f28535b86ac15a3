"""The connector of a source of leads: it is asked nothing; what it knows of a debtor comes in by HTTP, and so does its question
what became of that."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from connectors.base import Connector, Job, Mailbox, Outcome, ProtocolFault, Recovery
from connectors.leads.intake import Intake
from connectors.seals import shared_secret


class Options(BaseModel):
    """`secret_file` holds the secret shared with the source, which signs its calls with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret_file: Path


class LeadsConnector(Connector):
    """线索来源 · source of leads."""

    kind = "lead-source"

    def __init__(self, http: aiohttp.ClientSession, options: Mapping[str, Any]) -> None:
        super().__init__(http, options)
        checked = Options.model_validate(options)
        self._secret = shared_secret(checked.secret_file)

    async def call(self, jobs: Sequence[Job]) -> Mapping[str, Outcome]:
        """No court asks a source of leads: a task to it is a mistake in some agreement, and for a person."""
        return {job.key: ProtocolFault("action-not-supported") for job in jobs}

    def recovery(self, job: Job) -> Recovery:
        """Nothing is ever called."""
        del job
        return Recovery.MANUAL

    def webhook(self, mailbox: Mailbox) -> web.Application:
        """Takes in leads and tells what became of them."""
        return Intake(mailbox, self._secret).application()
