"""Hypothesis strategies for identifiers that pass their checks and can belong to nobody (division 99xxxx).

Check characters are computed here by the recursive form of the standards, not by the code under test.
"""

from datetime import date

from hypothesis import strategies as st

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", "123456781234579234567890123456789", strict=True))


def text(alphabet: str, size: int) -> st.SearchStrategy[str]:
    """Exactly `size` characters of `alphabet`."""
    return st.text(st.sampled_from(alphabet), min_size=size, max_size=size)


def with_resident_check(body: str) -> str:
    """`body` (17 digits) and its check character, ISO 7064 MOD 11-2."""
    product = 0
    for digit in body:
        product = (product + int(digit)) * 2 % 11
    return body + "0123456789X"[(12 - product) % 11]


@st.composite
def resident_ids(draw: st.DrawFn, born: st.SearchStrategy[date] | None = None) -> str:
    """18-character resident identity numbers with a real birth date, by default from 1900 to 2025."""
    day = draw(born if born is not None else st.dates(date(1900, 1, 1), date(2025, 12, 31)))
    return with_resident_check(f"99{draw(text(DIGITS, 4))}{day:%Y%m%d}{draw(text(DIGITS, 3))}")


@st.composite
def usccs(draw: st.DrawFn) -> str:
    """Unified social credit codes, GB 32100-2015; the organisation code inside may be doubtful."""
    body = draw(st.sampled_from(("91", "92", "52"))) + "99" + draw(text(DIGITS, 4)) + draw(text(USCC_ALPHABET, 9))
    total = 0
    for character in reversed(body):
        total = (total * 3 + USCC_ALPHABET.index(character)) % 31
    return body + USCC_ALPHABET[-total % 31]


@st.composite
def vins(draw: st.DrawFn) -> str:
    """VINs with their check digit, GB 16735."""
    body = draw(text("".join(VIN_VALUES), 16))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(int(VIN_VALUES[character]) * weight for character, weight in zip(body, weights, strict=True))
    return body[:8] + "0123456789X"[total % 11] + body[8:]


def plates() -> st.SearchStrategy[str]:
    """Ordinary and new-energy plates, GA 36."""
    office = st.tuples(st.sampled_from(PROVINCES), st.sampled_from(LETTERS)).map("".join)
    number = st.one_of(
        st.tuples(text(LETTERS + DIGITS, 4), st.sampled_from(LETTERS + DIGITS + "挂学警港澳")).map("".join),
        st.tuples(st.sampled_from("ABCDEFGHJK"), text(LETTERS + DIGITS, 1), text(DIGITS, 4)).map("".join),
        st.tuples(text(DIGITS, 5), st.sampled_from("ABCDEFGHJK")).map("".join),
    )
    return st.tuples(office, number).map("".join)


@st.composite
def unit_codes(draw: st.DrawFn) -> str:
    """Real-estate unit codes of county 990100, GB/T 37346-2019."""
    owner = draw(st.sampled_from("GJZ"))
    feature = draw(st.sampled_from("ABSXCDEFGHWY" if owner == "J" else "BSXCDEFGHWY"))
    fixture = draw(st.sampled_from("FLQW"))
    unit = "00000000" if fixture == "W" else f"{draw(st.integers(1, 99_999_999)):08d}"
    return f"990100{draw(text(DIGITS, 6))}{owner}{feature}{draw(text(DIGITS, 5))}{fixture}{unit}"


@st.composite
def case_numbers(draw: st.DrawFn) -> str:
    """Canonical case numbers, 法〔2015〕137号."""
    court = draw(st.one_of(st.just("最高法"), st.tuples(st.sampled_from(PROVINCES), text(DIGITS, 4)).map("".join)))
    kind = draw(st.sampled_from(("执", "执恢", "执保", "执异", "执复", "执监", "财保")))
    suffix = draw(st.sampled_from(("", "之一", "之十二")))
    return f"（{draw(st.integers(2016, 2099))}）{court}{kind}{draw(st.integers(1, 99_999_999))}号{suffix}"
