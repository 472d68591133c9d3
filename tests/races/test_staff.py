"""What staff do at the same moment: links, codes and removals are good once."""

from functools import partial

import pytest
from sqlalchemy import func, select

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.models import Account, RoleGiven
from service.people.staff.authenticators import begin_half, make_recovery_codes
from service.people.staff.inviting import invitation_token, invite
from service.people.staff.passwords import reset_token
from tests.api.world_of_staff import with_authenticator
from tests.factories.people import Person, make_staff, password_hash
from tests.races.at_once import Answer, at_once, call, outcomes

pytestmark = pytest.mark.slow

MANY = 6
NEW_PASSWORD = "seven odd herons at the lake"


def test_of_many_who_accept_one_invitation_one_becomes_staff(two_urls: list[str], here: Municipality) -> None:
    with transaction():
        made = invite(here, None, "nina@kozani.gr", "Nina", [("dispatcher", None)], "https://here.example")
        body = {"token": invitation_token(here.id, made.uid, made.sent), "password": NEW_PASSWORD}
    answers = at_once(
        [
            partial(call, two_urls[n % 2], "POST", "/invitation/accept", json=body | {"name": f"Nina {n}"})
            for n in range(MANY)
        ]
    )
    assert outcomes(answers) == [(204, None)] + [(404, "staff_link_not_valid")] * (MANY - 1)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_of_many_who_use_one_link_to_a_new_password_one_sets_it(two_urls: list[str], here: Municipality) -> None:
    bob = make_staff(here, "bob", [("dispatcher", None)])
    token = reset_token(here, session.get_one(Account, bob.account_id), password_hash(), now())
    session.rollback()
    body = {"token": token, "password": NEW_PASSWORD}
    answers = at_once([partial(call, two_urls[n % 2], "POST", "/password/reset", json=body) for n in range(MANY)])
    assert outcomes(answers) == [(204, None)] + [(404, "staff_link_not_valid")] * (MANY - 1)


def finish(url: str, half_token: str, code: str) -> Answer:
    return call(url, "POST", "/sign-in/code", json={"half_token": half_token, "code": code})


@pytest.mark.parametrize("shown", ["a code", "a recovery code"])
def test_one_code_signs_in_one_of_those_who_show_it_at_once(
    two_urls: list[str], here: Municipality, shown: str
) -> None:
    bob = make_staff(here, "bob", [("dispatcher", None)])
    code = with_authenticator(bob.account_id)
    with transaction():
        codes = make_recovery_codes(here, bob.account_id)
        halves = [begin_half(bob.account_id)[0] for _ in range(MANY)]
    used = code if shown == "a code" else codes[0]
    answers = at_once([partial(finish, two_urls[n % 2], half, used) for n, half in enumerate(halves)])
    assert [answer.status_code for answer in answers].count(201) == 1
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    # the others' sign-ins ended with the one that succeeded, or had their look at the code before
    assert others <= {"half_token_not_valid", "authenticator_code_wrong", "code_tried_too_often"}


def test_of_two_administrators_who_remove_each_other_one_stays(two_urls: list[str], here: Municipality) -> None:
    for number in range(4):
        pair = [make_staff(here, f"{name}{number}", [("administrator", None)]) for name in ("ada", "eve")]
        answers = at_once(
            [partial(remove, url, who, other) for url, who, other in zip(two_urls, pair, reversed(pair), strict=True)]
        )
        # who comes too late is no administrator any more, or not even signed in
        assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 403])
        session.rollback()
        left = session.scalars(select(RoleGiven).where(RoleGiven.account_id.in_([one.account_id for one in pair])))
        assert len(left.all()) == 1


def remove(url: str, who: Person, other: Person) -> Answer:
    return call(url, "DELETE", f"/staff/people/{other.account}", who)
