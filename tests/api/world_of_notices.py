"""What calls about the office's notices need: notices in the state that the call is about, and a phone of one's own."""

from collections.abc import Callable
from typing import Any, Protocol

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.notices.office.composing import link_preview
from service.notices.office.models import Notice
from service.notices.preferences.schemas import WebPushIn
from service.notices.preferences.unsubscribing import address_of
from service.outbox.expanding import expand
from service.worker import EVENTS
from tests.factories.notices import TEXTS, make_notice
from tests.factories.people import Person, give_address, make_resident

STATES = {
    **dict.fromkeys(("approveNotice", "refuseNotice"), "waiting"),
    **dict.fromkeys(("correctNotice", "repeatNotice", "showNotice", "noteOpening", "showFigures"), "sent"),
}
"""Operation → the state of a notice with which it succeeds; of the others it is a draft."""


class Living(Protocol):
    """What is asked of the world here."""

    here: Municipality
    people: dict[str, Person]
    own_phone: bool


def new_notice(world: Living, operation: str) -> Notice:
    """A notice that somebody else than the administrator has written, as the operation needs it."""
    if operation == "tryNotice":
        give_own_phone(world)
    made = make_notice(world.here, world.people["department staff"], STATES.get(operation, "draft"))
    while made.state == "sent" and expand(EVENTS):
        session.rollback()
    return made


def give_own_phone(world: Living) -> None:
    """The administrator's address is confirmed on a phone."""
    if not world.own_phone:
        give_address(world.here, make_resident(world.here), "ada@here.example")
        world.own_phone = True


def new_preview(world: Living) -> str:
    """The end of a link to a draft."""
    notice = new_notice(world, "linkPreview")
    with transaction():
        return link_preview(session.merge(notice))[0]


def subscription_of(world: Living) -> str:
    """The end of the link by which the resident's digests end."""
    return address_of(world.here, world.people["resident"].account).rpartition("/")[2]


def filled_notice(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {
        "texts": TEXTS,
        "subject": {"kind": "layer", "id": "lamp-posts"},
        "audience": {"districts": ["west"]},
        "send_at": "2030-01-01T09:00:00",
    }


def filled_change(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return filled_notice(world, body, role) | {"version": 1}


def filled_texts(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"texts": TEXTS}


def filled_version(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"version": 1}


def filled_preferences(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"home": {"district": "west"}, "circles": []}


def filled_browser(world: Living, body: dict[str, Any], role: str) -> dict[str, Any]:
    return WebPushIn.example | {"endpoint": f"https://push.example/{role.replace(' ', '-')}"}


FILLED: dict[str, Callable[[Any, dict[str, Any], str], dict[str, Any]]] = {
    "writeNotice": filled_notice,
    "checkNotice": filled_texts,
    "correctNotice": filled_texts,
    "changeNotice": filled_change,
    "submitNotice": filled_version,
    "sendNotice": filled_version,
    "approveNotice": filled_version,
    "setPreferences": filled_preferences,
    "setWebPush": filled_browser,
}
