"""What can go wrong with Kafka, in words for a person."""


class BusError(Exception):
    """Kafka cannot be used as asked; the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
