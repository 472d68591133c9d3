"""Notices of the office in any state."""

from typing import Any

from service.db import transaction
from service.municipalities.directory import Municipality
from service.notices.office.audience import Area
from service.notices.office.composing import write
from service.notices.office.fan_out import begin
from service.notices.office.models import Notice
from service.people.callers import Caller, find_caller
from tests.factories.people import Person

TEXTS = {
    "el": {"title": "Διακοπή νερού", "body": "Έως τις 14:00 στο κέντρο."},
    "en": {"title": "Water is off", "body": "Until 14:00 in the centre."},
}
EVERYBODY: dict[str, Any] = {"topics": [], "districts": [], "polygon": None, "languages": [], "platforms": []}
WRITTEN = {
    **{"texts": TEXTS, "emergency": False, "subject": None, "audience": EVERYBODY, "lasts_hours": 24},
    "send_at": None,
}


def caller(municipality: Municipality, who: Person) -> Caller:
    """As whom this person calls."""
    found = find_caller(municipality.id, who.token)
    assert found is not None
    return found


def make_notice(municipality: Municipality, who: Person, state: str = "draft") -> Notice:
    """A notice to everybody; one that is sent is owed and not expanded."""
    with transaction():
        notice = write(municipality, caller(municipality, who), WRITTEN, Area())
        if state in ("sent", "sending"):
            begin(notice)
        notice.state = state
        return notice
