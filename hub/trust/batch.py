"""Batch signatures: one Ed25519 signature for up to 64 messages, each of which still verifies alone.

The signer makes a Merkle tree (RFC 6962 hashing) over the SHA-256 digests of a power of two of messages and signs one short
statement of its root as a detached JWS, in the same form as over a message. A message then carries

    <JWS over the statement>~<index of its leaf>~<audit path, base64url of the hashes joined, leaf's sibling first>

and the statement is made again from message, index and path: three lines of ASCII, each with its line end,

    liandong-batch-v1
    <number of leaves, decimal>
    <root, base64>

It is no JSON, so nobody can pass a signed statement off as a message, nor a message's signature as a statement's.
"""

import re
from collections.abc import Sequence

from hub.trust.encoding import b64_encode, b64url_decode, b64url_encode
from hub.trust.errors import SignatureError
from hub.trust.merkle import HASH_SIZE, leaf_hash, node_hash

MARK = "~"
"""Between a batch signature's parts; no plain JWS holds it."""
_LARGEST = 64
"""Most leaves of a tree that is signed. A path grows with it, and what it saves hardly does."""
_LONGEST_PATH = 12
"""Hashes in a path that is accepted: trees of up to 4,096 leaves."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,3}", re.ASCII)

Place = tuple[int, bytes]
"""A leaf's index, and the hashes of its audit path joined."""


def trees(count: int) -> list[range]:
    """How `count` messages are divided into trees: the largest that fit, in order. What is alone is signed alone."""
    ranges, start = [], 0
    while start < count:
        width = min(_LARGEST, 1 << (count - start).bit_length() - 1)
        ranges.append(range(start, start + width))
        start += width
    return ranges


def tree(digests: Sequence[bytes]) -> tuple[bytes, list[Place]]:
    """The statement to sign over a power of two of SHA-256 digests, and the place of each."""
    levels = [[leaf_hash(digest) for digest in digests]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(left, right) for left, right in zip(below[::2], below[1::2], strict=True)])
    places = [
        (index, b"".join(level[(index >> height) ^ 1] for height, level in enumerate(levels[:-1])))
        for index in range(len(digests))
    ]  # fmt: skip
    return _statement(len(digests), levels[-1][0]), places


def token(jws: str, place: Place) -> str:
    """The batch signature of the message at `place`, under the JWS over its tree's statement."""
    index, path = place
    return f"{jws}{MARK}{index}{MARK}{b64url_encode(path)}"


def opened(signature: str, digest: bytes) -> tuple[str, bytes]:
    """The JWS in a batch signature, and the statement that it must sign if the message has this SHA-256 digest.

    Raises `SignatureError` jws-malformed.
    """
    parts = signature.split(MARK)
    if len(parts) != 3 or _INDEX.fullmatch(parts[1]) is None:
        raise SignatureError("jws-malformed", "a batch signature has three parts: JWS, index and path")
    jws, index = parts[0], int(parts[1])
    try:
        path = b64url_decode(parts[2])
    except ValueError as error:
        raise SignatureError("jws-malformed", "the path is not base64url without padding") from error
    height, rest = divmod(len(path), HASH_SIZE)
    if rest or not 0 < height <= _LONGEST_PATH or index >> height:
        raise SignatureError("jws-malformed", f"the path has 1 to {_LONGEST_PATH} hashes, and the index lies in its tree")
    node = leaf_hash(digest)
    for level in range(height):
        sibling = path[HASH_SIZE * level : HASH_SIZE * (level + 1)]
        node = node_hash(sibling, node) if index >> level & 1 else node_hash(node, sibling)
    return jws, _statement(1 << height, node)


def _statement(size: int, root: bytes) -> bytes:
    return f"liandong-batch-v1\n{size}\n{b64_encode(root)}\n".encode("ascii")
