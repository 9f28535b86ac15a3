"""The Merkle tree of RFC 6962, section 2.1, over SHA-256, without I/O.

Leaves are counted from 0. The node `(level, index)` is the hash of the 2^level leaves from index·2^level on. Proofs
list hashes from the leaf's sibling up to the root's child, as RFC 6962 does.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.trust.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

HashReader = Callable[[int, int], bytes]
"""Gives the hash of the complete node `(level, index)`."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class TreeState:
    """All that is needed to extend a tree: its size and its right edge.

    `edge` holds the hashes of the perfect subtrees that the tree falls into, largest (leftmost) first, one for each
    1 in the binary form of `size`, joined without separators: 32 bytes times that count, at most 2 KiB.
    """

    size: int = 0
    edge: bytes = b""

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.edge) != HASH_SIZE * self.size.bit_count():
            raise ValueError("the right edge does not fit the tree's size")

    @property
    def root(self) -> bytes:
        """The Merkle tree hash."""
        return _join(self._hashes()) if self.size else EMPTY_ROOT

    def extend(self, leaves: Iterable[bytes]) -> "TreeState":
        """The tree with more leaf hashes at its right; two hash operations per leaf, whatever the tree's size."""
        size, edge = self.size, self._hashes()
        for leaf in leaves:
            node = leaf
            complete = size
            while complete & 1:  # a perfect subtree of the same height stands to the left: merge, as in binary addition
                node = node_hash(edge.pop(), node)
                complete >>= 1
            edge.append(node)
            size += 1
        return TreeState(size, b"".join(edge))

    def _hashes(self) -> list[bytes]:
        return [self.edge[at : at + HASH_SIZE] for at in range(0, len(self.edge), HASH_SIZE)]


EMPTY_TREE = TreeState()


def root(size: int, read: HashReader) -> bytes:
    """The Merkle tree hash of the first `size` leaves."""
    return _range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size:
        raise ProofError("proof-range", f"entry {index} is not in a log of {size} entries")
    return [_range_hash(low, high, read) for low, high in _siblings(index, size)]


def verify_inclusion(leaf: bytes, index: int, size: int, tree_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that leaf hash `leaf` stands at `index` in the tree; `ProofError` otherwise."""
    if not 0 <= index < size:
        raise ProofError("proof-range", f"entry {index} is not in a log of {size} entries")
    siblings = _siblings(index, size)
    _check_length(proof, len(siblings))
    node = leaf
    for (low, _), sibling in zip(siblings, proof, strict=True):
        node = node_hash(sibling, node) if low < index else node_hash(node, sibling)
    if node != tree_root:
        raise ProofError("proof-inclusion", "the entry is not in the log at this place under this root")


def consistency_proof(old: int, new: int, read: HashReader) -> list[bytes]:
    """The proof that the tree of `old` leaves begins the tree of `new` leaves (RFC 6962, section 2.1.2)."""
    _check_sizes(old, new)
    return [_range_hash(low, high, read) for low, high in _consistency_ranges(old, new)]


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a log with these two roots only ever grew from `old` to `new` entries; `ProofError` otherwise."""
    _check_sizes(old, new)
    ranges = _consistency_ranges(old, new)
    _check_length(proof, len(ranges))
    if old == 0:
        consistent = old_root == EMPTY_ROOT and (new > 0 or new_root == EMPTY_ROOT)
    else:
        consistent = _grown(old, old_root, list(zip(ranges, proof, strict=True))) == (old_root, new_root)
    if not consistent:
        raise ProofError("proof-consistency", "the two roots are not of one log that only grew: entries were changed")


def _grown(old: int, old_root: bytes, steps: list[tuple[tuple[int, int], bytes]]) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to."""
    if steps and steps[0][0][1] == old:  # the proof gives the last perfect subtree of the old tree
        old_node = new_node = steps[0][1]
        steps = steps[1:]
    else:  # the old tree is itself a perfect subtree of the new one
        old_node = new_node = old_root
    for (low, _), sibling in steps:
        if low < old:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
        else:
            new_node = node_hash(new_node, sibling)
    return old_node, new_node


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """The leaf ranges whose hashes make up the audit path, leaf's sibling first."""
    low, high, ranges = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The leaf ranges whose hashes make up a consistency proof, deepest first."""
    if old == 0:
        return []
    low, high, ranges = 0, new, []
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        ranges.append((low, high))
    return ranges[::-1]


def _range_hash(low: int, high: int, read: HashReader) -> bytes:
    """The Merkle tree hash of the leaves from `low` up to `high`, a subtree of the tree."""
    nodes = []
    for level in reversed(range((high - low).bit_length())):
        if (high - low) >> level & 1:
            nodes.append(read(level, low >> level))
            low += 1 << level
    return _join(nodes)


def _join(nodes: list[bytes]) -> bytes:
    """The hash over perfect subtrees that stand side by side, largest first."""
    joined = nodes[-1]
    for node in reversed(nodes[:-1]):
        joined = node_hash(node, joined)
    return joined


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new:
        raise ProofError("proof-range", f"a log of {new} entries cannot have grown from {old}")


def _check_length(proof: Sequence[bytes], expected: int) -> None:
    if len(proof) != expected or any(len(node) != HASH_SIZE for node in proof):
        raise ProofError("proof-length", f"this proof must have {expected} hashes of {HASH_SIZE} bytes")
