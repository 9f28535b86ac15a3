"""Amounts in yuan as decimal strings, never binary fractions, and bank card numbers (ISO/IEC 7812)."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from schemas.identifiers.common import IdentifierError, published, shaped

_AMOUNT = r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,2})?"
_AMOUNT_SHAPE = re.compile(_AMOUNT, re.ASCII)
_BALANCE_SHAPE = re.compile(f"-?{_AMOUNT}", re.ASCII)
_MESSAGE = "an amount is a decimal string without leading zeros or separators, with at most 2 places"


def money(value: str) -> str:
    """A positive amount with two decimal places (V14; a freeze must name its amount, 法发〔2019〕35号).

    Raises:
        IdentifierError: `money-shape` or `money-zero`.
    """
    text = shaped(_AMOUNT_SHAPE, value.strip(), "money-shape", _MESSAGE).group()
    if not Decimal(text):
        raise IdentifierError("money-zero", "an amount must be greater than zero")
    return f"{Decimal(text):.2f}"


def balance(value: str) -> str:
    """What an account or a measure holds, with two decimal places: zero, or negative when overdrawn, is possible.

    Raises:
        IdentifierError: `money-shape`.
    """
    amount = Decimal(shaped(_BALANCE_SHAPE, value.strip(), "money-shape", _MESSAGE).group())
    return f"{amount or Decimal(0):.2f}"


def bank_card_warnings(value: str) -> list[str]:
    """`bank-card-check` where the Luhn digit is wrong (V13; ISO/IEC 7812).

    A warning only: passbooks and company accounts have numbers of another kind.
    """
    digits = value.replace(" ", "")
    if not re.fullmatch(r"[0-9]+", digits, re.ASCII):
        return ["bank-card-check"]
    odd, even = digits[-1::-2], digits[-2::-2]
    total = sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)
    return [] if total % 10 == 0 else ["bank-card-check"]


Money = Annotated[str, AfterValidator(money), published(_AMOUNT, "金额 amount in yuan, greater than zero")]
Balance = Annotated[str, AfterValidator(balance), published(f"-?{_AMOUNT}", "余额 balance in yuan")]
