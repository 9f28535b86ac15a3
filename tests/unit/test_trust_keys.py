"""Key files and JWKs."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.trust import keys
from hub.trust.encoding import b64url_decode
from hub.trust.errors import KeyFileError

# The key pair of RFC 8037, appendix A.1, and its thumbprint of appendix A.3.
RFC_8037_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC_8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def write_private(path: Path, jwk: object) -> Path:
    path.write_text(json.dumps(jwk))
    path.chmod(0o600)
    return path


def test_the_vectors_of_rfc_8037() -> None:
    pair = keys.KeyPair("a", Ed25519PrivateKey.from_private_bytes(b64url_decode(RFC_8037_D)))
    assert pair.public_jwk() == {"kty": "OKP", "crv": "Ed25519", "x": RFC_8037_X, "kid": "a", "alg": "Ed25519"}
    assert keys.thumbprint(pair.public) == RFC_8037_THUMBPRINT


def test_a_saved_key_loads_as_the_same_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    pair = keys.generate("court-9901#2026")
    path = tmp_path / "key.jwk"
    keys.save(pair, path)
    loaded = keys.load(path)
    assert loaded.kid == pair.kid
    assert loaded.private.private_bytes_raw() == pair.private.private_bytes_raw()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    keys.save(keys.generate("first"), path)
    with pytest.raises(KeyFileError) as caught:
        keys.save(keys.generate("second"), path)
    assert caught.value.code == "key-exists"
    assert keys.load(path).kid == "first"


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.jwk"
    keys.save(keys.generate("a"), path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError) as caught:
        keys.load(path)
    assert caught.value.code == "key-permissions"


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"absent\.jwk") as caught:
        keys.load(tmp_path / "absent.jwk")
    assert caught.value.code == "key-unreadable"


GOOD = {"kty": "OKP", "crv": "Ed25519", "x": RFC_8037_X, "d": RFC_8037_D, "kid": "a", "alg": "Ed25519"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"d": RFC_8037_X}, "key-malformed"),  # a private half of another key
        ({"d": RFC_8037_D + "="}, "key-malformed"),
        ({"d": RFC_8037_D[:-2]}, "key-malformed"),
        ({"x": 7}, "key-malformed"),
        ({"kid": "two words"}, "key-kid"),
        ({"kid": ""}, "key-kid"),
        ({"kid": "k" * 129}, "key-kid"),
        ({"kty": "EC"}, "key-algorithm"),
        ({"crv": "X25519"}, "key-algorithm"),
        ({"alg": "EdDSA"}, "key-algorithm"),
    ],
)
def test_a_wrong_private_jwk_is_refused_without_showing_it(
    tmp_path: Path, change: dict[str, object], code: str
) -> None:
    path = write_private(tmp_path / "key.jwk", {**GOOD, **change})
    with pytest.raises(KeyFileError) as caught:
        keys.load(path)
    assert caught.value.code == code
    assert RFC_8037_D[:40] not in str(caught.value)


@pytest.mark.parametrize("content", ["not json", "[]", '{"kty": "OKP"}'])
def test_a_file_that_is_no_private_jwk_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.jwk"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        keys.load(path)
    assert caught.value.code == "key-malformed"


def test_a_private_key_published_by_mistake_is_refused() -> None:
    with pytest.raises(KeyFileError) as caught:
        keys.public_key(GOOD)
    assert caught.value.code == "key-private"


def test_a_key_pair_does_not_show_its_private_half() -> None:
    assert "rivate" not in repr(keys.generate("a"))
