"""What this slice holds about a person, for them to read."""

from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, case, select

from service.db import session
from service.people.audit_models import AuditDetail, AuditEntry
from service.people.auditing import ACTIONS
from service.people.contacts.former import former_accounts
from service.people.erasing import Person, of_account

HIDDEN = ("id", "digest", "hash", "secret", "seed", "pending", "sealed", "salt", "code", "pseudonym", "key")
"""Names, or last words of names, of columns that are never shown: keys of ours, and what proves who somebody is."""


def collect_account(person: Person) -> dict[str, Any]:
    """The account's rows by table, without keys and without anything by which somebody could sign in; and what the
    audit log says of the person."""
    rows = {table.name: rows_of(table, person.account_id) for table, _ in of_account(person.account_id)}
    return {name: found for name, found in sorted(rows.items()) if found} | {"audit_log": audited(person)}


def rows_of(table: Table, account_id: int) -> list[dict[str, Any]]:
    """The person's rows of one table."""
    theirs = dict(of_account(account_id))[table]
    shown = [column for column in table.columns if is_shown(column)]
    query = select(*shown).where(theirs).order_by(*table.primary_key)
    return [dict(row._mapping) for row in session.execute(query)] if shown else []


def is_shown(column: Column[Any]) -> bool:
    """Bytes are digests, pseudonyms and seeds, all of them."""
    name = column.key
    hidden = any(name == word or name.endswith(f"_{word}") for word in HIDDEN)
    return not hidden and not isinstance(column.type, LargeBinary)


def audited(person: Person) -> list[dict[str, Any]]:
    """The acts that were done to this person, or by them, under whichever account.

    Texts are about whom an act was done to: what staff did to somebody else is there without them.
    """
    about: ColumnElement[bool] = AuditDetail.resident.in_(
        [person.account, *former_accounts(person.account_id).values()]
    )
    text: Any = AuditDetail.text
    if person.kind != "resident":
        done_to_them = AuditEntry.subject == str(person.account)
        about = (AuditEntry.actor == person.account) | done_to_them
        text = case((done_to_them, AuditDetail.text)).label("text")
    query = (
        select(AuditEntry.at, AuditEntry.action, AuditEntry.facts, text)
        .outerjoin(AuditDetail, AuditDetail.entry_id == AuditEntry.id)
        .where(about)
        .order_by(AuditEntry.id)
    )
    return [
        {"at": row.at, "action": row.action, "what": ACTIONS.get(row.action), "facts": row.facts, "text": row.text}
        for row in session.execute(query)
    ]
