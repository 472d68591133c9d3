"""A resident who has shown to a provider who they are is signed in, to one account on however many phones."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from service.db import session
from service.db.clock import now
from service.db.upserts import insert_if_absent
from service.errors import Problem, TryAgain
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.people.contacts.joining import join, own_device
from service.people.holding import locked
from service.people.identity.providers import Provider
from service.people.identity.proving import Proof, claim
from service.people.identity_models import Identity
from service.people.models import Account
from service.people.sessions import TokenGiven, begin_phone_session
from service.people.verified.knowing import Known, districts_of, known_of, year_in
from service.people.verified.models import VerifiedResident
from service.people.verified.verifying import AnotherPerson, IdentifierRefused, VerifiedElsewhere, person_of, verify
from service.sealing import pseudonym
from service.text import N_

MONTH = timedelta(days=30)


class SomebodyElse(Problem):
    """This phone belongs to somebody else, who has signed in with the same provider."""

    status, code = 409, "somebody_else"
    message = N_("This phone belongs to somebody else's account. Start the app anew to use your own.")


def sign_in_resident(
    municipality: Municipality, provider: Provider, proof: Proof, caller: Caller, days: int
) -> tuple[TokenGiven, str]:
    """A token of the person's account for the phone, and what their residence is: see `show_residence`.

    The first phone's account becomes the person's; another phone joins it with what its account had. Raises
    SomebodyElse.
    """
    owner = whose(provider, proof, caller)
    lasts = timedelta(days=days)
    account = session.get_one(Account, owner)
    if owner != caller.account_id:
        given = join(municipality, caller, owner, "provider", lasts)
    else:
        given = begin_phone_session(account, own_device(caller).id, now(), lasts)
    return given, show_residence(municipality, provider, proof, account)


def whose(provider: Provider, proof: Proof, caller: Caller) -> int:
    """The account that this identity belongs to from now on: the phone's own where it belonged to none.

    Raises SomebodyElse where the phone's account belongs to another person.
    """
    seen = owner_of(provider, proof, lock=False)
    there = locked(caller.account_id, caller.account_id if seen is None else seen)
    link(provider, proof, caller.account_id)
    owner = owner_of(provider, proof, lock=False)
    if owner is None:
        raise SomebodyElse
    if owner not in there and not locked(owner):  # before the identity, as everybody does
        raise TryAgain(retry_after=1)
    if owner_of(provider, proof) != owner:
        raise TryAgain(retry_after=1)
    theirs = select(Identity.id).filter_by(provider_id=provider.id, account_id=caller.account_id)
    if owner != caller.account_id and (session.scalar(theirs) or are_two_people(owner, caller.account_id)):
        raise SomebodyElse
    return owner


def are_two_people(*account_ids: int) -> bool:
    """Whether both accounts belong to verified residents: these are never the same person."""
    query = select(func.count()).where(VerifiedResident.account_id.in_(account_ids))
    return bool(session.scalar(query) == len(account_ids))


def link(provider: Provider, proof: Proof, account_id: int) -> None:
    """Let the identity belong to this account, unless it belongs to another or the account has another one."""
    row = {
        "provider_id": provider.id,
        "account_id": account_id,
        "subject_pseudonym": named(provider, proof),
        "linked_at": now(),
    }
    insert_if_absent(Identity, [row], returning=Identity.id)


def owner_of(provider: Provider, proof: Proof, lock: bool = True) -> int | None:
    """The account, of the provider's audience, that the identity belongs to; locked, until this transaction ends."""
    found = select(Identity.account_id).filter_by(provider_id=provider.id, subject_pseudonym=named(provider, proof))
    theirs = found.join(Account, Account.id == Identity.account_id).where(Account.kind == provider.audience)
    return session.scalar(theirs.with_for_update(of=Identity) if lock else theirs)


def named(provider: Provider, proof: Proof) -> bytes:
    """What is kept of the provider's name for a person."""
    return pseudonym("identity", provider.municipality_id, f"{provider.names_people_by}\n{proof.subject}")


def show_residence(municipality: Municipality, provider: Provider, proof: Proof, account: Account) -> str:
    """What the provider's word says of where the person lives.

    verified       they live here, and it is written down
    not_shown      the provider says something else, or nothing
    elsewhere      they live here, but are verified in another account, or somebody else is in this one
    not_asked      this provider's word is not asked for that
    """
    asked = provider.residence
    if not asked:
        return "not_asked"
    identifier = claim(proof.claims, asked["identifier"])
    if not isinstance(identifier, str) or not all(fits(proof, rule) for rule in asked["rules"]):
        return "not_shown"
    ends = now() + asked["months"] * MONTH if asked.get("months") else None
    try:
        person = person_of(municipality, identifier)
        districts = districts_of(municipality)
        known = known_of(municipality, identifier, told(districts, asked, proof), districts)
        facts = {"provider": provider.key}
        verify(municipality, account.uid, account.id, person, "provider", None, ends, facts, known)
    except IdentifierRefused:
        return "not_shown"
    except (VerifiedElsewhere, AnotherPerson):
        return "elsewhere"
    return "verified"


def told(districts: Collection[str], asked: Mapping[str, Any], proof: Proof) -> Known:
    """What the provider's word says of year of birth and district, where it was set to be asked for that."""
    born, where = asked.get("born"), asked.get("district")
    place = str(claim(proof.claims, where["claim"]) or "").strip() if where else ""
    district = where["keys"].get(place) if where else None
    is_there = district is not None and district in districts
    return Known(year_in(claim(proof.claims, born)) if born else None, district if is_there else None)


def fits(proof: Proof, rule: dict[str, Any]) -> bool:
    """Whether the claim has one of these values, or among its own."""
    found = claim(proof.claims, rule["claim"])
    told = found if isinstance(found, list) else [found]
    return any(str(value).strip() in rule["values"] for value in told if isinstance(value, str | int))
