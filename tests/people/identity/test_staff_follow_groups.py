"""Staff sign in with Microsoft Entra or Keycloak: their roles are what their groups are, at each sign-in."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.people.audit_models import AuditEntry
from service.people.identity import following
from service.people.identity_models import FollowedRole, Identity, IdentityProvider
from service.people.models import Account, RoleGiven
from tests.factories.people import Person, make_staff
from tests.people.identity.conftest import APP, DESK, Keep, Signing
from tests.people.identity.provider_server import LoopbackProvider

LIGHTING = {"group": "Plateia.Lighting", "role": "department_staff", "department": "lighting"}
DISPATCH = {"group": "Plateia.Dispatch", "role": "dispatcher", "department": None}
MAP = {"group": "Plateia.Map", "role": "map_keeper", "department": None}
RULE = {"group": "Plateia.Rule", "role": "administrator", "department": None}
AUDIT = {"group": "Plateia.Audit", "role": "auditor", "department": None}
ENTRA: dict[str, Any] = {
    "audience": "staff",
    "redirects": [DESK],
    "claims": {"groups": "roles"},
    "roles": [LIGHTING, DISPATCH, MAP, AUDIT],
}
KEYCLOAK = ENTRA | {"claims": {"groups": "realm_access.roles"}}


def roles_of(account: str) -> set[str]:
    query = select(RoleGiven.role).join(Account, Account.id == RoleGiven.account_id)
    return set(session.scalars(query.where(Account.uid == uuid.UUID(account))))


def acts(action: str) -> list[dict[str, Any]]:
    return list(session.scalars(select(AuditEntry.facts).filter_by(action=action).order_by(AuditEntry.id)))


def test_a_group_makes_somebody_staff(
    signing: Signing, keep: Keep, here: Municipality, client: FlaskClient, provider: LoopbackProvider
) -> None:
    keep(here, **ENTRA)
    answer = signing.through(None, DESK, roles=["Plateia.Lighting"], name="Bea", email="bea@here.example")
    assert answer.status_code == 201, answer.json
    me = client.get("/api/v1/here/me", headers={"Authorization": f"Bearer {answer.json['token']}"}).json
    assert (me["kind"], me["name"], me["email"]) == ("staff", "Bea", None)
    assert me["roles"] == [{"role": "department_staff", "department": "lighting"}]
    assert acts("role_given") == [{"role": "department_staff", "department": "lighting", "provider": "login"}]
    again = signing.through(None, DESK, roles=["Plateia.Lighting"])
    assert again.json["account"] == answer.json["account"]


def test_where_the_provider_names_no_groups_roles_are_given_by_hand(
    signing: Signing, keep: Keep, here: Municipality
) -> None:
    keep(here, **(ENTRA | {"claims": {}, "roles": []}), owns_emails=True)
    bob = make_staff(here, "bob", [("dispatcher", None)])
    known = signing.through(None, DESK, email="bob@here.example", roles=["Plateia.Map"])
    assert known.status_code == 201 and roles_of(str(bob.account)) == {"dispatcher"}
    assert signing.through(None, DESK, sub="stranger", roles=["Plateia.Map"]).json["code"] == "no_role_here"


def test_an_account_that_is_erased_while_its_owner_signs_in_stays_gone(
    signing: Signing, keep: Keep, here: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(here, **ENTRA)
    monkeypatch.setattr(following, "known_account", lambda *_: 4711)
    refused = signing.through(None, DESK, roles=["Plateia.Dispatch"])
    assert (refused.status_code, refused.json["code"]) == (401, "not_proven")
    assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_keycloak_names_roles_deeper(signing: Signing, keep: Keep, here: Municipality) -> None:
    keep(here, **KEYCLOAK)
    answer = signing.through(None, DESK, realm_access={"roles": ["Plateia.Dispatch", "offline_access"]})
    assert roles_of(answer.json["account"]) == {"dispatcher"}


def test_roles_follow_the_groups_and_what_was_given_by_hand_stays(
    signing: Signing, keep: Keep, here: Municipality
) -> None:
    keep(here, **ENTRA)
    account = signing.through(None, DESK, roles=["Plateia.Dispatch", "Plateia.Map"]).json["account"]
    assert roles_of(account) == {"dispatcher", "map_keeper"}
    with transaction():
        owner = session.scalars(select(Account).filter_by(uid=uuid.UUID(account))).one()
        session.add(RoleGiven(account_id=owner.id, role="moderator"))
    signing.through(None, DESK, roles=["Plateia.Map"])
    assert roles_of(account) == {"map_keeper", "moderator"}
    assert [fact["role"] for fact in acts("role_taken")] == ["dispatcher"]
    assert session.scalar(select(func.count()).select_from(FollowedRole)) == 1


def test_who_is_in_no_group_any_more_loses_the_roles_and_is_refused(
    signing: Signing, keep: Keep, here: Municipality, client: FlaskClient
) -> None:
    keep(here, **ENTRA)
    first = signing.through(None, DESK, roles=["Plateia.Dispatch"])
    refused = signing.through(None, DESK, roles=[])
    assert (refused.status_code, refused.json["code"]) == (403, "no_role_here")
    assert roles_of(first.json["account"]) == set()
    headers = {"Authorization": f"Bearer {first.json['token']}"}
    assert client.get("/api/v1/here/staff/reports", headers=headers).status_code == 403
    assert signing.through(None, DESK, sub="nobody", roles=["Everybody"]).json["code"] == "no_role_here"
    assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_a_group_takes_the_last_administrators_role_from_nobody(
    signing: Signing, keep: Keep, here: Municipality
) -> None:
    keep(here, **(ENTRA | {"roles": [MAP, RULE]}))
    account = signing.through(None, DESK, roles=["Plateia.Rule", "Plateia.Map"]).json["account"]
    assert signing.through(None, DESK, roles=[]).status_code == 201
    assert roles_of(account) == {"administrator"} and [fact["role"] for fact in acts("role_kept")] == ["administrator"]
    ada = make_staff(here, "ada", [("administrator", None)])
    assert signing.through(None, DESK, roles=[]).json["code"] == "no_role_here", "now there is another one"
    assert roles_of(account) == set() and roles_of(str(ada.account)) == {"administrator"}


def test_a_role_that_was_given_by_hand_already_is_not_taken_by_a_group(
    signing: Signing, keep: Keep, here: Municipality
) -> None:
    keep(here, **ENTRA, owns_emails=True)
    bob = make_staff(here, "bob", [("dispatcher", None)])
    signed_in = signing.through(None, DESK, email="BOB@here.example", roles=["Plateia.Dispatch"])
    assert signed_in.json["account"] == str(bob.account)
    signing.through(None, DESK, roles=[])
    assert roles_of(str(bob.account)) == {"dispatcher"}


@pytest.mark.parametrize("verified", [None, False, "true"], ids=str)
def test_an_address_that_nobody_vouches_for_opens_no_account(
    signing: Signing, keep: Keep, here: Municipality, bob: Person, verified: Any
) -> None:
    keep(here, **ENTRA)
    claims = {"email": "bob@here.example", "email_verified": verified}
    assert signing.through(None, DESK, **claims).json["code"] == "no_role_here"
    other = signing.through(None, DESK, roles=["Plateia.Map"], **claims)
    assert other.status_code == 201 and other.json["account"] != str(bob.account)


def test_a_verified_address_opens_the_account_that_was_made_by_invitation(
    signing: Signing, keep: Keep, here: Municipality, bob: Person
) -> None:
    keep(here, **ENTRA)
    claims = {"email": "bob@here.example", "email_verified": True}
    answer = signing.through(None, DESK, **claims)
    assert answer.status_code == 201, answer.json
    assert answer.json["account"] == str(bob.account)
    assert signing.through(None, DESK).json["account"] == str(bob.account)
    assert signing.through(None, DESK, sub="another", **claims).json["code"] == "not_proven"


def test_groups_that_are_too_many_to_be_named_take_no_role(signing: Signing, keep: Keep, here: Municipality) -> None:
    keep(here, **ENTRA)
    account = signing.through(None, DESK, roles=["Plateia.Dispatch"]).json["account"]
    overage = {"_claim_names": {"roles": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}
    assert signing.through(None, DESK, **overage).json["code"] == "not_proven"
    assert roles_of(account) == {"dispatcher"}


def test_roles_that_do_not_go_together_are_not_given_together(signing: Signing, keep: Keep, here: Municipality) -> None:
    keep(here, **ENTRA)
    account = signing.through(None, DESK, roles=["Plateia.Audit", "Plateia.Dispatch"]).json["account"]
    assert roles_of(account) in ({"auditor"}, {"dispatcher"})


def test_a_department_that_is_gone_gives_no_role(signing: Signing, keep: Keep, here: Municipality) -> None:
    provider = keep(here, **ENTRA)
    with transaction():
        row = session.get_one(IdentityProvider, provider.id)
        row.settings = row.settings | {"roles": [LIGHTING | {"department": "was-closed"}]}
    assert signing.through(None, DESK, roles=["Plateia.Lighting"]).json["code"] == "no_role_here"


def test_residents_do_not_become_staff_nor_staff_residents(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, bob: Person
) -> None:
    keep(here)
    answer = signing.begin(bob)
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
    assert signing.begin(None).json["code"] == "sign_in_needed"
    keep(here, "crew", **ENTRA)
    answer = signing.through(alice, DESK, "crew", roles=["Plateia.Map"])
    assert answer.json["account"] != str(alice.account)
    assert session.scalars(select(Account.kind).filter_by(uid=alice.account)).one() == "resident"


def test_the_neighbours_provider_opens_nothing_here(
    signing: Signing, keep: Keep, here: Municipality, next_door: Municipality, provider: LoopbackProvider
) -> None:
    keep(next_door, **ENTRA)
    assert signing.begin(None, DESK).status_code == 404
    begun = signing.begin(None, DESK, slug="next-door").json
    back = provider.approve(begun["address"], roles=["Plateia.Map"])
    keep(here, **ENTRA)
    assert signing.finish(None, begun, back).json["code"] == "not_proven"
    assert session.scalar(select(func.count()).select_from(Identity)) == 0


def test_an_account_of_another_kind_is_nobodys_in_a_provider_whose_audience_was_changed_once(
    signing: Signing, keep: Keep, here: Municipality, alice: Person
) -> None:
    keep(here, **ENTRA)
    assert signing.through(None, DESK, roles=["Plateia.Map"]).status_code == 201
    with transaction():
        row = session.scalars(select(IdentityProvider)).one()
        row.audience, row.settings = "resident", row.settings | {"roles": [], "redirects": [APP]}
    refused = signing.through(alice, APP, roles=["Plateia.Map"])
    assert (refused.status_code, refused.json["code"]) == (409, "somebody_else")
    assert signing.through(alice, APP, sub="alice").json["account"] == str(alice.account)
    with transaction():
        row = session.scalars(select(IdentityProvider)).one()
        row.audience, row.settings = "staff", row.settings | {"roles": [MAP], "redirects": [DESK]}
    refused = signing.through(None, DESK, sub="alice", roles=["Plateia.Map"])
    assert refused.json["code"] == "not_proven"
    assert roles_of(str(alice.account)) == set()
