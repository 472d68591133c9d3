"""Administrators decide who is staff and with which roles; nobody decides it of themselves.

Whoever takes a role away locks the administrators first and looks whether they are still one of them: of two who would
remove each other at once one comes too late, and a municipality is never left without one. An operator's command does
the same with nobody as the caller, and may.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, or_, select

from service.db import session
from service.db.clock import seconds_from_now
from service.db.generations import grow
from service.db.types import AnyRow
from service.errors import Forbidden, NotFound, Problem
from service.municipalities.changing import change_settings
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.appointing import SUBJECT
from service.people.auditing import record
from service.people.callers import Caller
from service.people.models import Account, Password, RoleGiven
from service.people.registering import STAFF
from service.people.roles import ROLES, allows
from service.people.ruling import lock_staff, rulers
from service.people.session_models import Session
from service.people.sessions import end_sessions
from service.people.staff.authenticators import remove_authenticator
from service.people.staff.inviting import Roles, check_roles_here
from service.people.staff.models import Authenticator
from service.text import N_


class NotOfOneself(Problem):
    """Another administrator does this: nobody changes their own roles or removes themselves."""

    status, code = 409, "not_of_oneself"
    message = N_("You cannot do this to yourself. Please ask another administrator.")


def staff_of(municipality: Municipality, after: int, limit: int) -> Sequence[AnyRow]:
    """Who works here: accounts with a role or a password, in the order in which they came, after this one."""
    has_role = select(RoleGiven.id).where(RoleGiven.account_id == Account.id).exists()
    query = people(municipality).where(Account.id > after, or_(has_role, Password.id.is_not(None)))
    return session.execute(query.order_by(Account.id).limit(limit)).all()


def people(municipality: Municipality) -> Select[Any]:
    """Staff accounts, with what shows how they sign in, and where they are signed in."""
    theirs = Session.account_id == Account.id, Session.expires_at > seconds_from_now(0)
    return (
        select(
            Account.id,
            Account.uid,
            Account.name,
            Account.email,
            Password.id.is_not(None).label("has_password"),
            Authenticator.seed.is_not(None).label("has_authenticator"),
            select(func.count()).where(*theirs).scalar_subquery().label("sessions"),
            select(func.max(Session.seen_at)).where(*theirs).scalar_subquery().label("seen_at"),
        )
        .outerjoin(Password, Password.account_id == Account.id)
        .outerjoin(Authenticator, Authenticator.account_id == Account.id)
        .where(Account.municipality_id == municipality.id, Account.kind == STAFF)
    )


def roles_of(account_ids: Sequence[int]) -> dict[int, list[tuple[str, int | None]]]:
    """The (role, department id) pairs of each of these accounts, as the table of roles orders them."""
    query = select(RoleGiven.account_id, RoleGiven.role, RoleGiven.department_id).where(
        RoleGiven.account_id.in_(account_ids)
    )
    found: dict[int, list[tuple[str, int | None]]] = {account_id: [] for account_id in account_ids}
    order = list(ROLES)
    for row in sorted(session.execute(query).all(), key=lambda row: (order.index(row.role), row.department_id or 0)):
        found[row.account_id].append((row.role, row.department_id))
    return found


def member(municipality: Municipality, uid: uuid.UUID) -> AnyRow:
    """One member of staff, also one who was. Raises NotFound."""
    found = session.execute(people(municipality).where(Account.uid == uid)).one_or_none()
    if found is None:
        raise NotFound
    return found


def colleagues(municipality: Municipality, reached: frozenset[int] | None) -> list[tuple[AnyRow, list[int] | None]]:
    """Who can have a report in hand in these departments (None: in any), with the departments of each; None is all."""
    query = (
        select(Account.id, Account.uid, Account.name, RoleGiven.role, RoleGiven.department_id)
        .join(RoleGiven, RoleGiven.account_id == Account.id)
        .where(Account.municipality_id == municipality.id, Account.kind == STAFF)
        .order_by(Account.name, Account.id)
    )
    rows = [row for row in session.execute(query) if allows(row.role, "handle_reports", row.department_id is not None)]
    found: dict[int, tuple[AnyRow, set[int] | None]] = {}
    for row in rows:
        _, departments = found.get(row.id, (row, set()))
        anywhere = departments is None or row.department_id is None
        found[row.id] = (row, None if anywhere else {*(departments or ()), row.department_id})
    return [
        (row, None if departments is None else sorted(departments))
        for row, departments in found.values()
        if departments is None or reached is None or departments & reached
    ]


def to_change(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> Account:
    """The member of staff, locked with the administrators, for one who still is an administrator.

    Raises NotFound, NotOfOneself, Forbidden.
    """
    named = {"municipality_id": municipality.id, "kind": STAFF, "uid": uid}
    account_id = session.scalar(select(Account.id).filter_by(**named))
    locked = lock_staff(municipality, *([] if account_id is None else [account_id]))
    if caller.account_id not in rulers(municipality):
        raise Forbidden
    if account_id not in locked:
        raise NotFound
    if account_id == caller.account_id:
        raise NotOfOneself
    return locked[account_id]


def change_roles(municipality: Municipality, caller: Caller, uid: uuid.UUID, roles: Roles) -> Account:
    """Give exactly these roles. Raises RolesRefused, NotFound, NotOfOneself, Forbidden."""
    check_roles_here(municipality, roles)
    account = to_change(municipality, caller, uid)
    before = set(roles_of([account.id])[account.id])
    after = {(role, None if key is None else municipality.departments[key].id) for role, key in roles}
    for role, department_id in sorted(before - after, key=str):
        take(municipality, caller, account, role, department_id)
    for role, department_id in sorted(after - before, key=str):
        session.add(RoleGiven(account_id=account.id, role=role, department_id=department_id))
        note(municipality, caller, "role_given", account, facts_of(municipality, role, department_id))
    grow(SUBJECT)
    return account


def take(municipality: Municipality, caller: Caller, account: Account, role: str, department_id: int | None) -> None:
    """Take one role away."""
    place = RoleGiven.department_id.is_(None) if department_id is None else RoleGiven.department_id == department_id
    session.execute(delete(RoleGiven).where(RoleGiven.account_id == account.id, RoleGiven.role == role, place))
    note(municipality, caller, "role_taken", account, facts_of(municipality, role, department_id))


def facts_of(municipality: Municipality, role: str, department_id: int | None) -> dict[str, Any]:
    department = None if department_id is None else municipality.departments_by_id[department_id].key
    return {"role": role, "department": department}


def note(
    municipality: Municipality, caller: Caller | None, action: str, account: Account, facts: dict[str, Any]
) -> None:
    record(municipality.id, caller, action, "staff", str(account.uid), facts)


def remove(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> None:
    """Somebody is staff no longer: roles, password, authenticator and sessions go; what they did stays theirs.

    Raises NotFound, NotOfOneself, Forbidden.
    """
    dismiss(municipality, caller, to_change(municipality, caller, uid))


def dismiss(municipality: Municipality, caller: Caller | None, account: Account) -> int:
    """Take everything by which somebody, who is locked, is staff, and write it down; how many sessions ended."""
    facts = {"roles": [list(facts_of(municipality, *pair).values()) for pair in roles_of([account.id])[account.id]]}
    session.execute(delete(RoleGiven).where(RoleGiven.account_id == account.id))
    session.execute(delete(Password).where(Password.account_id == account.id))
    remove_authenticator(account.id)
    ended = end_sessions(account.id)
    letters_go_to = targets.id_of(municipality.id, "email", targets.WORK, account.email)
    if letters_go_to is not None:
        targets.retire(letters_go_to, "removed")
    grow(SUBJECT)
    note(municipality, caller, "staff_removed", account, facts | {"sessions_ended": ended})
    return ended


def end_sessions_of(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> int:
    """Sign somebody out everywhere; how many sessions there were. Raises NotFound, NotOfOneself, Forbidden."""
    return sign_out(municipality, caller, to_change(municipality, caller, uid))


def sign_out(municipality: Municipality, caller: Caller | None, account: Account) -> int:
    """The same to somebody who is locked."""
    ended = end_sessions(account.id)
    note(municipality, caller, "sessions_ended", account, {"sessions": ended})
    return ended


def reset_authenticator(municipality: Municipality, caller: Caller, uid: uuid.UUID) -> None:
    """Forget the authenticator and recovery codes of who has lost both, and sign them out everywhere.

    Raises NotFound, NotOfOneself, Forbidden.
    """
    forget_second_step(municipality, caller, to_change(municipality, caller, uid))


def forget_second_step(municipality: Municipality, caller: Caller | None, account: Account) -> None:
    """The same of somebody who is locked."""
    had_one = remove_authenticator(account.id)
    ended = end_sessions(account.id)
    note(municipality, caller, "second_factor_removed", account, {"had_one": had_one, "sessions_ended": ended})


def decide(municipality: Municipality, caller: Caller, wanted: Mapping[str, Any]) -> None:
    """Change settings of the municipality; what was different before is written down."""
    changed = change_settings(municipality.id, wanted)
    if changed:
        record(municipality.id, caller, "settings_changed", "municipality", municipality.slug, changed)
