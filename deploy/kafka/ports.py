"""Free ports on the loopback interface."""

import contextlib
import socket
from collections.abc import Iterable

from deploy.kafka.config import Ports


def pick(count: int) -> tuple[Ports, ...]:
    """Ports for that many nodes, free at this moment and each another."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(2 * count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        found = [probe.getsockname()[1] for probe in probes]
    return tuple(Ports(*pair) for pair in zip(found[::2], found[1::2], strict=True))


def free(nodes: Iterable[Ports]) -> bool:
    """Whether nobody holds any of these."""
    for port in (port for ports in nodes for port in (ports.clients, ports.controller)):
        with socket.socket() as probe:
            # As Kafka binds: a port whose old connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
