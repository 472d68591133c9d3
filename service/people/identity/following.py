"""Staff who sign in with a provider: roles follow the groups that it names, at each sign-in. What was given by hand
stays.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.db.generations import grow
from service.db.keys import new_uid
from service.db.upserts import insert_if_absent
from service.errors import Problem, TryAgain
from service.municipalities.directory import Municipality
from service.people.appointing import SUBJECT
from service.people.auditing import record
from service.people.identity.linking import link, owner_of
from service.people.identity.providers import Provider
from service.people.identity.proving import Proof, claim, not_proven
from service.people.identity_models import FollowedRole
from service.people.models import Account, RoleGiven
from service.people.registering import STAFF
from service.people.roles import RolesRefused, check_roles
from service.people.ruling import RULERS, lock_staff, rulers
from service.people.sessions import TokenGiven, begin_session
from service.text import N_

Pair = tuple[str, int | None]
LONGEST_NAME = 200


class NoRoleHere(Problem):
    """The provider knows who it is, but nothing gives them a role in this municipality."""

    status, code = 403, "no_role_here"
    message = N_("You have no role in this municipality. Please ask an administrator.")


def sign_in_staff(municipality: Municipality, provider: Provider, proof: Proof) -> TokenGiven | None:
    """Tokens, once the roles are what the groups say; None where there is no role then, which is to be committed."""
    wanted = roles_for(municipality, provider, groups_of(provider, proof))
    account = staff_account(municipality, provider, proof, is_known_by_roles=bool(wanted))
    if account is None:
        return None
    follow(municipality, provider, account, wanted)
    if session.scalar(select(RoleGiven.id).filter_by(account_id=account.id).limit(1)) is None:
        return None
    return begin_session(account, None, "oidc", now())


def groups_of(provider: Provider, proof: Proof) -> set[str]:
    """The groups that the provider names. Raises NotProven where it had too many to name them."""
    path = provider.claims.get("groups")
    if path is None:
        return set()
    if path in (claim(proof.claims, "_claim_names") or {}):
        raise not_proven("groups are not in the token")
    found = claim(proof.claims, path)
    return {str(group) for group in found} if isinstance(found, list) else {str(found)} if found else set()


def roles_for(municipality: Municipality, provider: Provider, groups: Iterable[str]) -> set[Pair]:
    """The roles that members of these groups have."""
    keys = {(given["role"], given["department"]) for given in provider.roles if given["group"] in groups}
    known = [(role, key) for role, key in keys if key is None or key in municipality.departments]
    return {(role, None if key is None else municipality.departments[key].id) for role, key in known}


def staff_account(
    municipality: Municipality, provider: Provider, proof: Proof, is_known_by_roles: bool
) -> Account | None:
    """The account of this identity, locked: linked before; with the same e-mail address, if that is certain; or new.

    None: nobody that we know, and no group gives a role.
    """
    account_id = known_account(municipality, provider, proof)
    if account_id is None:
        if not is_known_by_roles:
            return None
        account_id = new_account(municipality, provider, proof)
    account = lock_staff(municipality, account_id).get(account_id)
    if account is None:
        raise not_proven("the account was erased meanwhile")
    link(provider, proof, account_id)
    if owner_of(provider, proof) != account_id:
        raise not_proven("another identity of this provider has this account")
    return account


def known_account(municipality: Municipality, provider: Provider, proof: Proof) -> int | None:
    """The account that the identity was linked with, or that has its certain address; it may go until it is locked."""
    return owner_of(provider, proof, lock=False) or same_address(municipality, provider, proof)


def same_address(municipality: Municipality, provider: Provider, proof: Proof) -> int | None:
    """The member of staff with the address that the provider vouches for."""
    address = certain_address(provider, proof)
    if address is None:
        return None
    return session.scalar(select(Account.id).filter_by(municipality_id=municipality.id, kind=STAFF, email=address))


def certain_address(provider: Provider, proof: Proof) -> str | None:
    """The e-mail address, if the provider says that it was verified, or its addresses are the municipality's own."""
    address = claim(proof.claims, provider.claims.get("email", "email"))
    certain = provider.owns_emails or claim(proof.claims, "email_verified") is True
    is_one = isinstance(address, str) and "@" in address and len(address) <= 254
    return address.strip().lower() if certain and is_one else None


def new_account(municipality: Municipality, provider: Provider, proof: Proof) -> int:
    """Somebody whom a group makes staff here for the first time."""
    name = claim(proof.claims, provider.claims.get("name", "name"))
    row = {
        "uid": new_uid(),
        "municipality_id": municipality.id,
        "kind": STAFF,
        "name": str(name).replace("\x00", "")[:LONGEST_NAME] if name else None,
        "email": certain_address(provider, proof),
        "language": municipality.main_language,
        "created_at": now(),
    }
    made = insert_if_absent(Account, [row], returning=Account.id)
    if not made:  # another sign-in with this address was faster, and has been waited for
        found = same_address(municipality, provider, proof)
        if found is None:
            raise TryAgain(retry_after=1)
        return found
    record(municipality.id, None, "staff_appointed", "staff", str(row["uid"]), {"provider": provider.key})
    return int(made[0])


def follow(municipality: Municipality, provider: Provider, account: Account, wanted: set[Pair]) -> None:
    """Take what the groups do not give any more, and give what they give now.

    The last who can decide who is staff keeps that role: a group that was emptied by mistake shuts nobody out.
    """
    query = select(RoleGiven, FollowedRole.provider_id).outerjoin(FollowedRole, FollowedRole.role_id == RoleGiven.id)
    before = [(role, follows) for role, follows in session.execute(query.where(RoleGiven.account_id == account.id))]
    kept = [pair_of(role) for role, follows in before if follows != provider.id or pair_of(role) in wanted]
    lost = [pair_of(role) for role, _ in before if role.role in RULERS and pair_of(role) not in kept]
    if lost and not any(role in RULERS for role, _ in kept) and rulers(municipality) <= {account.id}:
        kept += lost
        for pair in lost:
            note(municipality, provider, account, "role_kept", pair)
    for role, _ in before:
        if pair_of(role) not in kept:
            session.execute(delete(RoleGiven).where(RoleGiven.id == role.id))
            note(municipality, provider, account, "role_taken", pair_of(role))
    for pair in sorted(wanted.difference(kept), key=str):
        if goes_with(municipality, [*kept, pair]):
            give(municipality, provider, account, pair)
            kept.append(pair)
    grow(SUBJECT)


def goes_with(municipality: Municipality, pairs: Iterable[Pair]) -> bool:
    """Whether the table of roles allows all of these together."""
    departments = municipality.departments_by_id
    try:
        check_roles([(role, None if place is None else departments[place].key) for role, place in pairs])
    except RolesRefused:
        return False
    return True


def give(municipality: Municipality, provider: Provider, account: Account, pair: Pair) -> None:
    """Give a role that follows the groups."""
    role = RoleGiven(account_id=account.id, role=pair[0], department_id=pair[1])
    session.add(role)
    session.flush()
    session.add(FollowedRole(role_id=role.id, provider_id=provider.id))
    note(municipality, provider, account, "role_given", pair)


def pair_of(role: RoleGiven) -> Pair:
    return role.role, role.department_id


def note(municipality: Municipality, provider: Provider, account: Account, action: str, pair: Pair) -> None:
    department = None if pair[1] is None else municipality.departments_by_id[pair[1]].key
    facts: dict[str, Any] = {"role": pair[0], "department": department, "provider": provider.key}
    record(municipality.id, None, action, "staff", str(account.uid), facts)
