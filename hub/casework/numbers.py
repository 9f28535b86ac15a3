"""Numbers in use: a sender's own number, with its version and action, stands for one thing for good (V8 of the model)."""

from collections.abc import Iterable

from hub.engine.work import Work
from hub.store import cases
from hub.store import tables as t
from hub.store.cases import Number


class Numbers:
    """The numbers of one batch: looked up in one query, noted as they are taken."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[Number, str] = {}

    def of(self, sender: str, number: str, version: int, action: str) -> Number:
        """What stands for this number in the store."""
        return sender, self._work.composer.token("number", sender, number), version, action

    def load(self, numbers: Iterable[Number]) -> None:
        """Have at hand which of these are taken."""
        self._known |= cases.numbers_taken(self._work.connection, list(numbers))

    def taken(self, number: Number, key: str) -> bool:
        """Whether the number stands for something else than `key`. Notes it as taken."""
        if number not in self._known:
            self._known[number] = key
            self._work.add(t.numbers, {"court": number[0], "number_token": number[1], "version": number[2],
                                       "action": number[3], "request_key": key})  # fmt: skip
        return self._known[number] != key
