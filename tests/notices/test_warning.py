"""That another phone uses an account is told to whom it belongs, if there is anybody."""

import uuid
from dataclasses import replace

from service.db.clock import now
from service.municipalities.directory import Municipality
from service.notices.warning import who_is_told_of_an_address, who_is_warned
from service.outbox.expanding import Posted
from tests.factories.people import Person


def test_the_person_is_warned_and_who_was_erased_meanwhile_is_nobody(here: Municipality, alice: Person) -> None:
    payload = {"account_id": alice.account_id, "installation": str(alice.installation)}
    joined = Posted(1, uuid.uuid4(), here.id, "phone_joined", f"account:{alice.account}", 1, payload, 0, 0, now())
    assert len(list(who_is_warned(joined))) == 2, "the inbox and the phone"
    assert list(who_is_warned(replace(joined, payload=payload | {"account_id": 0}))) == []
    changed = replace(joined, kind="contact_changed", payload={"account_id": 0, "channel": "email", "target_id": 1})
    assert list(who_is_told_of_an_address(changed)) == []
