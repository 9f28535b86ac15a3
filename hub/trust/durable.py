"""Files that are on the disk when the call returns."""

import os
from collections.abc import Mapping
from pathlib import Path


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` (relative path → content) below `directory` and sync them and every directory above them."""
    parents = {directory, directory.parent}
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
        parents.update(parent for parent in path.parents if directory in parent.parents)
    for parent in parents:
        _sync_directory(parent)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`: a reader, or a crash at any moment, finds the old or the new, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")  # its own, should another process do the same
    _write(fresh, content)
    fresh.replace(path)
    _sync_directory(path.parent)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Sync the names in a directory, so that new files are found again after a crash."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
