"""How an address is written: an e-mail address in small letters, a telephone number as E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from service.errors import Problem
from service.municipalities.directory import Municipality
from service.text import N_

EMAIL, SMS = "email", "sms"
COLUMNS = {EMAIL: "email", SMS: "phone"}
"""Channel → the column of the account that holds what was confirmed."""

SPELLED = re.compile(r"[ \u00a0]*\+?[0-9 \u00a0().\-/\u2010-\u2015]+")
"""A number as people write it."""

MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


class NumberNotValid(Problem):
    """It is no telephone number that short messages reach: no number at all, a fixed line, a premium service."""

    status, code, message = 422, "number_not_valid", N_("Please give the number of a mobile phone.")


def written(municipality: Municipality, channel: str, address: str) -> str:
    """The address as it is kept and compared. Raises NumberNotValid."""
    return e164(address, municipality.country) if channel == SMS else address.strip().lower()


def e164(number: str, country: str) -> str:
    """The number of a mobile phone with its country in front; one without a country is of this one.

    Whatever else stands there (an extension, parameters, words, digits of other scripts) is refused, so that nobody has
    endless spellings of one number. Raises NumberNotValid.
    """
    if not SPELLED.fullmatch(number):
        raise NumberNotValid
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException:
        raise NumberNotValid from None
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in MOBILE:
        raise NumberNotValid
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
