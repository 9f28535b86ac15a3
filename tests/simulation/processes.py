"""The processes of a run: the hub with its sequencer, kept alive by a supervisor that starts it again whenever it ends."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from contextlib import suppress

from hub.bus.connection import BusError
from hub.bus.topics import REPLIES, REQUESTS, Topics
from hub.casework import Casework, admits
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.processor import Processor
from hub.engine.records import Outgoing
from hub.sequencer import Sequencer
from tests.rig import MASTER
from tests.simulation.bus import SimSink, SimSource
from tests.simulation.host import Host, MortalStore
from tests.simulation.loop import OWNER, Crash
from tests.simulation.plan import Freeze
from tests.simulation.world import World, stage

Process = Callable[[World, Host], Coroutine[None, None, None]]
SECRET = b"t" * 32


async def hub(world: World, host: Host) -> None:
    """The hub as `hub.bootstrap` puts it together, over the simulated bus."""
    topics, parties = Topics(), stage().parties
    store = MortalStore(world.folder / "hub.db", host)
    host.closes = store.close
    sink = SimSink(world.broker, host)
    processor = Processor(
        store=store,
        source=lambda: SimSource(world.broker, host, [REQUESTS, REPLIES]),
        sink=sink,
        gate=Gate("hub", stage().directory, admits(topics.requests, topics.replies)),
        composer=Composer("hub", parties["hub"].signer, SECRET),
        master_key=MASTER,
        application=Casework(stage().rulebook, topics),
        clock=world.now,
    )

    async def announce(checkpoint: bytes) -> None:
        await sink.publish([Outgoing(0, topics.checkpoints, None, checkpoint)])

    sequencer = Sequencer(store, processor, world.folder / "log", stage().log_signer, announce)

    async def sequence() -> None:
        await processor.ready.wait()
        await sequencer.run()

    host.stop = processor.stop
    async with asyncio.TaskGroup() as group:
        sequencing = host.parts["sequencer"] = group.create_task(sequence())

        async def finish() -> None:
            sequencer.stop()
            if sequencer.running:
                await sequencing
            sequencing.cancel()
            await sequencer.step()

        await processor.run(finish)


class Supervisor:
    """Keeps one process alive until it is told to let it end by itself."""

    def __init__(self, world: World, name: str, process: Process) -> None:
        self._world = world
        self._name = name
        self._process = process
        self._rng = world.rng(f"supervisor {name}")
        self._superseded = asyncio.Event()
        self._aside: list[asyncio.Task[None]] = []
        self._ending = False
        self.host: Host | None = None

    async def run(self) -> None:
        """Until `end`, and the process has ended in peace."""
        while True:
            self._superseded.clear()
            self._world.lives += 1
            host = Host(f"{self._name}#{self._world.lives}", self._world.loop, self._world.trace, self._world.chaos,
                        self._world.rng(f"host {self._world.lives}"))  # fmt: skip
            self.host = host
            self._world.trace(host.name, "starts")
            life = asyncio.create_task(self._live(host))
            superseded = asyncio.create_task(self._superseded.wait())
            await asyncio.wait([life, superseded], return_when=asyncio.FIRST_COMPLETED)
            superseded.cancel()
            if not life.done():
                self._aside.append(life)
            elif self._ending and host.alive:
                return
            await asyncio.sleep(self._rng.choice([0.02, 0.3, self._rng.uniform(0.5, 4.0)]))

    async def _live(self, host: Host) -> None:
        context = contextvars.copy_context()
        context.run(OWNER.set, host)
        root = asyncio.get_running_loop().create_task(self._process(self._world, host), context=context)
        died = asyncio.create_task(host.died.wait())
        await asyncio.wait([root, died], return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        root.cancel()
        await asyncio.wait([root])
        host.closes()
        error = None if root.cancelled() else root.exception()
        if host.alive and not (error is None and self._ending):
            self._world.trace(host.name, f"ends with {_words(error)}")
            if not all(isinstance(each, BusError) for each in _flat(error)):
                self._world.fault(f"{host.process} ended by itself: {_words(error)}")
            host.alive = False

    @property
    def working(self) -> bool:
        """Whether there is a process that could be asked to stop."""
        return self.host is not None and self.host.alive and self.host.parts != {}

    def end(self) -> None:
        """Let the process stop by itself, as a signal does, and start it no more."""
        self._ending = True
        if self.host is not None:
            self.host.stop()

    async def stand_still(self, freeze: Freeze) -> None:
        """The process is stopped and replaced; then it goes on beside its replacement, and is ended later.

        Its sequencer does not go on with it: a log has one, which the store's lock or a lease sees to. And its replacement
        begins anew after it, because what another process has committed and not published a relay finds only at its start.
        """
        await asyncio.sleep(freeze.at)
        host = self.host
        if host is None or not self.working:
            return
        host.parts["sequencer"].cancel()
        await asyncio.wait([host.parts["sequencer"]])
        host.freeze()
        self._superseded.set()
        await asyncio.sleep(freeze.length)
        host.thaw()
        await asyncio.sleep(freeze.linger)
        host.kill("its replacement's word")
        if self.host is not None and self.host is not host:
            self.host.kill("a fresh start")

    async def aside(self) -> None:
        """Until those who were replaced have ended."""
        for life in self._aside:
            with suppress(asyncio.CancelledError):
                await life


def _flat(error: BaseException | None) -> list[BaseException]:
    """The errors in a group of groups, those of a dead process left out."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _flat(each)]
    return [] if error is None or isinstance(error, Crash | asyncio.CancelledError) else [error]


def _words(error: BaseException | None) -> str:
    return "; ".join(repr(each) for each in _flat(error)) or "nothing"
