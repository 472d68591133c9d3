"""Sessions: short access tokens, refresh tokens that are used once, and who comes twice is found out."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now, seconds_from_now
from service.municipalities.directory import Municipality
from service.people.models import Account
from service.people.session_models import AccessToken, RefreshToken, Session
from service.people.sessions import LIFETIMES, TokenGiven, begin_session
from tests.factories.people import PASSWORD, Person

HERE = "/api/v1/here"


def sign_in(client: FlaskClient) -> TestResponse:
    return client.post(f"{HERE}/sign-in", json={"email": "bob@here.example", "password": PASSWORD})


def refresh(client: FlaskClient, given: TestResponse | str, slug: str = "here") -> TestResponse:
    token = given if isinstance(given, str) else given.json["refresh_token"]
    return client.post(f"/api/v1/{slug}/refresh", json={"refresh_token": token})


def works(client: FlaskClient, given: TestResponse) -> bool:
    headers = {"Authorization": f"Bearer {given.json['token']}"}
    return client.get(f"{HERE}/me", headers=headers).status_code == 200


def refused(answer: TestResponse) -> bool:
    return (answer.status_code, answer.json["code"]) == (401, "refresh_refused")


def count(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def age(by: timedelta) -> None:
    """Let all sessions have begun, been used and end so much earlier."""
    with transaction():
        columns = (Session.created_at, Session.seen_at, Session.expires_at)
        for row in session.scalars(select(Session)):
            for column in columns:
                setattr(row, column.key, getattr(row, column.key) - by)


@pytest.fixture
def signed_in(client: FlaskClient, here: Municipality, bob: Person) -> TestResponse:
    return sign_in(client)


def test_a_refresh_token_brings_the_next_pair_and_the_session_stays_the_same(
    client: FlaskClient, signed_in: TestResponse
) -> None:
    fresh = refresh(client, signed_in)
    assert (fresh.status_code, fresh.headers["Cache-Control"]) == (201, "no-store")
    assert fresh.json["session"] == signed_in.json["session"] and fresh.json["account"] == signed_in.json["account"]
    assert fresh.json["refresh_token"] != signed_in.json["refresh_token"]
    assert works(client, fresh) and works(client, signed_in)
    assert refresh(client, fresh).status_code == 201


def test_when_the_answer_is_lost_the_same_refresh_token_brings_another(
    client: FlaskClient, signed_in: TestResponse
) -> None:
    lost = refresh(client, signed_in)
    again = refresh(client, signed_in)
    assert lost.status_code == again.status_code == 201
    assert refresh(client, again).status_code == 201


def test_who_uses_a_refresh_token_again_after_its_follower_ends_the_session(
    client: FlaskClient, signed_in: TestResponse
) -> None:
    second = refresh(client, signed_in)
    third = refresh(client, second)
    assert works(client, third)
    assert refused(refresh(client, signed_in))
    assert not works(client, third) and refused(refresh(client, third)), "nobody knows which of the two was robbed"
    assert count(AccessToken) == count(RefreshToken) == 1, "bob's other session goes on"


def test_a_thief_and_the_owner_cannot_go_on_side_by_side(client: FlaskClient, signed_in: TestResponse) -> None:
    owner, thief = refresh(client, signed_in), refresh(client, signed_in)
    assert refresh(client, owner).status_code == 201
    assert refused(refresh(client, thief))
    assert not works(client, owner) and not works(client, thief)


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(
    client: FlaskClient, signed_in: TestResponse
) -> None:
    assert refused(refresh(client, signed_in.json["token"]))
    headers = {"Authorization": f"Bearer {signed_in.json['refresh_token']}"}
    assert client.get(f"{HERE}/me", headers=headers).json["code"] == "sign_in_needed"
    assert works(client, signed_in)


def test_next_door_a_refresh_token_is_worth_nothing_and_costs_nothing(
    client: FlaskClient, signed_in: TestResponse, next_door: Municipality
) -> None:
    assert refused(refresh(client, signed_in, "next-door"))
    assert refresh(client, signed_in).status_code == 201


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "x" * 201}])
def test_what_is_no_refresh_token_is_refused(client: FlaskClient, here: Municipality, body: dict[str, str]) -> None:
    assert client.post(f"{HERE}/refresh", json=body).json["code"] == "fields_not_valid"
    assert refused(refresh(client, "unknown"))


def test_who_comes_back_the_next_day_signs_in_again(client: FlaskClient, signed_in: TestResponse) -> None:
    age(LIFETIMES["staff"].idle + timedelta(seconds=1))
    assert refused(refresh(client, signed_in))


def test_a_session_ends_after_its_longest_time_however_busy(client: FlaskClient, signed_in: TestResponse) -> None:
    lifetime, given = LIFETIMES["staff"], signed_in
    with transaction():
        begun = now() - lifetime.longest + timedelta(minutes=10)
        session.execute(update(Session).values(created_at=begun))
    given = refresh(client, given)
    left = datetime.fromisoformat(given.json["expires_at"]) - now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10), "the last access token ends with the session"


def test_the_clock_of_the_database_decides(client: FlaskClient, signed_in: TestResponse) -> None:
    with transaction():
        session.execute(update(AccessToken).values(expires_at=seconds_from_now(-1)))
    assert not works(client, signed_in)
    with transaction():
        session.execute(update(Session).values(expires_at=seconds_from_now(-1)))
    assert refused(refresh(client, signed_in))


def test_only_digests_are_kept(client: FlaskClient, signed_in: TestResponse) -> None:
    kept = [*session.scalars(select(AccessToken.digest)), *session.scalars(select(RefreshToken.digest))]
    assert all(len(digest) == 32 for digest in kept)
    secrets = {signed_in.json["token"].encode(), signed_in.json["refresh_token"].encode()}
    assert not secrets & set(kept)


def test_a_resident_who_signs_in_by_other_means_has_months(here: Municipality, alice: Person) -> None:
    with transaction():
        account = session.get_one(Account, alice.account_id)
        given: TokenGiven = begin_session(account, None, "oidc", now())
    assert given.refresh_token and given.expires_at - now() <= timedelta(minutes=30)
    ends = session.scalars(select(Session.expires_at).filter_by(how="oidc")).one()
    assert timedelta(days=59) < ends - now() <= timedelta(days=60)


def test_nobody_signs_in_by_what_the_table_does_not_know(here: Municipality, alice: Person) -> None:
    with pytest.raises(ValueError, match="nobody signs in by magic"), transaction():
        begin_session(session.get_one(Account, alice.account_id), None, "magic", now())


def test_use_is_written_down_once_an_hour_and_after_the_answer(
    client: FlaskClient, here: Municipality, alice: Person
) -> None:
    def seen() -> datetime:
        session.rollback()
        return session.scalars(select(Session.seen_at).filter_by(account_id=alice.account_id)).one()

    first = seen()
    client.get(f"{HERE}/me", headers=alice.headers).close()
    assert seen() == first, "within the hour nothing is written"
    with transaction():
        session.execute(update(Session).values(seen_at=now() - timedelta(hours=2)))
    answer = client.get(f"{HERE}/me", headers=alice.headers)
    assert now() - seen() > timedelta(hours=1), "the answer does not wait for it"
    answer.close()
    assert now() - seen() < timedelta(minutes=1)
