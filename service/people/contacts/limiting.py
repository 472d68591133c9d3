"""How often codes are sent: to one address, by one account, from one place, and for money."""

from hashlib import blake2b

from flask import g, request

from service.http import View
from service.people.contacts.addresses import EMAIL, SMS, NumberNotValid, written
from service.people.contacts.schemas import LONGEST
from service.people.limits import Limit, address, behind, municipality, who

CODES_BY_CALLER_AND_CONTACT = "1 per minute"
CODES_BY_CALLER = "10 per hour; 20 per day"
CODES_BY_CONTACT = "5 per hour; 10 per day"
CODES_BY_ADDRESS = "60 per hour; 200 per day"
SMS_BY_MUNICIPALITY = "300 per hour; 2000 per day"


def contact_in_body() -> str:
    """The address that a code is to be sent to, as it is kept: however it is spelled, it is one."""
    body = request.get_json(silent=True)
    said = str(body.get("address"))[:LONGEST] if isinstance(body, dict) else ""
    try:
        to = written(g.municipality, SMS if is_sms() else EMAIL, said)
    except NumberNotValid:
        to = said
    return f"contact:{g.municipality.slug}:{blake2b(to.encode(errors='replace'), digest_size=16).hexdigest()}"


def who_writes_where() -> str:
    """Who asks for a code, and to which address."""
    return f"{who()}:{contact_in_body()}"


def is_sms() -> bool:
    """Whether the code that is asked for costs money."""
    body = request.get_json(silent=True)
    return isinstance(body, dict) and body.get("channel") == SMS


def is_no_sms() -> bool:
    """Whether it costs nothing."""
    return not is_sms()


def sending_code_limit(view: View) -> View:
    """The limits of having codes sent: by who asks and where from, by the address that is written to, whoever asks, and
    for short messages, which cost money, by the municipality.
    """
    return behind(
        behind(view, Limit(SMS_BY_MUNICIPALITY, municipality), unless=is_no_sms),
        Limit(CODES_BY_CALLER_AND_CONTACT, who_writes_where),
        Limit(CODES_BY_CALLER, who),
        Limit(CODES_BY_CONTACT, contact_in_body),
        Limit(CODES_BY_ADDRESS, address),
    )
