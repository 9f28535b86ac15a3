"""Signed notes and checkpoints: which are believed, which are refused."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.trust import keys
from hub.trust.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from hub.trust.encoding import b64_decode, b64_encode
from hub.trust.errors import NoteError
from hub.trust.notes import NoteSigner, NoteVerifier, open_note

LOG = NoteSigner("hub.example.gov/audit/ed25519", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = NoteSigner("witness.example.gov", Ed25519PrivateKey.from_private_bytes(bytes(32)))
TEXT = "first line\n\nlast line, 查封\n"
NOTE = LOG.sign(TEXT)
ROOT = bytes(range(32))


def code_of(note: bytes, *verifiers: NoteVerifier) -> str:
    with pytest.raises(NoteError) as caught:
        open_note(note, verifiers or [LOG.verifier])
    return caught.value.code


def signature_line(note: bytes) -> bytes:
    return note[note.rindex("\n— ".encode()) + 1 :]


def test_the_verifier_key_of_a_known_seed() -> None:
    text = "hub.example.gov/audit/ed25519+37e0ce27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert str(LOG.verifier) == text
    assert str(NoteVerifier.parse(text)) == text
    assert NoteVerifier.parse(text).public == LOG.private.public_key()


def test_a_key_pair_signs_under_its_own_name() -> None:
    pair = keys.generate("hub.example.gov/audit/ed25519")
    assert open_note(NoteSigner.of(pair).sign(TEXT), [NoteVerifier(pair.kid, pair.public)]).text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+37e0ce27",
        "hub.example.gov/audit/ed25519+37e0ce28+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",  # another id
        "hub.example.gov/audit/ed25518+37e0ce27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",  # another name
        "hub.example.gov/audit/ed25519+37e0ce27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5",  # another key
        "hub.example.gov/audit/ed25519+37E0CE27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "hub.example.gov/audit/ed25519+37e0ce27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n",
        "hub.example.gov/audit/ed25519+37e0ce27+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",  # type 04
        "hub.example.gov/audit/ed25519+37e0ce27+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVQ==",
        "hub.example.gov/audit/ed25519+37e0ce27+!",
    ],
)
def test_a_wrong_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError) as caught:
        NoteVerifier.parse(text)
    assert caught.value.code == "note-key"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u3000b", "a\nb", "a\x01"])
def test_a_name_that_would_break_the_format_is_refused(name: str) -> None:
    with pytest.raises(NoteError) as caught:
        NoteSigner(name, LOG.private)
    assert caught.value.code == "note-name"


def test_a_note_gives_its_text_up_to_the_last_empty_line_and_its_signer() -> None:
    opened = open_note(NOTE, [OTHER.verifier, LOG.verifier])
    assert opened.text == TEXT
    assert [signer.name for signer in opened.signers] == [LOG.name]


def test_signatures_by_unknown_keys_are_ignored() -> None:
    stranger = "— stranger.example.gov AAAAAAAA\n".encode()
    assert open_note(NOTE + stranger + signature_line(OTHER.sign(TEXT)), [LOG.verifier]).text == TEXT


def test_the_same_name_with_another_key_is_an_unknown_key() -> None:
    namesake = NoteSigner(LOG.name, OTHER.private)
    assert open_note(NOTE + signature_line(namesake.sign("other text\n")), [LOG.verifier]).text == TEXT


def test_a_key_that_signed_twice_counts_once() -> None:
    opened = open_note(NOTE + signature_line(NOTE) + signature_line(OTHER.sign(TEXT)), [LOG.verifier, OTHER.verifier])
    assert [signer.name for signer in opened.signers] == [LOG.name, OTHER.name]


def test_a_known_key_whose_signature_fails_rejects_the_note() -> None:
    wrong = signature_line(OTHER.sign("other text\n"))
    assert code_of(NOTE + wrong, LOG.verifier, OTHER.verifier) == "note-bad-signature"
    assert code_of(NOTE + signature_line(LOG.sign("other text\n"))) == "note-bad-signature"


def test_a_note_by_strangers_only_is_refused() -> None:
    assert code_of(NOTE, OTHER.verifier) == "note-unsigned"


@pytest.mark.parametrize("size", [0, 1, 63, 65])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    blob = b64_encode(LOG.verifier.key_id + bytes(size))
    expected = "note-malformed" if size == 0 else "note-bad-signature"
    assert code_of(f"{TEXT}\n— {LOG.name} {blob}\n".encode()) == expected


def test_every_changed_byte_of_text_name_or_signature_is_refused() -> None:
    for at in range(len(NOTE)):
        with pytest.raises(NoteError):
            open_note(NOTE[:at] + bytes([NOTE[at] ^ 1]) + NOTE[at + 1 :], [LOG.verifier])


@pytest.mark.parametrize(
    "note",
    [
        b"",
        TEXT.encode(),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"- a AAAAAAAA\n",
        NOTE + "— a+b AAAAAAAA\n".encode(),
        NOTE + "— a  AAAAAAAA\n".encode(),
        NOTE + "— a AAAAAAAA \n".encode(),
        NOTE + "— a AAAAAAA\n".encode(),
        NOTE.replace(b"\n", b"\r\n"),
        NOTE.replace(b"first", b"fir\tst"),
        NOTE.replace(b"first", b"\xff"),
        NOTE + signature_line(NOTE) * 100,
        b"x" * 1_000_001,
    ],
)
def test_what_is_not_a_note_is_refused(note: bytes) -> None:
    assert code_of(note) == "note-malformed"


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "carriage\r\n"])
def test_a_text_that_no_reader_would_accept_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError) as caught:
        LOG.sign(text)
    assert caught.value.code == "note-malformed"


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_checkpoint_round_trips(size: int) -> None:
    signed = sign_checkpoint(size, ROOT, LOG)
    assert open_checkpoint(signed, LOG.verifier) == Checkpoint(LOG.name, size, ROOT)
    assert signed.decode().split("\n")[:4] == [LOG.name, str(size), b64_encode(ROOT), ""]


def test_a_checkpoint_of_another_log_is_refused_even_when_this_key_signed_it() -> None:
    with pytest.raises(NoteError) as caught:
        open_checkpoint(LOG.sign(Checkpoint(OTHER.name, 1, ROOT).text()), LOG.verifier)
    assert caught.value.code == "checkpoint-origin"


@pytest.mark.parametrize(
    "text",
    [
        f"{LOG.name}\n01\n{b64_encode(ROOT)}\n",
        f"{LOG.name}\n-1\n{b64_encode(ROOT)}\n",
        f"{LOG.name}\n１\n{b64_encode(ROOT)}\n",
        f"{LOG.name}\n\n{b64_encode(ROOT)}\n",
        f"{LOG.name}\n1\n{b64_encode(ROOT[:31])}\n",
        f"{LOG.name}\n1\n{b64_encode(ROOT)[:-1]}\n",
        f"{LOG.name}\n1\n{b64_encode(ROOT)}\nextension\n",
        f"\n1\n{b64_encode(ROOT)}\n",
        f"{LOG.name}\n1\n",
        f"{LOG.name}\n{'9' * 19}\n{b64_encode(ROOT)}\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError) as caught:
        open_checkpoint(LOG.sign(text), LOG.verifier)
    assert caught.value.code == "checkpoint-malformed"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("size", [1, 2])
def test_openssl_alone_can_check_a_checkpoint(tmp_path: Path, size: int) -> None:
    """The message is the text up to the empty line; the signature follows the 4 bytes of the key's id."""
    text, _, line = sign_checkpoint(1, ROOT, LOG).decode().rpartition("\n\n")
    public = LOG.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "pub.pem").write_bytes(public)
    (tmp_path / "message").write_text(text.replace("\n1\n", f"\n{size}\n") + "\n")
    (tmp_path / "sig").write_bytes(b64_decode(line.split()[-1])[4:])
    command = "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in message -sigfile sig"
    ran = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode == 0) is (size == 1), ran.stderr
