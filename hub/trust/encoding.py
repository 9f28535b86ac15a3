"""Base64 with exactly one accepted spelling per value (RFC 4648, sections 3.5, 4 and 5).

A lenient decoder gives one signature many spellings, so that a changed byte could go unnoticed. These decoders
raise `ValueError` for whatever their encoder would not have written: missing or surplus padding, set trailing bits,
characters of the other alphabet, blanks.
"""

import base64


def b64_encode(data: bytes) -> str:
    """Standard alphabet with padding, as all C2SP formats use."""
    return base64.b64encode(data).decode("ascii")


def b64_decode(text: str) -> bytes:
    """Inverse of `b64_encode`; `ValueError` for any other spelling."""
    data = base64.b64decode(text, validate=True)
    if b64_encode(data) != text:
        raise ValueError("not canonical base64")
    return data


def b64url_encode(data: bytes) -> str:
    """URL-safe alphabet without padding, as all JOSE formats use (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Inverse of `b64url_encode`; `ValueError` for any other spelling."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url_encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
