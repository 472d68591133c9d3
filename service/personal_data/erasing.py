"""Somebody is erased, whole or not at all, and that is written down without naming them.

The list of erasures says what a restore of an older backup must do again. It is a table, and the same once more in the
store of files, under `erasures/`, because a restore replaces the table.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, update

from service.crash_points import crash_here
from service.db import session, transaction
from service.db.clock import now
from service.db.upserts import insert_if_absent
from service.errors import NotFound
from service.jobs.planning import plan
from service.media.renditions import Rendition, key_of
from service.municipalities.directory import Municipality
from service.municipalities.models import Municipality as Row
from service.people.auditing import record
from service.people.contacts.former import former_accounts
from service.people.erasing import Person, person_locked
from service.people.models import Account
from service.personal_data.models import Erasure
from service.personal_data.slices import Wish, erase
from service.storage.keeping import Store

FOLDER = "erasures"
FINISH = "finish_erasure"


@dataclass(frozen=True)
class Listed:
    """One line of the list of erasures."""

    uid: uuid.UUID
    municipality: str
    account_digest: bytes
    public_kept: bool
    at: datetime

    def as_json(self) -> bytes:
        content = {
            "uid": self.uid,
            "municipality": self.municipality,
            "account_sha256": self.account_digest.hex(),
            "public_kept": self.public_kept,
            "at": self.at,
        }
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)

    @staticmethod
    def from_json(content: bytes) -> "Listed":
        """Raises ValueError, KeyError."""
        read: dict[str, Any] = orjson.loads(content)
        return Listed(
            uid=uuid.UUID(read["uid"]),
            municipality=read["municipality"],
            account_digest=bytes.fromhex(read["account_sha256"]),
            public_kept=bool(read["public_kept"]),
            at=datetime.fromisoformat(read["at"]),
        )


def account_digest(municipality: str, account: uuid.UUID) -> bytes:
    """What is kept of an erased account. Its uid has 74 random bits, which nobody guesses, so no key is needed; who
    restores a backup finds the account by its row, also after the installation's keys were changed.
    """
    return hashlib.sha256(f"plateia erasure\n{municipality}\n{account}".encode()).digest()


def erase_person(here: Municipality, account: uuid.UUID, keep_public: bool, asked_by: str) -> Listed:
    """Erase an account with everything about the person, inside a transaction. Raises NotFound.

    Accounts that were joined into it go too, each with a line of the list: an older backup has them as they were. The
    answer is the line of the account itself. `asked_by` is "person" or "operator". What remains to be done outside the
    database is planned.
    """
    listed = [erase_account(here, each, keep_public, asked_by) for each in all_locked(here, account)]
    crash_here("before_erasure_commit")
    return listed[0]


def all_locked(here: Municipality, account: uuid.UUID) -> list[Person]:
    """The person by their account and by each that was joined into it, locked in the order of their ids.

    Raises NotFound.
    """
    known = select(Account.id).filter_by(municipality_id=here.id, uid=account)
    account_id = session.scalar(known)
    if account_id is None:
        raise NotFound
    former = former_accounts(account_id)
    everybody = select(Account.id).where(Account.id.in_([account_id, *former])).order_by(Account.id)
    session.scalars(everybody.with_for_update()).all()
    people = [person_locked(here, uid) for uid in (account, *former_accounts(account_id).values())]
    if people[0] is None:
        raise NotFound
    return [who for who in people if who is not None]


def erase_account(here: Municipality, who: Person, keep_public: bool, asked_by: str) -> Listed:
    """Erase one account of a person, who is locked, and write it down."""
    photos = erase(here, who, Wish(keep_public))
    listed = Listed(uuid.uuid4(), here.slug, account_digest(here.slug, who.account), keep_public, now())
    add(here, listed)
    facts = {"kind": who.kind, "public_kept": keep_public, "asked_by": asked_by}
    record(here.id, None, "account_erased", "erasure", str(listed.uid), facts)
    plan_finish(here, listed, photos, key=str(listed.uid))
    return listed


def plan_finish(here: Municipality, listed: Listed, photos: Sequence[uuid.UUID], key: str) -> None:
    """Plan what is done outside the database, by the worker, soon."""
    payload = {"erasure": str(listed.uid), "photos": [str(uid) for uid in photos]}
    plan(FINISH, key, payload=payload, municipality_id=here.id)


def add(here: Municipality, listed: Listed) -> None:
    """Write an erasure down, unless it is there."""
    row = {
        "uid": listed.uid,
        "municipality_id": here.id,
        "account_digest": listed.account_digest,
        "public_kept": listed.public_kept,
        "at": listed.at,
    }
    insert_if_absent(Erasure, [row], returning=Erasure.id)


def finish(store: Store, here: Municipality, uid: uuid.UUID, photos: Sequence[str]) -> int:
    """Write the erasure into the store and delete the files of its photos; how many. Done twice, it is done once."""
    found = session.scalars(select(Erasure).where(Erasure.municipality_id == here.id, Erasure.uid == uid)).one()
    listed = Listed(found.uid, here.slug, found.account_digest, found.public_kept, found.at)
    store.keep(key_of_listed(listed), listed.as_json())
    crash_here("after_erasure_listed")
    for photo in photos:
        for rendition in Rendition:
            store.delete(key_of(here.slug, uuid.UUID(photo), rendition))
    with transaction():
        session.execute(update(Erasure).where(Erasure.uid == uid).values(listed_at=now()))
    return len(photos)


def key_of_listed(listed: Listed) -> str:
    return f"{FOLDER}/{listed.municipality}/{listed.uid}.json"


def listed_in(store: Store) -> Iterator[Listed]:
    """The list as the store has it."""
    for key, _, _ in store.keys_with_age(FOLDER):
        yield Listed.from_json(store.read(key))


def listed_here() -> list[Listed]:
    """The list as the database has it."""
    query = select(Erasure.uid, Row.slug, Erasure.account_digest, Erasure.public_kept, Erasure.at).join(Row)
    return [Listed(*row) for row in session.execute(query)]


def erase_again(municipalities: Iterable[Municipality], listed: Iterable[Listed]) -> int:
    """Erase whoever of the list has come back with a backup, inside a transaction; how many."""
    wanted = {each.account_digest: each for each in listed}
    erased = 0
    for here in municipalities:
        for account in session.scalars(select(Account.uid).where(Account.municipality_id == here.id)).all():
            known = wanted.get(account_digest(here.slug, account))
            if known is not None:
                erase_known(here, account, known)
                erased += 1
        for each in wanted.values():
            if each.municipality == here.slug:
                add(here, each)
    return erased


def erase_known(here: Municipality, account: uuid.UUID, known: Listed) -> None:
    """Erase somebody once more as they were erased before."""
    who = person_locked(here, account)
    if who is None:
        raise NotFound
    photos = erase(here, who, Wish(known.public_kept))
    record(here.id, None, "erasure_applied_again", "erasure", str(known.uid), {"photos": len(photos)})
    plan_finish(here, known, photos, key=f"{known.uid} again {now().isoformat()}")
