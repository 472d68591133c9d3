"""Signing in in two steps: authenticators, recovery codes, and who must have one."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.people.appointing import appoint
from service.people.collecting import collect_account
from service.people.erasing import person_of
from service.people.models import Account
from service.people.session_models import HalfSignIn, Session
from service.people.signing_in import hash_password
from service.people.staff.authenticators import SECONDS, forget_halves
from service.people.staff.models import Authenticator, RecoveryCode
from tests.factories.people import PASSWORD, Person, make_staff
from tests.people.staff_scene import NEW_PASSWORD, acts, asking, call, code, letters, link_in, sign_in

EMAIL = "bob@here.example"
MEANWHILE = 0.4
"""Seconds in which what was begun in another thread has read what it reads first."""


def enrolled(client: FlaskClient, who: Person) -> tuple[str, list[str]]:
    """The seed and the recovery codes of a fresh authenticator whose first code was that of half a minute ago."""
    made = call(client, "POST", "/me/authenticator", who, password=PASSWORD)
    assert made.status_code == 201, made.json
    seed = made.json["seed"]
    shown = call(client, "POST", "/me/authenticator/confirmation", who, code=code(seed, time.time() - SECONDS))
    assert shown.status_code == 200, shown.json
    return seed, shown.json["recovery_codes"]


def half(client: FlaskClient) -> str:
    answer = sign_in(client, EMAIL)
    assert answer.status_code == 202 and "token" not in answer.json, answer.json
    return str(answer.json["half_token"])


def finish(client: FlaskClient, half_token: str, shown: str) -> Any:
    return call(client, "POST", "/sign-in/code", half_token=half_token, code=shown)


def rewind() -> None:
    """As if no code had been used yet."""
    with transaction():
        session.execute(update(Authenticator).values(used_step=0))


def test_the_codes_are_those_of_the_standard() -> None:
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B: "12345678901234567890"
    assert [code(seed, moment) for moment in (59, 1111111109, 2000000000)] == ["287082", "081804", "279037"]


def test_a_password_alone_signs_in_until_an_authenticator_is_confirmed(client: FlaskClient, bob: Person) -> None:
    made = call(client, "POST", "/me/authenticator", bob, password=PASSWORD).json
    assert made["address"].startswith("otpauth://totp/") and made["seed"] in made["address"]
    assert made["picture"].startswith("<svg") and made["picture"].rstrip().endswith("</svg>")
    assert sign_in(client, EMAIL).status_code == 201
    assert call(client, "GET", "/me/authenticator", bob).json["has_authenticator"] is False
    wrong = code(made["seed"], time.time() + 3600)
    assert (
        call(client, "POST", "/me/authenticator/confirmation", bob, code=wrong).json["code"]
        == "authenticator_code_wrong"
    )
    right = code(made["seed"], time.time())
    codes = call(client, "POST", "/me/authenticator/confirmation", bob, code=right).json["recovery_codes"]
    assert len(set(codes)) == 10 and all(len(one) == 14 for one in codes)
    assert call(client, "GET", "/me/authenticator", bob).json == {
        "has_authenticator": True,
        "asked_for": False,
        "recovery_codes_left": 10,
    }
    assert half(client)


def test_the_seed_and_the_codes_are_nowhere_in_the_clear(client: FlaskClient, bob: Person) -> None:
    seed, codes = enrolled(client, bob)
    kept = repr([tuple(row) for row in session.execute(select(Authenticator.seed, Authenticator.pending))])
    kept += repr(list(session.scalars(select(RecoveryCode.digest))))
    assert seed not in kept and not any(one in kept or one.replace("-", "") in kept for one in codes)


def test_the_code_of_now_and_of_the_half_minutes_beside_it_sign_in(client: FlaskClient, bob: Person) -> None:
    seed, _ = enrolled(client, bob)
    for beside in (-1, 0, 1):
        rewind()
        answer = finish(client, half(client), code(seed, time.time() + beside * SECONDS))
        assert answer.status_code == 201, beside
        assert client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {answer.json['token']}"}).json["name"]
    rewind()
    for far in (-3, 3):
        assert (
            finish(client, half(client), code(seed, time.time() + far * SECONDS)).json["code"]
            == "authenticator_code_wrong"
        )


def test_a_code_that_was_used_is_refused_and_so_are_older_ones(client: FlaskClient, bob: Person) -> None:
    seed, _ = enrolled(client, bob)
    used = code(seed, time.time() + SECONDS)
    assert finish(client, half(client), used).status_code == 201
    for shown in (used, code(seed, time.time())):
        assert finish(client, half(client), shown).json["code"] == "authenticator_code_wrong"


def test_a_half_token_is_nothing_but_the_first_step_and_ends(client: FlaskClient, bob: Person) -> None:
    seed, _ = enrolled(client, bob)
    token = half(client)
    assert client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert call(client, "POST", "/sign-in/authenticator", half_token=token).json["code"] == "authenticator_needed"
    assert finish(client, "made up", code(seed, time.time())).json["code"] == "half_token_not_valid"
    assert finish(client, token, code(seed, time.time())).status_code == 201
    assert finish(client, token, code(seed, time.time() + SECONDS)).json["code"] == "half_token_not_valid"
    late = half(client)
    with transaction():
        session.execute(update(HalfSignIn).values(expires_at=now() - timedelta(seconds=1)))
    assert finish(client, late, code(seed, time.time() + SECONDS)).json["code"] == "half_token_not_valid"
    with transaction():
        assert forget_halves() == 1


def test_a_half_token_of_here_is_nothing_next_door(client: FlaskClient, bob: Person, next_door: Municipality) -> None:
    seed, _ = enrolled(client, bob)
    body = {"half_token": half(client), "code": code(seed, time.time())}
    answer = client.post("/api/v1/next-door/sign-in/code", json=body)
    assert answer.json["code"] == "half_token_not_valid"


def test_a_recovery_code_signs_in_once_however_it_is_typed(client: FlaskClient, bob: Person) -> None:
    _, codes = enrolled(client, bob)
    typed = codes[0].lower().replace("-", " ")
    assert finish(client, half(client), typed).status_code == 201
    assert finish(client, half(client), codes[0]).json["code"] == "authenticator_code_wrong"
    assert call(client, "GET", "/me/authenticator", bob).json["recovery_codes_left"] == 9
    assert ("recovery_code_used", None, {"step": "code"}) in acts()


def test_wrong_codes_are_counted_over_all_sign_ins_and_then_wait(client: FlaskClient, bob: Person) -> None:
    seed, codes = enrolled(client, bob)
    for _ in range(5):
        assert (
            finish(client, half(client), "000000" if code(seed, time.time()) != "000000" else "000001").json["code"]
            == "authenticator_code_wrong"
        )
    for shown in (code(seed, time.time()), codes[0]):
        answer = finish(client, half(client), shown)
        assert (answer.status_code, answer.json["code"]) == (429, "code_tried_too_often")
        assert 800 < int(answer.headers["Retry-After"]) <= 901
    with transaction():
        session.execute(update(Authenticator).values(failed_at=now() - timedelta(minutes=16)))
    assert finish(client, half(client), code(seed, time.time())).status_code == 201
    assert session.scalar(select(Authenticator.failures).execution_options(populate_existing=True)) == 0
    assert [action for action, _, _ in acts()].count("sign_in_refused") == 5


def test_fresh_recovery_codes_make_the_former_ones_worthless(client: FlaskClient, bob: Person) -> None:
    _, codes = enrolled(client, bob)
    assert call(client, "POST", "/me/recovery-codes", bob, password="wrong").json["code"] == "password_not_right"
    own = {"password": PASSWORD, "code": codes[1]}
    fresh = call(client, "POST", "/me/recovery-codes", bob, **own).json["recovery_codes"]
    assert finish(client, half(client), codes[0]).json["code"] == "authenticator_code_wrong"
    assert finish(client, half(client), fresh[0]).status_code == 201


def test_another_authenticator_counts_when_its_first_code_is_shown(client: FlaskClient, bob: Person) -> None:
    seed, codes = enrolled(client, bob)
    own = {"password": PASSWORD, "code": code(seed, time.time())}
    later = call(client, "POST", "/me/authenticator", bob, **own).json["seed"]
    rewind()
    assert finish(client, half(client), code(seed, time.time())).status_code == 201, "the former one still counts"
    assert finish(client, half(client), code(later, time.time())).json["code"] == "authenticator_code_wrong"
    for former in (code(seed, time.time() + SECONDS), codes[0]):
        refused = call(client, "POST", "/me/authenticator/confirmation", bob, code=former)
        assert refused.json["code"] == "authenticator_code_wrong"
    assert call(client, "GET", "/me/authenticator", bob).json["recovery_codes_left"] == 10, "none is used up"
    assert call(client, "POST", "/me/authenticator/confirmation", bob, code=code(later, time.time())).status_code == 200
    assert finish(client, half(client), code(seed, time.time() + SECONDS)).json["code"] == "authenticator_code_wrong"
    assert finish(client, half(client), codes[0]).json["code"] == "authenticator_code_wrong"
    assert finish(client, half(client), code(later, time.time() + SECONDS)).status_code == 201


def test_who_takes_the_authenticator_away_signs_in_with_the_password(client: FlaskClient, bob: Person) -> None:
    assert call(client, "DELETE", "/me/authenticator", bob, password=PASSWORD).json["code"] == "authenticator_needed"
    _, codes = enrolled(client, bob)
    assert call(client, "DELETE", "/me/authenticator", bob, password=PASSWORD, code=codes[0]).status_code == 204
    assert sign_in(client, EMAIL).status_code == 201
    assert session.scalars(select(RecoveryCode)).all() == []


def test_a_stolen_token_and_the_password_change_no_second_step(client: FlaskClient, bob: Person) -> None:
    seed, codes = enrolled(client, bob)
    ways = (("POST", "/me/authenticator"), ("DELETE", "/me/authenticator"), ("POST", "/me/recovery-codes"))
    for method, path in ways:
        refused = call(client, method, path, bob, password=PASSWORD)
        assert (refused.status_code, refused.json["code"]) == (409, "second_step_needed"), path
        refused = call(client, method, path, bob, password=PASSWORD, code="2222-2222-2222")
        assert (refused.status_code, refused.json["code"]) == (422, "authenticator_code_wrong"), path
    assert [action for action, _, _ in acts()].count("sign_in_refused") == 3
    assert finish(client, half(client), code(seed, time.time())).status_code == 201
    assert call(client, "POST", "/me/authenticator", bob, password=PASSWORD, code=codes[0]).status_code == 201
    assert acts()[-1] == ("recovery_code_used", str(bob.account), {"step": "code"})


def test_a_seed_whose_first_code_is_not_shown_ends_and_is_in_no_copy(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    made = call(client, "POST", "/me/authenticator", bob, password=PASSWORD).json
    who = person_of(session.get_one(Account, bob.account_id))
    assert "pending" not in collect_account(who)["authenticators"][0]
    session.rollback()
    with transaction():
        assert forget_halves() == 0
        session.execute(update(Authenticator).values(pending_until=now() - timedelta(seconds=1)))
    late = call(client, "POST", "/me/authenticator/confirmation", bob, code=code(made["seed"], time.time()))
    assert (late.status_code, late.json["code"]) == (409, "authenticator_needed")
    with transaction():
        assert forget_halves() == 1
    assert session.scalars(select(Authenticator)).all() == []
    _, codes = enrolled(client, bob)
    call(client, "POST", "/me/authenticator", bob, password=PASSWORD, code=codes[0])
    changed = call(client, "PUT", "/me/password", bob, password=PASSWORD, new_password=NEW_PASSWORD)
    assert changed.status_code == 204
    session.rollback()
    row = session.scalars(select(Authenticator)).one()
    assert row.pending is row.pending_until is None and row.seed, "a new password ends it too"


@pytest.mark.parametrize(("whom", "asked"), [("administrators", [False, True]), ("everybody", [True, True])])
def test_whom_the_municipality_asks_sets_one_up_while_signing_in(
    client: FlaskClient, here: Municipality, bob: Person, whom: str, asked: list[bool]
) -> None:
    make_staff(here, "ada", [("administrator", None)])
    with asking(here, whom):
        answers = [sign_in(client, f"{name}@here.example") for name in ("bob", "ada")]
        assert [answer.json.get("step") == "enrol" for answer in answers] == asked
        token = answers[1].json["half_token"]
        assert finish(client, token, "123456").json["code"] == "authenticator_needed"
        made = call(client, "POST", "/sign-in/authenticator", half_token=token).json
        given = finish(client, token, code(made["seed"], time.time()))
        assert given.status_code == 201 and len(given.json["recovery_codes"]) == 10
        ada = Person(given.json["account"], 0, given.json["token"])
        refused = call(client, "DELETE", "/me/authenticator", ada, password=PASSWORD)
        assert refused.json["code"] == "authenticator_needed", "it is asked for"
        answer = finish(client, sign_in(client, "ada@here.example").json["half_token"], given.json["recovery_codes"][0])
        assert answer.status_code == 201 and answer.json["recovery_codes"] is None


def test_setting_up_asks_for_the_password_and_ends_other_sessions(client: FlaskClient, bob: Person) -> None:
    other = sign_in(client, EMAIL).json["token"]
    assert call(client, "POST", "/me/authenticator", bob, password="wrong").json["code"] == "password_not_right"
    enrolled(client, bob)
    assert client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    assert call(client, "GET", "/me/authenticator", bob).status_code == 200


def test_a_resident_has_no_authenticator(client: FlaskClient, alice: Person) -> None:
    assert call(client, "GET", "/me/authenticator", alice).json["code"] == "forbidden"
    assert call(client, "POST", "/me/authenticator", alice, password="x").json["code"] == "forbidden"


def test_a_sign_in_that_was_begun_ends_with_the_password_and_with_all_sessions(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    ada = make_staff(here, "ada", [("administrator", None)])
    with asking(here, "everybody"):
        ends = (
            lambda: call(client, "PUT", "/me/password", bob, password=PASSWORD, new_password=NEW_PASSWORD),
            lambda: call(client, "POST", "/password/reset", token=reset_link(client), password="odd cranes near it"),
            lambda: call(client, "DELETE", f"/staff/people/{bob.account}/sessions", ada),
            lambda: call(client, "DELETE", f"/staff/people/{bob.account}", ada),
        )
        for password, end in zip((PASSWORD, NEW_PASSWORD, *["odd cranes near it"] * 2), ends, strict=True):
            begun = sign_in(client, EMAIL, password).json
            assert begun["step"] == "enrol" and end().status_code in (200, 204), begun
            refused = call(client, "POST", "/sign-in/authenticator", half_token=begun["half_token"])
            assert (refused.status_code, refused.json["code"]) == (401, "half_token_not_valid")


def reset_link(client: FlaskClient) -> str:
    """What the link to a new password of EMAIL holds."""
    call(client, "POST", "/password/forgotten", email=EMAIL)
    return link_in(letters()[-1][2])[1]


def test_a_sign_in_that_is_being_finished_while_the_password_changes_ends_too(
    client: FlaskClient, here: Municipality, bob: Person
) -> None:
    seed, _ = enrolled(client, bob)
    hashed, token = hash_password(NEW_PASSWORD), half(client)
    with ThreadPoolExecutor(1) as pool:
        with transaction():
            appoint(here, EMAIL, "Bob", [("dispatcher", None)], hashed)
            finishing = pool.submit(finish, client, token, code(seed, time.time()))
            time.sleep(MEANWHILE)
        assert finishing.result().json["code"] == "half_token_not_valid"
    assert session.scalars(select(Session).filter_by(account_id=bob.account_id)).all() == []
