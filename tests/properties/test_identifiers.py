"""What the standards promise of their check characters, over generated identifiers."""

import re
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas import identifiers
from schemas.identifiers import IdentifierError
from tests import strategies


@given(strategies.resident_ids())
def test_resident_ids_are_canonical(number: str) -> None:
    assert identifiers.resident_id(f" {number.lower()} ") == number


@given(strategies.resident_ids(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_iso_7064_mod_11_2_detects_every_single_error(number: str, at: int, other: str) -> None:
    assume(number[at] != other)
    with pytest.raises(IdentifierError):
        identifiers.resident_id(number[:at] + other + number[at + 1 :])


@given(strategies.resident_ids(), st.integers(0, 16))
def test_iso_7064_mod_11_2_detects_every_adjacent_transposition(number: str, at: int) -> None:
    assume(number[at] != number[at + 1])
    with pytest.raises(IdentifierError):
        identifiers.resident_id(_transposed(number, at))


@given(strategies.resident_ids(born=st.dates(date(1900, 1, 1), date(1999, 12, 31))))
def test_15_and_18_digits_round_trip(number: str) -> None:
    full, legacy = identifiers.resident_id_forms(number)
    assert full == number
    assert identifiers.resident_id_from_legacy(legacy) == number


@given(strategies.resident_ids(born=st.dates(date(2000, 1, 1), date(2025, 12, 31))))
def test_those_born_since_2000_have_no_15_digit_form(number: str) -> None:
    assert identifiers.resident_id_forms(number) == (number,)


@given(strategies.resident_ids(), st.dates(date(1900, 1, 1), date(2025, 12, 31)))
def test_nobody_is_born_after_today(number: str, today: date) -> None:
    born = date.fromisoformat(number[6:14])
    if born <= today:
        assert identifiers.resident_id(number, today) == number
    else:
        with pytest.raises(IdentifierError) as caught:
            identifiers.resident_id(number, today)
        assert caught.value.code == "resident-id-date"


@given(strategies.usccs())
@example("91110000600037341L")
def test_usccs_are_canonical(code: str) -> None:
    assert identifiers.unified_social_credit_code(f"{code.lower()} ") == code


@given(strategies.usccs(), st.integers(0, 17), st.sampled_from(strategies.USCC_ALPHABET))
def test_gb_32100_detects_every_single_error(code: str, at: int, other: str) -> None:
    assume(code[at] != other)
    with pytest.raises(IdentifierError):
        identifiers.unified_social_credit_code(code[:at] + other + code[at + 1 :])


@given(strategies.usccs(), st.integers(0, 16))
def test_gb_32100_detects_every_adjacent_transposition(code: str, at: int) -> None:
    assume(code[at] != code[at + 1])
    with pytest.raises(IdentifierError):
        identifiers.unified_social_credit_code(_transposed(code, at))


@given(strategies.vins())
def test_vins_are_canonical_and_free_of_doubt(number: str) -> None:
    assert identifiers.vin(f" {number.lower()}") == number
    assert identifiers.vin_warnings(number) == []


@given(strategies.vins(), st.data())
def test_gb_16735_warns_of_every_single_digit_error(number: str, data: st.DataObject) -> None:
    digits = [place for place, character in enumerate(number) if character.isdigit()]
    assume(digits)  # next to always: a number may be all letters, with an X to check them
    at = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from(strategies.DIGITS.replace(number[at], "")))
    assert identifiers.vin_warnings(number[:at] + other + number[at + 1 :]) == ["vin-check"]


@given(st.text("0123456789", min_size=11, max_size=18).map(lambda body: body + _luhn(body)), st.data())
def test_luhn_warns_of_every_single_error_and_of_transpositions_but_09_90(card: str, data: st.DataObject) -> None:
    assert identifiers.bank_card_warnings(card) == []
    at = data.draw(st.integers(0, len(card) - 2))
    other = data.draw(st.sampled_from(strategies.DIGITS.replace(card[at], "")))
    assert identifiers.bank_card_warnings(card[:at] + other + card[at + 1 :]) == ["bank-card-check"]
    seen = card[at] == card[at + 1] or {card[at], card[at + 1]} == {"0", "9"}
    assert identifiers.bank_card_warnings(_transposed(card, at)) == ([] if seen else ["bank-card-check"])


@given(strategies.plates(), st.sampled_from(("", "·", " ", "•")))
def test_plates_are_canonical_without_their_separator(plate: str, separator: str) -> None:
    assert identifiers.plate_number(plate[:2].lower() + separator + plate[2:].lower()) == plate


@given(strategies.plates(), st.integers(1, 6), st.sampled_from("IO"))
def test_plates_never_hold_i_or_o(plate: str, at: int, letter: str) -> None:
    with pytest.raises(IdentifierError):
        identifiers.plate_number(plate[:at] + letter + plate[at + 1 :])


@given(strategies.unit_codes())
def test_unit_codes_are_canonical(code: str) -> None:
    assert identifiers.real_estate_unit_code(f"{code[:12]} {code[12:19]} {code[19:]}".lower()) == code


@given(strategies.unit_codes())
def test_fixture_w_and_unit_zero_go_together(code: str) -> None:
    flipped = f"{code[:19]}F{code[20:]}" if code[19] == "W" else f"{code[:19]}W{code[20:]}"
    with pytest.raises(IdentifierError) as caught:
        identifiers.real_estate_unit_code(flipped)
    assert caught.value.code == "unit-code-fixture"


@given(strategies.case_numbers(), st.sampled_from(("()", "〔〕", "[]", "（）")))
def test_case_numbers_are_canonical_and_their_parts_make_the_whole(number: str, brackets: str) -> None:
    typed = number.replace("（", f" {brackets[0]}").replace("）", f"{brackets[1]} ")
    assert identifiers.case_number(typed) == number
    parts = identifiers.case_parts(number)
    assert f"（{parts.year}）{parts.court}{parts.case_type}{parts.number}号{parts.suffix}" == number


@given(st.decimals("0.01", "999999999999999.99", places=2))
def test_money_keeps_its_value_to_the_cent(amount: object) -> None:
    assert identifiers.money(str(amount)) == str(amount)
    assert identifiers.balance(f"-{amount}") == f"-{amount}"


ANY_VALID = st.one_of(
    *(
        st.tuples(st.just(TypeAdapter[str](kind)), values)
        for kind, values in (
            (identifiers.ResidentId, strategies.resident_ids()),
            (identifiers.UnifiedSocialCreditCode, strategies.usccs()),
            (identifiers.Vin, strategies.vins()),
            (identifiers.PlateNumber, strategies.plates()),
            (identifiers.RealEstateUnitCode, strategies.unit_codes()),
            (identifiers.CaseNumber, strategies.case_numbers()),
        )
    )
)


@given(ANY_VALID)
def test_the_published_pattern_takes_every_canonical_form(typed: tuple[TypeAdapter[str], str]) -> None:
    adapter, value = typed
    assert adapter.validate_python(value) == value
    assert re.search(adapter.json_schema()["pattern"], value)


@given(ANY_VALID, st.data())
def test_full_width_digits_never_slip_through(typed: tuple[TypeAdapter[str], str], data: st.DataObject) -> None:
    adapter, value = typed
    places = [i for i, character in enumerate(value) if character in strategies.DIGITS]
    assume(places)
    at = data.draw(st.sampled_from(places))
    wide = value[:at] + chr(ord(value[at]) + 0xFEE0) + value[at + 1 :]
    with pytest.raises(ValueError):  # noqa: PT011  pydantic's own ValidationError; its words are pydantic's
        adapter.validate_python(wide)


@given(st.text(max_size=30))
def test_no_error_repeats_what_was_given(value: str) -> None:
    for normalise in (identifiers.resident_id, identifiers.unified_social_credit_code, identifiers.vin):
        with pytest.raises(IdentifierError) as caught:
            normalise(value + "#4711#")
        assert "#4711#" not in str(caught.value) + caught.value.code


@given(st.text(min_size=1, max_size=12))
def test_a_name_is_itself_and_outer_space_does_not_count(name: str) -> None:
    assert identifiers.same_name(name, f" {name} ") == (identifiers.same_name(name, name))


@given(st.one_of(strategies.resident_ids(), strategies.usccs(), strategies.plates(), strategies.unit_codes()))
def test_masks_hide_most_of_every_number(value: str) -> None:
    masked = identifiers.mask(value)
    assert "*" in masked
    assert sum(a == b for a, b in zip(masked, value, strict=False)) <= 5


def _transposed(value: str, at: int) -> str:
    return value[:at] + value[at + 1] + value[at] + value[at + 2 :]


def _luhn(body: str) -> str:
    """The Luhn digit of `body`, by the table form of ISO/IEC 7812."""
    doubled = "0246813579"
    total = sum(int(doubled[int(d)]) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(body)))
    return str(-total % 10)
