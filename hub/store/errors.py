"""What the store raises beside its driver's own errors."""

from sqlalchemy.exc import DBAPIError, OperationalError


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def is_outage(error: BaseException) -> bool:
    """Whether the store itself is away, locked, full, or has ended our session: nothing that a record or a timer is to blame for."""
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
