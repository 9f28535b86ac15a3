"""Identifiers of people, companies, property, cases and money: canonical forms, checks and comparison.

A normalising function takes what a person may have typed and returns the one canonical form, or raises
`IdentifierError`. A warning function takes a canonical value and returns codes: doubtful, but no ground to refuse. The
types (`ResidentId`, `PlateNumber` …) put the normalising functions into models. All are pure: `today` is a parameter.
"""

from schemas.identifiers.case import CaseNumber, CaseParts, case_number, case_number_warnings, case_parts
from schemas.identifiers.common import IdentifierError
from schemas.identifiers.company import UnifiedSocialCreditCode, unified_social_credit_code, uscc_warnings
from schemas.identifiers.money import Balance, Money, balance, bank_card_warnings, money
from schemas.identifiers.name import mask, same_name
from schemas.identifiers.real_estate import RealEstateUnitCode, real_estate_unit_code
from schemas.identifiers.resident import (
    ResidentId,
    resident_id,
    resident_id_forms,
    resident_id_from_legacy,
    resident_id_warnings,
)
from schemas.identifiers.vehicle import PlateNumber, Vin, plate_number, plate_warnings, vin, vin_warnings

__all__ = [
    "Balance",
    "CaseNumber",
    "CaseParts",
    "IdentifierError",
    "Money",
    "PlateNumber",
    "RealEstateUnitCode",
    "ResidentId",
    "UnifiedSocialCreditCode",
    "Vin",
    "balance",
    "bank_card_warnings",
    "case_number",
    "case_number_warnings",
    "case_parts",
    "mask",
    "money",
    "plate_number",
    "plate_warnings",
    "real_estate_unit_code",
    "resident_id",
    "resident_id_forms",
    "resident_id_from_legacy",
    "resident_id_warnings",
    "same_name",
    "unified_social_credit_code",
    "uscc_warnings",
    "vin",
    "vin_warnings",
]
