"""Somebody becomes staff, with roles. The password's hash is made before the transaction."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.db.generations import grow
from service.db.keys import new_uid
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.models import Account, RoleGiven
from service.people.registering import STAFF
from service.people.roles import check_roles
from service.people.sessions import end_sessions
from service.people.signing_in import set_password

SUBJECT = "staff"


def appoint(
    municipality: Municipality,
    email: str,
    name: str,
    roles: Iterable[tuple[str, str | None]],
    password_hash: str,
) -> Account:
    """Make the staff account, or give it this name, password and exactly these (role, department key) pairs.

    Who was signed in with the former password is so no longer.

    Raises RolesRefused, KeyError for an unknown department.
    """
    given = list(roles)
    check_roles(given)
    address = email.strip().lower()
    account = session.scalar(select(Account).filter_by(municipality_id=municipality.id, kind=STAFF, email=address))
    if account is None:
        account = Account(
            uid=new_uid(),
            municipality_id=municipality.id,
            kind=STAFF,
            email=address,
            language=municipality.main_language,
            created_at=now(),
        )
        session.add(account)
    account.name = name
    targets.register(municipality.id, "email", targets.WORK, address)
    grow(SUBJECT)
    session.flush()
    set_password(account.id, password_hash)
    end_sessions(account.id)
    session.execute(delete(RoleGiven).where(RoleGiven.account_id == account.id))
    for role, department in given:
        department_id = None if department is None else municipality.departments[department].id
        session.add(RoleGiven(account_id=account.id, role=role, department_id=department_id))
    session.flush()
    return account
