"""What can go wrong before Kafka runs."""


class KafkaSetupError(Exception):
    """Kafka cannot be made to run. `code` is stable; the message says what is wrong and what to do.

    Codes: `kafka-unavailable`, `jar-unknown`, `jar-missing`, `jar-changed`, `data-in-use`, `nodes-differ`, `broker-failed`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
