"""Known identifiers, good and bad, by rule."""

from collections.abc import Callable
from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas import identifiers
from schemas.identifiers import IdentifierError

Normalise = Callable[[str], str]


@pytest.mark.parametrize(
    ("normalise", "typed", "canonical"),
    [
        (identifiers.resident_id, "11010519491231002X", "11010519491231002X"),
        (identifiers.resident_id, "11010519491231002x", "11010519491231002X"),
        (identifiers.resident_id_from_legacy, "110105491231002", "11010519491231002X"),
        (identifiers.unified_social_credit_code, "91110000600037341L", "91110000600037341L"),
        (identifiers.unified_social_credit_code, "91110108551385082Q", "91110108551385082Q"),
        (identifiers.unified_social_credit_code, "91350100m000100y43", "91350100M000100Y43"),
        (identifiers.plate_number, "粤B·12345", "粤B12345"),
        (identifiers.plate_number, "川A0001警", "川A0001警"),
        (identifiers.plate_number, "粤ZA123港", "粤ZA123港"),
        (identifiers.plate_number, "京AD12345", "京AD12345"),
        (identifiers.plate_number, "京A12345D", "京A12345D"),
        (identifiers.vin, "1m8gdm9axkp042788", "1M8GDM9AXKP042788"),
        (identifiers.real_estate_unit_code, "340111306008GB00014F00310202", "340111306008GB00014F00310202"),
        (identifiers.real_estate_unit_code, "340111306008JA00014W00000000", "340111306008JA00014W00000000"),
        (identifiers.case_number, "（2026）沪0115执123号", "（2026）沪0115执123号"),
        (identifiers.case_number, "(2025)吉7102执恢18号", "（2025）吉7102执恢18号"),
        (identifiers.case_number, "〔2016〕最高法 执监 5 号之一", "（2016）最高法执监5号之一"),
        (identifiers.money, "50000", "50000.00"),
        (identifiers.money, "0.1", "0.10"),
        (identifiers.balance, "-5988085.63", "-5988085.63"),
        (identifiers.balance, "-0", "0.00"),
    ],
)
def test_canonical_form(normalise: Normalise, typed: str, canonical: str) -> None:
    assert normalise(typed) == canonical


@pytest.mark.parametrize(
    ("normalise", "value", "code"),
    [
        (identifiers.resident_id, "110105194912310021", "resident-id-check"),
        (identifiers.resident_id, "11010519490231002X", "resident-id-date"),
        (identifiers.resident_id, "990100187912310010", "resident-id-date"),
        (identifiers.resident_id, "110105491231002", "resident-id-shape"),
        (identifiers.resident_id, "1101051949123100２X", "resident-id-shape"),
        (identifiers.resident_id, "11010519491231002X\n1", "resident-id-shape"),
        (identifiers.resident_id_from_legacy, "110105490231002", "resident-id-date"),
        (identifiers.resident_id_from_legacy, "11010519491231002X", "resident-id-shape"),
        (identifiers.unified_social_credit_code, "91110000600037341M", "uscc-check"),
        (identifiers.unified_social_credit_code, "9111000060003734IL", "uscc-shape"),
        (identifiers.unified_social_credit_code, "91A10000600037341L", "uscc-shape"),
        (identifiers.plate_number, "京AI2345", "plate-shape"),
        (identifiers.plate_number, "京AI12345", "plate-shape"),
        (identifiers.plate_number, "台A12345", "plate-shape"),
        (identifiers.plate_number, "粤Bſ2345", "plate-shape"),
        (identifiers.vin, "1M8GDM9AXKP04278O", "vin-shape"),
        (identifiers.real_estate_unit_code, "340111306008GB00014W00000001", "unit-code-fixture"),
        (identifiers.real_estate_unit_code, "340111306008GB00014F00000000", "unit-code-fixture"),
        (identifiers.real_estate_unit_code, "340111306008GA00014W00000000", "unit-code-parcel"),
        (identifiers.real_estate_unit_code, "340111306008GB00014F0031020", "unit-code-shape"),
        (identifiers.case_number, "（2026）沪115执123号", "case-number-shape"),
        (identifiers.case_number, "（2026）沪0115执0123号", "case-number-shape"),
        (identifiers.case_number, "（２０２６）沪0115执123号", "case-number-shape"),
        (identifiers.case_number, "（2015）沪0115执123号", "case-number-year"),
        (identifiers.money, "0.00", "money-zero"),
        (identifiers.money, "-1", "money-shape"),
        (identifiers.money, "1.005", "money-shape"),
        (identifiers.money, "1,000", "money-shape"),
        (identifiers.money, "1e3", "money-shape"),
        (identifiers.money, "NaN", "money-shape"),
        (identifiers.balance, "01", "money-shape"),
    ],
)
def test_refusal(normalise: Normalise, value: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        normalise(value)
    assert caught.value.code == code


def test_a_birth_date_may_be_today_but_not_later() -> None:
    number = "990100202501010013"
    assert identifiers.resident_id(number, date(2025, 1, 1)) == number
    with pytest.raises(IdentifierError):
        identifiers.resident_id(number, date(2024, 12, 31))


@pytest.mark.parametrize(
    ("warnings", "expected"),
    [
        (identifiers.resident_id_warnings("110105491231002"), ["resident-id-legacy"]),
        (identifiers.resident_id_warnings("11010519491231002X", "female"), []),
        (identifiers.resident_id_warnings("11010519491231002X", "male"), ["resident-id-sex"]),
        (identifiers.uscc_warnings("91110000600037341L"), []),
        (identifiers.uscc_warnings("91350100M000100Y43"), []),
        (identifiers.plate_warnings("粤B12345", "02"), []),
        (identifiers.plate_warnings("粤B12345", "52"), ["plate-class"]),
        (identifiers.plate_warnings("京AD12345", "52"), []),
        (identifiers.plate_warnings("京AD12345", "51"), ["plate-class"]),
        (identifiers.plate_warnings("川A0001警", "02"), ["plate-class"]),
        (identifiers.plate_warnings("川A0001警", "23"), []),
        (identifiers.plate_warnings("川A0001挂", "15"), []),
        (identifiers.plate_warnings("粤B12345", "99"), []),
        (identifiers.vin_warnings("1M8GDM9AXKP042788"), []),
        (identifiers.vin_warnings("1M8GDM9A0KP042788"), ["vin-check"]),
        (identifiers.bank_card_warnings("79927398713"), []),
        (identifiers.bank_card_warnings("7992 7398 714"), ["bank-card-check"]),
        (identifiers.bank_card_warnings("99-01"), ["bank-card-check"]),
        (identifiers.case_number_warnings("（2026）沪0115执恢3号"), []),
        (identifiers.case_number_warnings("（2026）沪0115民初3号"), ["case-type"]),
    ],
)
def test_warnings(warnings: list[str], expected: list[str]) -> None:
    assert warnings == expected


def test_an_organisation_code_with_a_wrong_check_warns_though_the_credit_code_holds() -> None:
    assert identifiers.uscc_warnings("91990000MA0000023K") == []
    with_other_check = "91990000MA0000012F"  # organisation check 2 for 1, and the outer check made right again
    assert identifiers.uscc_warnings(with_other_check) == ["uscc-organisation-code"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("赵明远", " 赵明远 ", True),
        ("艾力·买买提", "艾力•买买提", True),
        ("艾力‧买买提", "艾力・买买提", True),
        ("远航贸易(示例)有限公司", "远航贸易（示例）有限公司", True),
        ("王志强", "王志刚", False),
        ("王志强", "王 志强", False),
        ("", "", False),
        (" ", "　", False),
    ],
)
def test_same_name(one: str, other: str, same: bool) -> None:
    assert identifiers.same_name(one, other) is same
    assert identifiers.same_name(other, one) is same


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("赵明远", "赵**"),
        ("990100197805120015", "990*************15"),
        ("粤B12345", "粤B****5"),
        ("A1", "***"),
        ("", "**"),
    ],
)
def test_mask(value: str, masked: str) -> None:
    assert identifiers.mask(value) == masked


def test_a_model_gets_the_canonical_form_and_a_coded_error() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(identifiers.ResidentId)
    assert adapter.validate_python("99010019850923002x") == "99010019850923002X"
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python("990100198509230020")
    error = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, IdentifierError)
    assert error.code == "resident-id-check"
