"""A circuit breaker: after some failures in a row it opens, so that a dead partner burns no attempts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed until `limit` failures in a row; then open, for a time that doubles up to `longest` seconds. The first call
    after that time is the probe: its success closes the circuit. What fails while it is open was called before, together with
    the failure that opened it, and says nothing new. Times are seconds of a monotonic clock."""

    limit: int = 5
    shortest: float = 2.0
    longest: float = 60.0
    _failures: int = 0
    _until: float = 0.0
    _pause: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until a call may be made; 0 when the circuit is closed or a probe is due."""
        return max(0.0, self._until - now)

    def failed(self, now: float) -> bool:
        """Note a transport failure. Whether this one opened the circuit."""
        self._failures += 1
        if self._failures < self.limit or now < self._until:
            return False
        self._pause = min(max(self.shortest, self._pause * 2), self.longest)
        self._until = now + self._pause
        return True

    def succeeded(self) -> None:
        """An answer came, whatever it says."""
        self._failures, self._until, self._pause = 0, 0.0, 0.0
