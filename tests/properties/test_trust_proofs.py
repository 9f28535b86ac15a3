"""Proofs from the log's directory convince a verifier who has nothing but the log's key; changed ones do not."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.trust.encoding import b64_encode
from hub.trust.errors import NoteError, ProofError, TrustError
from hub.trust.merkle import consistency_proof, verify_consistency
from hub.trust.notes import NoteSigner
from hub.trust.proofs import LogProof, Prover
from hub.trust.tile_log import TileLog
from hub.trust.tiles import TileReader

SIGNER = NoteSigner("hub.example.gov/audit/ed25519", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SIZE = 66_000
ENTRIES = [b'{"i": %d}' % n for n in range(SIZE)]


class PublishedLog:
    """A log with three levels of tiles."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        log = TileLog(directory, SIGNER)
        log.append(ENTRIES[:65_000])
        self.earlier = log.state
        log.append(ENTRIES[65_000:])
        self.state = log.state
        self.prover = Prover(directory, log.publish(), SIGNER.verifier)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> PublishedLog:
    return PublishedLog(tmp_path_factory.mktemp("log"))


@given(index=st.integers(0, SIZE - 1) | st.sampled_from([0, 255, 256, 65_535, 65_536, SIZE - 1]))
def test_every_entry_can_be_proven_offline(log: PublishedLog, index: int) -> None:
    document = log.prover.prove(index).encode()
    checkpoint = LogProof.decode(document).verify(ENTRIES[index], SIGNER.verifier)
    assert (checkpoint.size, checkpoint.root) == (SIZE, log.state.root)
    assert log.prover.entry(index) == ENTRIES[index]
    assert LogProof.decode(document).encode() == document


@given(index=st.integers(0, SIZE - 1), other=st.integers(0, SIZE - 1))
def test_a_proof_proves_no_other_entry(log: PublishedLog, index: int, other: int) -> None:
    proof = log.prover.prove(index)
    for entry in (ENTRIES[other], ENTRIES[index] + b" ", b""):
        if entry != ENTRIES[index]:
            with pytest.raises(ProofError):
                proof.verify(entry, SIGNER.verifier)


def test_every_changed_byte_of_a_proof_is_found(log: PublishedLog) -> None:
    document = log.prover.prove(33_333).encode()
    for at in range(len(document)):
        for mask in (1, 0x20):
            changed = document[:at] + bytes([document[at] ^ mask]) + document[at + 1 :]
            with pytest.raises(TrustError):
                LogProof.decode(changed).verify(ENTRIES[33_333], SIGNER.verifier)


@given(data=st.binary(max_size=200))
def test_any_other_bytes_are_refused_with_a_code(data: bytes) -> None:
    with pytest.raises(ProofError) as caught:
        LogProof.decode(data)
    assert caught.value.code == "proof-malformed"


HASH = b64_encode(bytes(32)).encode()


@pytest.mark.parametrize(
    "head",
    [
        b"c2sp.org/tlog-proof@v2\nindex 0",
        b"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0",
        b"c2sp.org/tlog-proof@v1\nindex 00",
        b"c2sp.org/tlog-proof@v1\nindex -1",
        b"c2sp.org/tlog-proof@v1\n" + HASH,
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + HASH[:-1],
        b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA",
        b"c2sp.org/tlog-proof@v1\nindex 0\r\n" + HASH,
    ],
)
def test_a_proof_of_another_form_is_refused(head: bytes) -> None:
    LogProof.decode(b"c2sp.org/tlog-proof@v1\nindex 0\n" + HASH + b"\n\n")
    with pytest.raises(ProofError) as caught:
        LogProof.decode(head + b"\n\n")
    assert caught.value.code == "proof-malformed"


def test_a_proof_under_another_logs_key_is_refused(log: PublishedLog) -> None:
    stranger = NoteSigner(SIGNER.name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(NoteError):
        log.prover.prove(1).verify(ENTRIES[1], stranger.verifier)


def test_an_entry_outside_the_checkpoint_cannot_be_proven(log: PublishedLog) -> None:
    for index in (-1, SIZE):
        with pytest.raises(ProofError) as caught:
            log.prover.prove(index)
        assert caught.value.code == "proof-range"


def test_no_proof_is_given_out_from_a_directory_that_was_changed(tmp_path: Path) -> None:
    writer = TileLog(tmp_path, SIGNER)
    writer.append(ENTRIES[:600])
    signed = writer.publish()
    sibling, entry, root_child = ("tile/0/001", -33), ("tile/entries/001", -1), ("tile/1/000.p/2", 0)  # of entry 511
    for name, at in (sibling, entry, root_child):
        path = tmp_path / name
        whole = path.read_bytes()
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ProofError):
            Prover(tmp_path, signed, SIGNER.verifier).prove(511)
        path.write_bytes(whole)
    Prover(tmp_path, signed, SIGNER.verifier).prove(511)


def test_the_directory_proves_that_the_log_only_grew(log: PublishedLog) -> None:
    proof = consistency_proof(log.earlier.size, log.state.size, TileReader(log.directory, log.state.size))
    verify_consistency(log.earlier.size, log.state.size, log.earlier.root, log.state.root, proof)
    with pytest.raises(ProofError):
        verify_consistency(log.earlier.size, log.state.size, bytes(32), log.state.root, proof)
