"""With any one byte of any file of a bundle changed, verifying fails and names that file; and no input makes it raise."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.evidence.archive import pack, unpack
from hub.evidence.report import Report
from hub.evidence.verify import verify_bundle
from hub.trust.notes import NoteVerifier
from tests.evidence import LoggedHub

CHOICE, CHANGE = st.integers(0, 2**31), st.integers(1, 255)
"""One of as many as there are, by the remainder: how many that is differs from run to run. What a byte is XORed with."""
Real = tuple[bytes, dict[str, bytes], NoteVerifier]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A bundle of an inquiry that was answered and left unanswered, its files, and its log's key."""
    hub = LoggedHub(tmp_path_factory.mktemp("hub"))
    bundle = hub.export(hub.concluded())
    yield bundle, unpack(bundle), hub.log_key
    hub.close()


def flipped(content: bytes, at: int, change: int) -> bytes:
    return content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]


def culprits(report: Report) -> set[str]:
    """The files that the report names; a report without any passes nothing."""
    assert not report.ok
    return {finding.file for finding in report.findings}


def test_every_byte_of_a_files_header_belongs_to_that_file(real: Real) -> None:
    bundle, files, log = real
    for start, name in ((0, "entries/001.json"), (bundle.index(b"PK\x03\x04", 1), "entries/002.json")):
        for at in range(start, start + 30 + len(name)):
            assert name in culprits(verify_bundle(flipped(bundle, at, 0x10), log)), at
    second = bundle.index(b"PK\x01\x02", bundle.index(b"PK\x01\x02") + 1)
    for at in range(second, bundle.index(b"PK\x01\x02", second + 1)):
        assert "entries/002.json" in culprits(verify_bundle(flipped(bundle, at, 0x10), log)), at
    assert sorted(files)[:2] == ["entries/001.json", "entries/002.json"]


def test_every_file_with_a_byte_changed_is_named(real: Real) -> None:
    bundle, files, log = real
    assert verify_bundle(bundle, log).ok
    assert len(files) == 53
    start = 0
    for name, content in files.items():
        start += 30 + len(name)  # a local header
        assert bundle[start : start + len(content)] == content
        for at in {0, len(content) // 3, len(content) // 2, len(content) - 1}:
            for change in (0x01, 0x20, 0x80):
                packed = pack(files | {name: flipped(content, at, change)})
                assert name in culprits(verify_bundle(packed, log)), (name, at, change)
                assert culprits(verify_bundle(flipped(bundle, start + at, change), log)) == {name}
        start += len(content)


@given(CHOICE, CHOICE, CHANGE)
def test_any_byte_of_any_file_packed_again(real: Real, which: int, at: int, change: int) -> None:
    _, files, log = real
    name = sorted(files)[which % len(files)]
    changed = files | {name: flipped(files[name], at % len(files[name]), change)}
    found = culprits(verify_bundle(pack(changed), log))
    assert name in found
    assert found <= {name, "manifest.json", "manifest.jws", "keys.jwks.json"}  # these three vouch for each other


@given(CHOICE, CHANGE)
def test_any_byte_of_the_archive(real: Real, at: int, change: int) -> None:
    bundle, files, log = real
    changed = flipped(bundle, at % len(bundle), change)
    assert culprits(verify_bundle(changed, log)) & (files.keys() | {"archive"})


@given(CHOICE, st.binary(min_size=1))
def test_a_cut_or_longer_archive(real: Real, at: int, more: bytes) -> None:
    bundle, _, log = real
    assert culprits(verify_bundle(bundle[: at % len(bundle)], log))
    assert culprits(verify_bundle(bundle + more, log)) == {"archive"}


@given(st.binary(max_size=500))
def test_random_bytes_are_refused_and_never_raise(data: bytes) -> None:
    assert culprits(verify_bundle(data)) == {"archive"}


@given(CHOICE, st.one_of(
    st.binary(max_size=200), st.sampled_from([b"{" * 100_000, b"[" * 100_000, b"null", b"{}", b"1e999", b"\xff\xfe"])
))  # fmt: skip
def test_random_content_in_any_file_never_raises(real: Real, which: int, content: bytes) -> None:
    _, files, log = real
    name = sorted(files)[which % len(files)]
    assert name in culprits(verify_bundle(pack(files | {name: content}), log))


@given(st.dictionaries(st.from_regex(r"\A[a-z0-9]([a-z0-9_-]|[./][a-z0-9_-]){0,20}\Z"), st.binary(max_size=300), min_size=1, max_size=8))
def test_an_archive_reads_as_it_was_written_and_so_do_other_tools(files: dict[str, bytes]) -> None:
    data = pack(files)
    assert unpack(data) == files
    with zipfile.ZipFile(BytesIO(data)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files
        assert other.namelist() == sorted(files)


def test_other_spellings_of_the_same_files_are_refused(real: Real) -> None:
    _, files, log = real
    for method, names in ((zipfile.ZIP_DEFLATED, sorted(files)), (zipfile.ZIP_STORED, sorted(files, reverse=True))):
        written = BytesIO()
        with zipfile.ZipFile(written, "w", method) as other:
            for name in names:
                other.writestr(name, files[name])
        report = verify_bundle(written.getvalue(), log)
        assert [check.name for check in report.checks if check.ok is False] == ["archive"]


def test_a_file_of_another_bundle_missing_or_extra_is_named(real: Real, tmp_path: Path) -> None:
    _, files, log = real
    for name in files:
        assert name in culprits(verify_bundle(pack({other: files[other] for other in files if other != name}), log))
    assert culprits(verify_bundle(pack(files | {"messages/099.json": b"{}"}), log)) == {"messages/099.json"}
    hub = LoggedHub(tmp_path)
    other = unpack(hub.export(hub.concluded()))
    hub.close()
    for name in files:
        if files[name] != other[name]:
            assert name in culprits(verify_bundle(pack(files | {name: other[name]}), log))
