"""When the circuit to a partner opens, and for how long."""

from connectors.breaker import Breaker


def test_each_failed_probe_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now, pauses = Breaker(limit=3, shortest=2.0, longest=10.0), 0.0, []
    assert not breaker.failed(now)
    assert not breaker.failed(now)
    for _ in range(4):
        assert breaker.failed(now)
        pauses.append(breaker.wait(now))
        now += pauses[-1]
    assert pauses == [2.0, 4.0, 8.0, 10.0]


def test_calls_that_fail_together_open_it_once() -> None:
    """Eight calls were on their way when the partner failed: that is one failure of its system, not four in a row."""
    breaker = Breaker(limit=5, shortest=2.0)
    opened = [breaker.failed(100.0 + number / 100) for number in range(8)]
    assert opened == [False] * 4 + [True] + [False] * 3
    assert breaker.wait(101.0) < 2.0


def test_a_success_closes_it_and_forgets_how_long_it_was_open() -> None:
    breaker = Breaker(limit=1, shortest=2.0)
    assert breaker.failed(0.0)
    assert breaker.failed(2.0)
    breaker.succeeded()
    assert breaker.wait(2.0) == 0.0
    assert breaker.failed(10.0)
    assert breaker.wait(10.0) == 2.0
