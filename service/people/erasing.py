"""An account goes with everything of this slice that hangs on it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, update

from service.db import Base, session
from service.municipalities.directory import Municipality
from service.outbox import targets
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.callers import Caller
from service.people.holding import held
from service.people.models import Account, Device
from service.people.staff.models import Invitation

ACCOUNTS: Table = Account.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Person:
    """Whose data it is, as the slices know them: the account, the names of their phones, where they are reached."""

    account_id: int
    account: uuid.UUID
    kind: str
    language: str
    since: datetime
    installations: tuple[str, ...]
    targets: tuple[int, ...]


def person_locked(municipality: Municipality, account: uuid.UUID) -> Person | None:
    """The person, locked: what would point at the account waits until this transaction ends. None: nobody is there."""
    query = select(Account).filter_by(municipality_id=municipality.id, uid=account).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return None if found is None else person_of(found, locked=True)


def is_still_there(caller: Caller) -> bool:
    """Whether the caller was not erased meanwhile; nobody erases them until this transaction ends."""
    return bool(held(caller.account_id))


def person_of(account: Account, locked: bool = False) -> Person:
    """The same of an account that was read."""
    phones = select(Device).where(Device.account_id == account.id).order_by(Device.id)
    devices = session.scalars(phones.with_for_update() if locked else phones).all()
    return Person(
        account_id=account.id,
        account=account.uid,
        kind=account.kind,
        language=account.language,
        since=account.created_at,
        installations=tuple(str(device.installation) for device in devices),
        targets=tuple(sorted(targets_of(account.id) | written_out(account))),
    )


def targets_of(account_id: int) -> set[int]:
    """Where this person, and nobody else, is reached: whatever target any of their rows names."""
    theirs, others = set(), set()
    for table, hangs in of_account(account_id):
        for column in table.columns:
            if column.key.endswith("target_id"):
                theirs |= set(session.scalars(select(column).where(hangs, column.is_not(None))))
                others |= set(session.scalars(select(column).where(~hangs, column.in_(theirs))))
    return theirs - others


def written_out(account: Account) -> set[int]:
    """The targets that are their address or number, though no row names them: for codes, for letters to staff."""
    kinds = (targets.ADDRESS, targets.CODE) if account.kind == "resident" else (targets.WORK, targets.CODE)
    return targets.ids_of(account.municipality_id, kinds, [account.email, account.phone])


def erase_account(person: Person) -> None:
    """Delete the account and what hangs on it here, and the personal part of what the audit log says of it."""
    erase_details(person)
    erase_invitations(person)
    for table, theirs in of_account(person.account_id):
        if table is not ACCOUNTS:
            session.execute(delete(table).where(theirs).execution_options(synchronize_session=False))
    for table in own_tables():
        for column in table.columns:
            if column.key.endswith("by_id") and not column.foreign_keys:
                session.execute(update(table).where(column == person.account_id).values({column.key: None}))
    session.execute(delete(ACCOUNTS).where(ACCOUNTS.c.id == person.account_id))
    session.expunge_all()


def erase_details(person: Person) -> None:
    """Delete text and salt of what the audit log says of this person; the entries stay and their chain holds."""
    about = select(AuditEntry.id).where(AuditEntry.subject == str(person.account))
    session.execute(
        delete(AuditDetail)
        .where(or_(AuditDetail.resident == person.account, AuditDetail.entry_id.in_(about)))
        .execution_options(synchronize_session=False)
    )


def erase_invitations(person: Person) -> None:
    """Delete what invites this person, who is staff already, once more."""
    address = select(Account.email).where(Account.id == person.account_id, Account.kind != "resident")
    here = select(Account.municipality_id).where(Account.id == person.account_id)
    session.execute(
        delete(Invitation)
        .where(Invitation.municipality_id == here.scalar_subquery(), Invitation.email == address.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def own_tables() -> list[Table]:
    """The tables of this slice, each before those that it points at."""
    mine = {
        mapper.local_table for mapper in Base.registry.mappers if mapper.class_.__module__.startswith(f"{__package__}.")
    }
    return [table for table in reversed(Base.metadata.sorted_tables) if table in mine]


def of_account(account_id: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Each table of this slice whose rows hang on an account, however indirectly, with the condition of the hanging."""
    for table in own_tables():
        found = hanging(table, account_id)
        if found is not None:
            yield table, found


def hanging(table: Table, account_id: int) -> ColumnElement[bool] | None:
    """Which rows of the table hang on the account; None where none can."""
    if table is ACCOUNTS:
        return table.c.id == account_id
    ways: list[ColumnElement[bool]] = []
    for column in table.columns:
        for key in column.foreign_keys:
            above: Any = key.column.table
            if above is not table and above in own_tables() and (owned := hanging(above, account_id)) is not None:
                ways.append(column.in_(select(key.column).where(owned)))
    return or_(*ways) if ways else None
