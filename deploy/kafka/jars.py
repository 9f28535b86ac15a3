"""The jars of Apache Kafka: resolved once, kept below `.local/`, checked against `jars.sha256` before every start."""

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.kafka.errors import KafkaSetupError

Progress = Callable[[str], None]

KAFKA = "4.4.0"
_COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA}",
    # Binds Kafka's slf4j 1.7 to the log4j it brings. The "!" keeps this POM's own dependency management out of the
    # resolution: it would take kafka-clients back to 3.9.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!",
)
_LOCK = Path(__file__).with_name("jars.sha256")
_CACHE = Path(__file__).parents[2] / ".local/kafka"
_TRIES = 3


def locked() -> dict[str, str]:
    """File name → SHA-256 in hex, as checked in."""
    lines = (line.split("  ", 1) for line in _LOCK.read_text("ascii").splitlines())
    return {name: digest for digest, name in lines}


def folder() -> Path:
    """Where the jars of this lock stand, whether they are there or not. Another lock has another folder."""
    return _CACHE / "jars" / hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]


def check(jars: Path, lock: dict[str, str]) -> None:
    """Raise `KafkaSetupError` unless `jars` holds exactly the files of `lock`, unchanged."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.iterdir()}
    faults = {
        "jar-unknown": found.keys() - lock.keys(),
        "jar-missing": lock.keys() - found.keys(),
        "jar-changed": {name for name in found.keys() & lock.keys() if found[name] != lock[name]},
    }
    for code, names in faults.items():
        if names:
            raise KafkaSetupError(
                code, f"{', '.join(sorted(names))} in {jars}, against {_LOCK.name}; remove that folder and run again"
            )


def fetch(progress: Progress) -> None:
    """Have the locked jars in `folder()`, from the network where they are not. One process at a time fetches."""
    with _alone():
        if not folder().exists():
            staged = _resolve(progress)
            check(staged, locked())
            folder().parent.mkdir(exist_ok=True)
            staged.rename(folder())
            shutil.rmtree(staged.parent)


def lock(progress: Progress) -> int:
    """Resolve anew and write `jars.sha256`; returns the number of jars. For a person who changes the pinned version."""
    with _alone():
        staged = _resolve(progress)
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in staged.iterdir()]
        _LOCK.write_text("".join(sorted(lines, key=lambda line: line[66:])), "ascii")
        shutil.rmtree(staged.parent)
    return len(lines)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "fetch.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _resolve(progress: Progress) -> Path:
    """Resolve and download into a fresh folder. What an interrupted run left there is not trusted to be whole."""
    staging = _CACHE / "fetch"
    for attempt in range(1, _TRIES + 1):
        shutil.rmtree(staging, ignore_errors=True)
        try:
            return _download(staging, progress)
        except (OSError, RuntimeError) as error:  # requests raises OSErrors, jgo RuntimeErrors
            if attempt == _TRIES:
                raise KafkaSetupError(
                    "kafka-unavailable",
                    f"Apache Kafka {KAFKA} is not on this machine yet and could not be downloaded "
                    f"({type(error).__name__}); connect to the network once and run again",
                ) from error
    raise AssertionError("unreachable")


def _download(staging: Path, progress: Progress) -> Path:
    from jgo.maven import MavenContext

    progress(f"Apache Kafka {KAFKA}: resolving")
    context = MavenContext(repo_cache=staging / "m2")
    inputs, transitive = context.resolver.resolve([context.create_dependency(name) for name in _COORDINATES])
    artifacts = [dependency.artifact for dependency in (*inputs, *transitive)]
    jars = staging / "jars"
    jars.mkdir()
    with ThreadPoolExecutor(4) as pool:
        for count, path in enumerate(pool.map(lambda artifact: artifact.resolve(), artifacts), 1):
            path.rename(jars / path.name)
            progress(f"Apache Kafka {KAFKA}: jar {count} of {len(artifacts)}")
    return jars
