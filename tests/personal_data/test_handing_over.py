"""What one account has becomes another's, while both are there."""

from service.db import transaction
from service.municipalities.directory import Municipality
from service.personal_data.joining import join_accounts
from tests.factories.people import Person


def test_nothing_is_handed_over_to_who_was_erased_meanwhile(here: Municipality, alice: Person) -> None:
    with transaction():
        assert join_accounts(here, alice.account_id, 0) is False


def test_nor_to_somebody_next_door(here: Municipality, next_door: Municipality, alice: Person, charlie: Person) -> None:
    with transaction():
        assert join_accounts(here, alice.account_id, charlie.account_id) is False
