"""This machine's time, as the engine counts it."""

import time


def now_micros() -> int:
    """UTC microseconds by this machine's clock."""
    return time.time_ns() // 1000
