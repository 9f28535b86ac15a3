"""The audit log on disk: what is written when, what survives a crash, and when it refuses to sign."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.trust.checkpoints import open_checkpoint, sign_checkpoint
from hub.trust.encoding import b64_encode
from hub.trust.errors import LogError
from hub.trust.merkle import EMPTY_TREE, TreeState, leaf_hash
from hub.trust.notes import NoteSigner
from hub.trust.tile_log import TileLog
from hub.trust.tiles import TileReader, tile_path

SIGNER = NoteSigner("hub.example.gov/audit/ed25519", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def entries(start: int, stop: int) -> list[bytes]:
    return [b'{"i": %d}' % n for n in range(start, stop)]


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def code_of(directory: Path, state: TreeState) -> str:
    with pytest.raises(LogError) as caught:
        TileLog(directory, SIGNER, state)
    return caught.value.code


@pytest.mark.parametrize(
    ("number", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067"), (12_345, "x012/345")],
)
def test_the_names_of_tiles(number: int, path: str) -> None:
    assert tile_path(2, number) == f"tile/2/{path}"
    assert tile_path("entries", number, 17) == f"tile/entries/{path}.p/17"


def test_seventy_thousand_entries_give_the_known_root_and_files(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append(entries(0, 70_000))
    checkpoint = open_checkpoint(log.publish(), SIGNER.verifier)
    assert b64_encode(checkpoint.root) == "wRYN7gITqYzM1gjE+zBoRxdhYfa4lV5/eiDlHn2Qxfo="
    written = files(tmp_path)
    sizes = {
        "tile/0/272": 8192,
        "tile/0/273.p/112": 112 * 32,
        "tile/1/000": 8192,
        "tile/1/001.p/17": 17 * 32,
        "tile/2/000.p/1": 32,
    }
    assert {name: len(written[name]) for name in sizes} == sizes
    assert written["tile/entries/273.p/112"].startswith(b"\x00\x0c" + b'{"i": 69888}')
    assert len(written) == 273 * 2 + 1 + 1 + 1 + 2 + 1  # full of level 0 and entries, level 1, partials, checkpoint


@pytest.mark.parametrize("cuts", [[1], [255, 256, 257], [256, 512], [1, 300, 300, 900], list(range(0, 520, 7))])
def test_batches_give_the_same_tree_as_one_append(tmp_path: Path, cuts: list[int]) -> None:
    total = 1000
    log = TileLog(tmp_path, SIGNER)
    for stop in [*cuts, total]:
        assert log.append(entries(log.state.size, stop)) == log.state
    log.publish()
    assert log.state == EMPTY_TREE.extend(map(leaf_hash, entries(0, total)))
    whole = TileLog(tmp_path / "whole", SIGNER)
    whole.append(entries(0, total))
    whole.publish()
    written = files(tmp_path)
    assert all(written[name] == content for name, content in files(tmp_path / "whole").items())


def test_a_log_reopened_after_every_append_goes_on_alike(tmp_path: Path) -> None:
    state = EMPTY_TREE
    for stop in (1, 2, 255, 256, 257, 511, 513, 600):
        log = TileLog(tmp_path, SIGNER, state)
        state = log.append(entries(state.size, stop))
        log.publish()
        assert state == EMPTY_TREE.extend(map(leaf_hash, entries(0, stop)))
    assert [TileReader(tmp_path, 600).entry(n) for n in range(600)] == entries(0, 600)


def test_an_append_rewrites_only_what_gained_a_hash(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append(entries(0, 66_000))
    before = files(tmp_path)
    log.append(entries(66_000, 66_001))
    after = files(tmp_path)
    assert {name for name in after if after[name] != before.get(name)} == {
        "tile/0/257.p/209",
        "tile/entries/257.p/209",
    }
    assert before.items() <= after.items()


def test_partial_files_of_published_sizes_stay_until_the_full_file_is_published(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    for stop in (10, 20):
        log.append(entries(log.state.size, stop))
        log.publish()
    log.append(entries(20, 300))
    partial = {"tile/0/000.p/10", "tile/0/000.p/20", "tile/entries/000.p/10", "tile/entries/000.p/20"}
    assert partial <= files(tmp_path).keys()
    log.publish()
    assert not partial & files(tmp_path).keys()
    older = TileReader(tmp_path, 20)  # reads the full file in the place of the partial one
    assert older.entry(19) == entries(19, 20)[0]
    assert older(0, 19) == leaf_hash(entries(19, 20)[0])
    assert (len(older.items(0, 0)), len(older.items("entries", 0))) == (20, 20)


def test_nothing_is_published_before_publish(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append(entries(0, 3))
    assert "checkpoint" not in files(tmp_path)
    signed = log.publish()
    assert files(tmp_path)["checkpoint"] == signed
    assert not [name for name in files(tmp_path) if name.endswith(".new")]


def test_an_empty_append_and_an_empty_log(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    assert log.append([]) == EMPTY_TREE
    assert open_checkpoint(log.publish(), SIGNER.verifier).size == 0
    assert files(tmp_path).keys() == {"checkpoint"}
    state = log.append(entries(0, 5))
    os.utime(tmp_path / "tile/entries/000.p/5", (0, 0))
    assert log.append([]) == state
    assert (tmp_path / "tile/entries/000.p/5").stat().st_mtime == 0  # a published file is never written again


@pytest.mark.parametrize("committed", [0, 100, 256])
def test_a_crash_before_the_commit_is_mended_by_appending_again(tmp_path: Path, committed: int) -> None:
    log = TileLog(tmp_path, SIGNER)
    state = log.append(entries(0, committed))
    log.publish()
    log.append(entries(committed, 700))
    lost = files(tmp_path)
    again = TileLog(tmp_path, SIGNER, state)  # the store never learnt of the second append
    again.append(entries(committed, 700))
    assert files(tmp_path) == lost
    assert again.state == log.state


def test_a_crash_between_commit_and_publication_only_delays_the_checkpoint(tmp_path: Path) -> None:
    state = TileLog(tmp_path, SIGNER).append(entries(0, 300))
    assert open_checkpoint(TileLog(tmp_path, SIGNER, state).publish(), SIGNER.verifier).root == state.root


def test_files_torn_by_a_crash_are_written_whole_again(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    state = log.append(entries(0, 100))
    log.publish()
    log.append(entries(100, 300))
    whole = files(tmp_path)
    for name in ("tile/0/000", "tile/entries/000", "tile/0/001.p/44"):
        (tmp_path / name).write_bytes(whole[name][:-5])
    TileLog(tmp_path, SIGNER, state).append(entries(100, 300))
    assert files(tmp_path) == whole


def test_a_failed_write_leaves_the_log_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = TileLog(tmp_path, SIGNER)
    state = log.append(entries(0, 200))

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            log.append(entries(200, 300))
    assert log.state == state
    log.append(entries(200, 600))
    undisturbed = TileLog(tmp_path / "undisturbed", SIGNER)
    undisturbed.append(entries(0, 200))
    assert undisturbed.append(entries(200, 600)) == log.state
    written = files(tmp_path)
    assert all(written[name] == content for name, content in files(tmp_path / "undisturbed").items())


def test_all_files_and_directories_are_synced_before_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    log = TileLog(tmp_path / "log", SIGNER)
    log.append(entries(0, 300))
    written = [tmp_path / "log", *(tmp_path / "log").rglob("*")]
    assert len(written) > 8
    assert {path.stat().st_ino for path in written} <= synced


def test_a_checkpoint_replaced_during_a_crash_is_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append(entries(0, 5))
    first = log.publish()
    log.append(entries(5, 9))

    def crash(self: Path, target: Path) -> Path:
        assert self.read_bytes() != first
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            log.publish()
    assert (tmp_path / "checkpoint").read_bytes() == first
    reopened = TileLog(tmp_path, SIGNER, log.state)
    assert open_checkpoint(reopened.publish(), SIGNER.verifier).size == 9


def test_publishing_again_keeps_the_checkpoint_and_the_signatures_added_to_it(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append(entries(0, 5))
    cosigned = log.publish() + "— witness.example.gov AAAAAAAA\n".encode()
    (tmp_path / "checkpoint").write_bytes(cosigned)
    assert log.publish() == cosigned
    assert TileLog(tmp_path, SIGNER, log.state).publish() == cosigned


def test_the_largest_entry_fits_and_a_larger_one_changes_nothing(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    with pytest.raises(LogError) as caught:
        log.append([b"small", bytes(65_536)])
    assert caught.value.code == "log-entry-too-large"
    assert log.state == EMPTY_TREE
    assert not files(tmp_path)
    log.append([bytes(65_535), b""])
    assert [len(TileReader(tmp_path, 2).entry(n)) for n in (0, 1)] == [65_535, 0]


def test_a_state_older_than_the_checkpoint_is_refused(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    old = log.append(entries(0, 5))
    log.append(entries(5, 9))
    log.publish()
    assert code_of(tmp_path, old) == "log-ahead"
    assert code_of(tmp_path, EMPTY_TREE) == "log-ahead"


@pytest.mark.parametrize("published", [1, 100, 256, 300])
def test_a_state_that_contradicts_the_checkpoint_is_refused(tmp_path: Path, published: int) -> None:
    log = TileLog(tmp_path, SIGNER)
    log.append([*entries(0, 300)[:-1], b"other"])
    other = EMPTY_TREE.extend(map(leaf_hash, entries(1, published + 1)))
    (tmp_path / "checkpoint").write_bytes(sign_checkpoint(published, other.root, SIGNER))
    assert code_of(tmp_path, log.state) == "log-fork"


def test_two_writers_cannot_publish_two_roots_for_one_size(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    state = log.append(entries(0, 5))
    log.publish()
    first, second = TileLog(tmp_path, SIGNER, state), TileLog(tmp_path, SIGNER, state)
    first.append([b"one"])
    second.append([b"two"])
    signed = first.publish()
    with pytest.raises(LogError) as caught:
        second.publish()
    assert caught.value.code == "log-fork"
    assert (tmp_path / "checkpoint").read_bytes() == signed


def test_a_writer_left_behind_does_not_set_the_checkpoint_back(tmp_path: Path) -> None:
    late = TileLog(tmp_path, SIGNER)
    state = late.append(entries(0, 5))
    ahead = TileLog(tmp_path, SIGNER, state)
    ahead.append(entries(5, 9))
    signed = ahead.publish()
    with pytest.raises(LogError) as caught:
        late.publish()
    assert caught.value.code == "log-ahead"
    assert (tmp_path / "checkpoint").read_bytes() == signed


def test_a_checkpoint_by_another_key_is_refused(tmp_path: Path) -> None:
    log = TileLog(tmp_path, SIGNER)
    state = log.append(entries(0, 5))
    other = NoteSigner(SIGNER.name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    (tmp_path / "checkpoint").write_bytes(sign_checkpoint(5, state.root, other))
    assert code_of(tmp_path, state) == "log-checkpoint"


@pytest.mark.parametrize("name", ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "changed"])
def test_damaged_last_files_are_refused(tmp_path: Path, name: str, damage: str) -> None:
    state = TileLog(tmp_path, SIGNER).append(entries(0, 300))
    content = (tmp_path / name).read_bytes()
    if damage == "missing":
        (tmp_path / name).unlink()
    elif damage == "cut":
        (tmp_path / name).write_bytes(content[:-1])
    elif damage == "empty":
        (tmp_path / name).write_bytes(b"")
    else:
        (tmp_path / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert code_of(tmp_path, state) == ("log-damaged" if damage == "changed" else "log-unreadable")


def test_a_reader_refuses_what_lies_outside_its_size(tmp_path: Path) -> None:
    TileLog(tmp_path, SIGNER).append(entries(0, 300))
    reader = TileReader(tmp_path, 300)
    for index in (-1, 300):
        with pytest.raises(LogError) as caught:
            reader.entry(index)
        assert caught.value.code == "log-range"
    for level, index in ((0, 300), (2, 75), (8, 1)):
        with pytest.raises(LogError) as caught:
            reader(level, index)
        assert caught.value.code == "log-range"
