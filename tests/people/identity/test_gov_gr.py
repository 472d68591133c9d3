"""The Greek GSIS (gov.gr) speaks OAuth 2.0 without ID tokens and says in XML who it is."""

from typing import Any

import pytest
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.people.identity_models import Identity
from service.people.verified.models import VerifiedResident
from tests.factories.people import Person, make_resident
from tests.people.identity.conftest import Keep, Signing
from tests.people.identity.provider_server import LoopbackProvider

MARIA = (
    '<root><userinfo userid="User068933130   " taxid="068933130   " lastname="ΠΑΠΑΔΟΠΟΥΛΟΥ" firstname="ΜΑΡΙΑ   " '
    'fathername="ΝΙΚΟΛΑΟΣ" mothername="ΕΛΕΝΗ" birthyear="1980"/></root>'
)


def gov_gr(provider: LoopbackProvider, **settings: Any) -> dict[str, Any]:
    """What is set for it."""
    places = {name: f"{provider.issuer}/{name}" for name in ("authorization", "token", "userinfo")}
    return {
        "kind": "oauth2_userinfo",
        "issuer": None,
        "scopes": "read",
        "endpoints": places,
        "claims": {"subject": "taxid"},
        **settings,
    }


def test_somebody_signs_in_with_their_tax_number_which_is_not_kept(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    keep(here, **gov_gr(provider))
    provider.about = MARIA
    answer = signing.through(alice)
    assert answer.status_code == 201, answer.json
    second = make_resident(here)
    assert signing.through(second).json["account"] == str(alice.account)
    (identity,) = session.scalars(select(Identity)).all()
    assert b"068933130" not in identity.subject_pseudonym


def test_that_it_says_who_somebody_is_does_not_say_where_they_live(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider
) -> None:
    residence = {"rules": [{"claim": "municipality", "values": ["ΚΟΖΑΝΗΣ"]}], "identifier": "taxid", "months": 12}
    keep(here, **gov_gr(provider, residence=residence))
    provider.about = MARIA
    assert signing.through(alice).json["residence"] == "not_shown"
    provider.about = MARIA.replace("birthyear", 'municipality="ΚΟΖΑΝΗΣ " birthyear')
    assert signing.through(alice).json["residence"] == "verified"
    assert len(session.scalars(select(VerifiedResident)).all()) == 1


@pytest.mark.parametrize(
    "about",
    [
        "<root/>",
        "<root><userinfo lastname='Χ'/></root>",
        "<root><userinfo taxid='  '/></root>",
        "not xml",
        "",
        "<root><userinfo taxid='1'",
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><root><userinfo taxid="&e;"/></root>',
        '<!DOCTYPE r [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]><root><userinfo taxid="&b;"/></root>',
        ["a list"],
    ],
)
def test_an_answer_that_names_nobody_signs_nobody_in(
    signing: Signing, keep: Keep, here: Municipality, alice: Person, provider: LoopbackProvider, about: Any
) -> None:
    keep(here, **gov_gr(provider))
    provider.about = about
    assert signing.through(alice).json["code"] in ("not_proven", "provider_away")
    assert session.scalars(select(Identity)).all() == []
