"""Go's own transparency-log libraries accept a log that the hub wrote, and refuse it with any one byte changed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.trust.notes import NoteSigner
from hub.trust.proofs import Prover
from hub.trust.tile_log import TileLog

HERE = Path(__file__).parent
SIGNER = NoteSigner("hub.example.gov/audit/ed25519", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
GO = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}


def go(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["go", *arguments], cwd=HERE, env=GO, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built once; without Go or its modules these tests are reported as skipped."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    download = go("mod", "download")
    if download.returncode:
        pytest.skip(f"the Go modules cannot be fetched: {download.stderr.strip()[:200]}")
    binary = tmp_path_factory.mktemp("go") / "conformance_log"
    built = go("build", "-buildvcs=false", "-o", str(binary), ".")
    assert built.returncode == 0, built.stderr
    return binary


def write_log(directory: Path, sizes: list[int]) -> list[Path]:
    """A log published at each of `sizes`, its key, and proofs of some entries under the last checkpoint."""
    log = TileLog(directory, SIGNER)
    for size in sizes:
        log.append([b'{"i": %d}' % n for n in range(log.state.size, size)])
        log.publish()
    (directory / "log.vkey").write_text(f"{SIGNER.verifier}\n")
    prover = Prover(directory, (directory / "checkpoint").read_bytes(), SIGNER.verifier)
    proofs = directory.with_name("proofs")
    proofs.mkdir()
    for index in {0, sizes[-1] // 2, sizes[-1] - 1}:
        (proofs / f"{index}.tlog-proof").write_bytes(prover.prove(index).encode())
    return sorted(proofs.iterdir())


def run(verifier: Path, directory: Path, proofs: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [str(verifier), str(directory), str(directory / "log.vkey"), *map(str, proofs)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("sizes", [[1], [2, 255], [256], [100, 257, 700], [65_535, 65_536], [1000, 70_000]])
def test_go_accepts_the_log(verifier: Path, tmp_path: Path, sizes: list[int]) -> None:
    proofs = write_log(tmp_path / "log", sizes)
    ran = run(verifier, tmp_path / "log", proofs)
    assert ran.stdout == f"accepted: {sizes[-1]} entries, {len(proofs)} proofs\n", ran.stderr
    assert ran.returncode == 0


def test_go_refuses_the_log_with_a_byte_changed_in_any_file(verifier: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    proofs = write_log(log, [600])
    files = [*(path for path in log.rglob("*") if path.is_file()), *proofs]
    assert len(files) == 12  # 2 full tiles and bundles and their partial ones, level 1, checkpoint, key, proofs
    for path in files:
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            ran = run(verifier, log, proofs)
            assert ran.returncode == 1, f"byte {at} of {path.relative_to(tmp_path)} was changed unnoticed"
            assert ran.stderr.startswith("refused: ")
        path.write_bytes(whole)
    assert run(verifier, log, proofs).returncode == 0
