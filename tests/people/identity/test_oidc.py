"""Residents sign in with an OpenID Connect provider; whatever is forged, replayed or mixed up is refused."""

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import func, select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.identity import discovering, fetching
from service.people.identity_models import Identity, SignInAttempt
from service.people.verified.models import District, VerifiedResident
from tests.factories.people import Person, make_resident
from tests.people.identity.conftest import APP, Keep, Signing
from tests.people.identity.provider_server import LoopbackProvider, rsa_key, running, signed


def test_the_first_sign_in_makes_the_phones_account_the_persons(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, client: FlaskClient
) -> None:
    keep(here)
    answer = signing.through(alice)
    assert answer.status_code == 201, answer.json
    assert answer.json["account"] == str(alice.account) and answer.json["residence"] == "not_asked"
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/here/me", headers=headers).json["account"] == str(alice.account)
    assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0
    (identity,) = session.scalars(select(Identity)).all()
    assert b"person-1" not in identity.subject_pseudonym and len(identity.subject_pseudonym) == 32


def test_the_address_asks_for_a_code_with_proof_key_state_and_nonce(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    begun = signing.begin(alice).json
    assert begun["address"].startswith(f"{provider.issuer}/authorization?")
    for asked in ("code_challenge=", "code_challenge_method=S256", "nonce=", f"state={begun['state']}", "scope=openid"):
        assert asked in begun["address"]
    assert begun["ticket"] not in begun["address"]
    other = signing.begin(alice).json
    assert begun["state"] != other["state"] and begun["ticket"] != other["ticket"]


def test_a_second_phone_joins_the_persons_account(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, client: FlaskClient
) -> None:
    keep(here)
    signing.through(alice)
    second = make_resident(here)
    answer = signing.through(second)
    assert answer.status_code == 201 and answer.json["account"] == str(alice.account)
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/here/me", headers=headers).json["account"] == str(alice.account)


def test_another_person_does_not_take_over_a_phone_that_is_somebodys(
    signing: Signing, keep: Keep, here: Municipality, alice: Person
) -> None:
    keep(here)
    signing.through(alice)
    stranger = signing.through(alice, sub="person-2")
    assert (stranger.status_code, stranger.json["code"]) == (409, "somebody_else")
    other = make_resident(here)
    assert signing.through(other, sub="person-2").status_code == 201
    assert signing.through(alice, sub="person-2").json["code"] == "somebody_else"
    assert signing.through(alice).status_code == 201


def test_the_same_person_has_an_account_of_their_own_next_door(
    signing: Signing, keep: Keep, here: Municipality, next_door: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    keep(next_door)
    signing.through(alice)
    anna = make_resident(next_door)
    begun = signing.begin(anna, slug="next-door").json
    answer = signing.finish(anna, begun, provider.approve(begun["address"]), slug="next-door")
    assert answer.status_code == 201 and answer.json["account"] == str(anna.account)
    assert len(set(session.scalars(select(Identity.subject_pseudonym)))) == 2


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example/signed-in",
        APP + "/",
        APP + "?next=https://evil.example",
        APP.upper(),
        "gr.kozani.app:/signed-in#x",
        "//evil.example",
        "javascript:alert(1)",
    ],
)
def test_the_browser_comes_back_to_registered_addresses_only(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, redirect: str
) -> None:
    keep(here)
    answer = signing.begin(alice, redirect)
    assert (answer.status_code, answer.json["code"]) == (422, "redirect_refused")


def unsigned(provider: LoopbackProvider, claims: dict[str, Any]) -> str:
    parts = [{"alg": "none"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


def with_public_key(provider: LoopbackProvider, claims: dict[str, Any]) -> str:
    """HS256 with the public key as the secret that everybody knows."""
    secret = rsa_key(provider.key_name).as_pem(private=False)
    key = OctKey.import_key(base64.urlsafe_b64encode(secret).rstrip(b"=").decode())
    return jwt.encode({"alg": "HS256", "kid": provider.key_name}, claims, key, algorithms=["HS256"])


def with_another_key(provider: LoopbackProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": provider.key_name}, claims, rsa_key("of somebody else"))


def with_a_key_of_its_own(provider: LoopbackProvider, claims: dict[str, Any]) -> str:
    key = rsa_key("of somebody else")
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


def changed_afterwards(provider: LoopbackProvider, claims: dict[str, Any]) -> str:
    header, _, signature = signed(provider, claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "the mayor"}).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        with_public_key,
        with_another_key,
        with_a_key_of_its_own,
        changed_afterwards,
        lambda *_: "junk",
        lambda *_: "a.b.c",
        lambda *_: {"not": "text"},
        lambda *_: None,
    ],
    ids=["none", "HS256", "another key", "own key", "changed", "junk", "dots", "object", "nothing"],
)
def test_a_forged_id_token_proves_nothing(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider, sign: Any
) -> None:
    keep(here)
    provider.sign = sign
    answer = signing.through(alice)
    assert (answer.status_code, answer.json["code"]) == (401, "not_proven")
    assert session.scalar(select(func.count()).select_from(Identity)) == 0


OF_SOMETHING_ELSE: list[dict[str, Any]] = [
    {"iss": "http://127.0.0.1:1/other-tenant"},
    {"iss": None},
    {"aud": "another client"},
    {"aud": ["plateia", "another client"]},
    {"aud": ["plateia", "another client"], "azp": "another client"},
    {"azp": "another client"},
    {"nonce": "of another attempt"},
    {"nonce": None},
    {"exp": int(time.time()) - 120},
    {"exp": None},
    {"exp": "tomorrow"},
    {"nbf": int(time.time()) + 1200},
    {"iat": int(time.time()) + 1200},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    {"sub": ""},
    {"sub": None},
    {"sub": 7},
    {"sub": "x" * 256},
]


def test_an_id_token_for_somebody_or_something_else_proves_nothing(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    for claims in OF_SOMETHING_ELSE:
        provider.change = claims
        answer = signing.through(alice)
        assert (answer.status_code, answer.json["code"]) == (401, "not_proven"), claims


def test_clocks_may_differ_by_a_minute_and_audiences_be_several(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    provider.change = {"exp": int(time.time()) - 30, "aud": ["plateia", "other"], "azp": "plateia"}
    assert signing.through(alice).status_code == 201


def test_state_and_code_are_good_once(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    begun = signing.begin(alice).json
    back = provider.approve(begun["address"])
    assert signing.finish(alice, begun, back).status_code == 201
    assert signing.finish(alice, begun, back).json["code"] == "not_proven"
    again = signing.begin(alice).json
    assert signing.finish(alice, again, back | {"state": again["state"]}).json["code"] == "not_proven"


def test_only_who_began_can_finish(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    mallory = make_resident(here)
    begun = signing.begin(alice).json
    back = provider.approve(begun["address"])
    assert signing.finish(alice, {"ticket": "guessed"}, back).json["code"] == "not_proven"
    assert signing.finish(mallory, begun, back).json["code"] == "not_proven"
    assert signing.finish(alice, begun, back | {"state": "guessed"}).json["code"] == "not_proven"
    assert signing.finish(alice, begun, back | {"iss": "http://127.0.0.1:1/other"}).json["code"] == "not_proven"
    assert signing.finish(alice, begun, back).status_code == 201


def test_a_stolen_code_is_worth_nothing_in_another_attempt(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    mallory = make_resident(here)
    stolen = provider.approve(signing.begin(alice).json["address"])
    mine = signing.begin(mallory).json
    assert signing.finish(mallory, mine, stolen | {"state": mine["state"]}).json["code"] == "not_proven"


def test_a_token_alone_is_not_enough_to_sign_a_phone_in(
    client: FlaskClient, signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    begun = signing.begin(alice).json
    body = provider.approve(begun["address"]) | {"ticket": begun["ticket"], "secret": "a wrong one"}
    url = "/api/v1/here/sign-in/providers/login/finish"
    answer = client.post(url, json=body, headers=alice.headers)
    assert (answer.status_code, answer.json["code"]) == (401, "secret_not_right")
    assert client.post(url, json=body).json["code"] == "sign_in_needed"


def test_what_one_provider_sends_back_is_nothing_to_another(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    with running() as attacker:
        keep(here, "attacker", issuer=attacker.issuer)
        begun = signing.begin(alice).json
        back = provider.approve(begun["address"])
        assert signing.finish(alice, begun, back, key="attacker").json["code"] == "not_proven"
        assert not any("token" in path for path in attacker.asked)


def test_a_provider_that_names_itself_on_the_way_back_must_do_so(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here)
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    begun = signing.begin(alice).json
    back = provider.approve(begun["address"])
    without = {name: value for name, value in back.items() if name != "iss"}
    assert signing.finish(alice, begun, without).json["code"] == "not_proven"
    assert signing.finish(alice, begun, back).status_code == 201


def test_new_keys_are_fetched_when_a_token_names_one(
    signing: Signing,
    keep: Keep,
    here: Municipality,
    alice: Person,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(here)
    assert signing.through(alice).status_code == 201
    provider.key_name = "second"
    assert signing.through(alice).json["code"] == "not_proven"  # asked a moment ago: nobody makes us ask all the time
    monkeypatch.setattr(discovering, "KEYS_AGAIN_SECONDS", 0.0)
    assert signing.through(alice).status_code == 201
    asked = [path for path in provider.asked if path.endswith("configuration")]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://somebody-else.example"},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://user:word@host.example/"},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_elsewhere_is_not_followed(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider, document: Any
) -> None:
    keep(here)
    provider.discovery = document
    answer = signing.begin(alice)
    assert (answer.status_code, answer.json["code"]) == (502, "provider_away")
    assert answer.headers["Retry-After"]


def test_slow_and_huge_answers_end(
    signing: Signing,
    keep: Keep,
    here: Municipality,
    alice: Person,
    provider: LoopbackProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(here)
    provider.padding = fetching.LARGEST_ANSWER
    assert signing.begin(alice).json["code"] == "provider_away"
    provider.padding, provider.slow = 0, 0.5
    monkeypatch.setattr(fetching, "BOUNDS", replace(fetching.BOUNDS, seconds=0.2))
    assert signing.begin(alice).json["code"] == "provider_away"


def test_userinfo_is_asked_for_what_the_token_lacks_and_must_be_of_the_same_person(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    residence = {"rules": [{"claim": "town", "values": ["Here"]}], "identifier": "number", "months": None}
    residence |= {"born": "birthdate", "district": {"claim": "address.zip", "keys": {"1": "mills", "2": "gone"}}}
    keep(here, residence=residence)
    with transaction():
        session.add(District(municipality_id=here.id, key="mills", place=0, name={"en": "Mills"}))
    provider.about = {"sub": "person-1", "town": "Here", "number": "1234"}
    assert signing.through(alice).json["residence"] == "not_shown", "that is no personal number"
    provider.about = {"sub": "person-1", "town": "Here", "number": "123456783", "address": {"zip": "1"}}
    provider.about |= {"birthdate": "1980-04-01"}
    assert signing.through(alice).json["residence"] == "verified"
    provider.about |= {"birthdate": "April", "address": {"zip": "2"}}
    assert signing.through(alice).json["residence"] == "verified", "a district that there is not is not kept"
    known = select(VerifiedResident.birth_year, VerifiedResident.district)
    assert session.execute(known).all() == [(1980, "mills")]
    session.rollback()
    provider.about |= {"number": "094014201"}
    assert signing.through(alice).json["residence"] == "elsewhere", "who is one person is not another one too"
    session.rollback()
    provider.about = {"sub": "person-2", "town": "Here", "number": "123456783"}
    assert signing.through(alice).json["code"] == "not_proven"
