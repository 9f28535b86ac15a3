"""The proofs of an evidence bundle, checked by Go's transparency-log libraries."""

from pathlib import Path

from hub.evidence.archive import unpack
from hub.trust.proofs import LogProof
from tests.conformance_log.test_go_verifier import run, verifier  # noqa: F401 - pytest finds the fixture by its name here
from tests.evidence import LoggedHub


def test_go_accepts_the_proofs_of_a_bundle(verifier: Path, tmp_path: Path) -> None:  # noqa: F811 - that fixture
    hub = LoggedHub(tmp_path / "hub")
    files = unpack(hub.export(hub.concluded()))
    hub.close()
    (tmp_path / "proofs").mkdir()
    for name, content in files.items():
        if name.startswith("proofs/"):
            (tmp_path / "proofs" / f"{LogProof.decode(content).index}.tlog-proof").write_bytes(content)
    proofs = sorted((tmp_path / "proofs").iterdir())
    ran = run(verifier, hub.log_directory, proofs)
    assert ran.stdout == f"accepted: 18 entries, {len(proofs)} proofs\n", ran.stderr
    assert len(proofs) == 10  # six decisions, four keys
