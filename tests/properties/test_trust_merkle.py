"""The Merkle tree against a naive reading of RFC 6962, section 2.1, which keeps every leaf and recurses."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.trust import merkle
from hub.trust.errors import ProofError

LARGEST = 260
ENTRIES = [f"entry {n}".encode() for n in range(LARGEST)]
LEAVES = [hashlib.sha256(b"\0" + entry).digest() for entry in ENTRIES]


def split_point(width: int) -> int:
    point = 1
    while point * 2 < width:
        point *= 2
    return point


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, from leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split_point(len(leaves))
    return hashlib.sha256(b"\1" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split_point(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.2."""
    if m == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = split_point(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def read(level: int, index: int) -> bytes:
    """A hash reader over the sample leaves; a node that is not complete is an error of the caller."""
    assert (index + 1) << level <= LARGEST
    return naive_root(LEAVES[index << level : (index + 1) << level])


ROOTS = [naive_root(LEAVES[:size]) for size in range(LARGEST + 1)]
sizes = st.integers(1, LARGEST)


def test_hashes_of_leaf_and_empty_tree() -> None:
    assert merkle.leaf_hash(ENTRIES[3]) == LEAVES[3]
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_root_grown_leaf_by_leaf_and_read_from_nodes() -> None:
    state = merkle.EMPTY_TREE
    for size in range(LARGEST + 1):
        assert (state.size, state.root) == (size, ROOTS[size])
        assert merkle.root(size, read) == ROOTS[size]
        state = state.extend(LEAVES[size : size + 1])


@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_tree_grown_in_batches_is_the_tree_grown_at_once(batches: list[int]) -> None:
    state = merkle.EMPTY_TREE
    for batch in batches:
        state = state.extend(LEAVES[state.size : state.size + batch])
    assert state == merkle.EMPTY_TREE.extend(LEAVES[: state.size])
    assert state == merkle.TreeState(state.size, state.edge)


@pytest.mark.parametrize(("size", "edge"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (3, bytes(63)), (-1, bytes(32))])
def test_an_edge_that_does_not_fit_the_size_is_refused(size: int, edge: bytes) -> None:
    with pytest.raises(ValueError, match="right edge"):
        merkle.TreeState(size, edge)


@pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 255, 256, 257, LARGEST])
def test_inclusion_proofs_of_every_leaf(size: int) -> None:
    for index in range(0, size, 1 if size < 70 else 13):
        proof = merkle.inclusion_proof(index, size, read)
        assert proof == naive_path(index, LEAVES[:size])
        merkle.verify_inclusion(LEAVES[index], index, size, ROOTS[size], proof)


@pytest.mark.parametrize("new", [*range(70), 127, 128, 129, 255, 256, 257, LARGEST])
def test_consistency_proofs_from_every_size(new: int) -> None:
    for old in range(0, new + 1, 1 if new < 70 else 13):
        proof = merkle.consistency_proof(old, new, read)
        assert proof == (naive_subproof(old, LEAVES[:new], True) if old else [])
        merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)


@st.composite
def changed_hashes(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof with one bit flipped, one hash dropped, added or cut, or two different neighbours swapped."""
    changed = list(proof)
    how = draw(st.sampled_from(["flip", "drop", "swap", "cut", "add"] if len(proof) > 1 else ["add"]))
    at = draw(st.integers(0, max(0, len(proof) - 2)))
    if how == "flip":
        bit = draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ 1 << bit).to_bytes(32, "big")
    elif how == "drop":
        del changed[at]
    elif how == "swap":
        changed[at], changed[at + 1] = changed[at + 1], changed[at]
    elif how == "cut":
        changed[at] = changed[at][:-1]
    else:
        changed.insert(draw(st.integers(0, len(proof))), draw(st.sampled_from([bytes(32), *proof])))
    return changed


@given(sizes, st.data())
def test_a_changed_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], index, size, ROOTS[size], data.draw(changed_hashes(proof)))


@given(sizes, st.data())
def test_an_inclusion_proof_serves_one_leaf_at_one_place_under_one_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read)
    other = data.draw(st.integers(0, LARGEST - 1).filter(lambda n: n != index))
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[other], index, size, ROOTS[size], proof)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], other, size, ROOTS[size], proof)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[index], index, size, ROOTS[0 if size == other else other], proof)


@given(sizes, st.data())
def test_a_changed_consistency_proof_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = merkle.consistency_proof(old, new, read)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], data.draw(changed_hashes(proof)))


@given(sizes, st.data())
def test_a_log_that_changed_an_entry_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    leaves = [*LEAVES[:changed], merkle.leaf_hash(b"changed"), *LEAVES[changed + 1 : new]]
    dishonest = naive_subproof(old, leaves, True)
    with pytest.raises(ProofError):
        merkle.verify_consistency(old, new, ROOTS[old], naive_root(leaves), dishonest)


def test_only_the_empty_root_begins_an_empty_log() -> None:
    with pytest.raises(ProofError):
        merkle.verify_consistency(0, 5, ROOTS[1], ROOTS[5], [])
    with pytest.raises(ProofError):
        merkle.verify_consistency(0, 0, ROOTS[0], ROOTS[1], [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5), (6, 5)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.inclusion_proof(index, size, read)
    assert caught.value.code == "proof-range"
    with pytest.raises(ProofError) as caught:
        merkle.verify_inclusion(LEAVES[0], index, size, ROOTS[size], [])
    assert caught.value.code == "proof-range"


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_a_log_cannot_have_shrunk(old: int, new: int) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.consistency_proof(old, new, read)
    assert caught.value.code == "proof-range"
    with pytest.raises(ProofError) as caught:
        merkle.verify_consistency(old, new, ROOTS[5], ROOTS[5], [])
    assert caught.value.code == "proof-range"


@pytest.mark.parametrize("proof", [[], [LEAVES[1]], [LEAVES[1], ROOTS[4], ROOTS[5]], [LEAVES[1], ROOTS[4][:31]]])
def test_a_proof_of_the_wrong_length_is_named_so(proof: list[bytes]) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.verify_inclusion(LEAVES[0], 0, 4, ROOTS[4], proof)
    assert caught.value.code == "proof-length"
    with pytest.raises(ProofError) as caught:
        merkle.verify_consistency(4, 16, ROOTS[4], ROOTS[16], proof)
    assert caught.value.code == "proof-length"
