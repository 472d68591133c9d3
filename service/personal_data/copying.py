"""Everything that is held about a person, as a ZIP file for them: made by the worker, fetched by a short-lived link.

Whoever dies while it is made leaves nothing behind but at worst a file without a row, which is swept: the job begins
again, under the same name.
"""

import secrets
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

import orjson
from sqlalchemy import delete, select, update

from service.crash_points import crash_here
from service.db import session, stop_reading, transaction
from service.db.clock import now, seconds_from_now
from service.db.leases import changed
from service.db.upserts import insert_if_absent
from service.errors import NotFound, Problem
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.media.renditions import Rendition, key_of
from service.municipalities.directory import Municipality, municipality_with
from service.outbox.posting import owe
from service.people.auditing import record
from service.people.callers import Caller, digest
from service.people.erasing import person_of
from service.people.models import Account
from service.personal_data.messages import COPY_READY, file_words, read_me
from service.personal_data.models import PersonalCopy
from service.personal_data.slices import SLICES, collect
from service.storage.keeping import FileNotKept, Store
from service.text import N_

MAKE = "make_personal_copy"
FOLDER = "copies"
READABLE = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
MADE_WITHIN, KEPT_FOR, LINK_FOR = timedelta(days=2), timedelta(hours=24), timedelta(minutes=10)


class CopyNotReady(Problem):
    """The copy is still being made."""

    status, code, message = 409, "copy_not_ready", N_("Your data is still being collected. You will be told.")


class LinkNotValid(Problem):
    """The link was never given, is older than a few minutes, or what it leads to is gone; it is not said which."""

    status, code, message = 404, "link_not_valid", N_("This link is not valid any more. Please ask for a new one.")


@dataclass(frozen=True)
class Link:
    """The token of a link, as its owner sees it once."""

    token: str
    until: datetime


def copy_of(who: Caller) -> PersonalCopy:
    """The copy that this person asked for. Raises NotFound."""
    live = (PersonalCopy.account_id == who.account_id, PersonalCopy.expires_at > seconds_from_now(0))
    found = session.scalars(select(PersonalCopy).where(*live)).one_or_none()
    if found is None:
        raise NotFound
    return found


def ask(here: Municipality, who: Caller) -> PersonalCopy:
    """Plan a copy, inside a transaction; where there is one already, or it is being made, it is that one."""
    mine = PersonalCopy.account_id == who.account_id
    session.execute(delete(PersonalCopy).where(mine, PersonalCopy.expires_at <= seconds_from_now(0)))
    moment = now()
    row = {
        "uid": uuid.uuid4(),
        "municipality_id": here.id,
        "account_id": who.account_id,
        "language": here.language_for(who.language),
        "steps": len(SLICES),
        "asked_at": moment,
        "expires_at": moment + MADE_WITHIN,
    }
    if insert_if_absent(PersonalCopy, [row], returning=PersonalCopy.id):
        plan(MAKE, str(row["uid"]), municipality_id=here.id)
        record(here.id, who, "data_asked_for", who.kind, str(who.account))
    return session.scalars(select(PersonalCopy).where(mine)).one()


def give_link(here: Municipality, who: Caller) -> Link:
    """A link to the copy, inside a transaction; the one that was given before is worth nothing from now on."""
    copy = copy_of(who)
    if copy.file_key is None or copy.expires_at is None:
        raise CopyNotReady
    token = secrets.token_urlsafe(32)
    copy.link_digest, copy.link_until = digest(token), min(now() + LINK_FOR, copy.expires_at)
    record(here.id, who, "data_link_given", who.kind, str(who.account))
    return Link(token, copy.link_until)


def drop(who: Caller) -> None:
    """Let go of the copy, inside a transaction; a sweep takes the file."""
    session.execute(delete(PersonalCopy).where(PersonalCopy.account_id == who.account_id))


def opened(here: Municipality, token: str, store: Store) -> tuple[int, Iterator[bytes]]:
    """Length and bytes of what a link leads to. Raises LinkNotValid."""
    found = session.scalars(
        select(PersonalCopy).where(
            PersonalCopy.municipality_id == here.id,
            PersonalCopy.link_digest == digest(token),
            PersonalCopy.link_until > seconds_from_now(0),
        )
    ).one_or_none()
    if found is None or found.file_key is None:
        raise LinkNotValid
    try:
        return store.open(found.file_key)
    except FileNotKept:
        raise LinkNotValid from None


def make(job: Work, progress: Progress, store: Store) -> dict[str, Any]:
    """Make a copy that was asked for; the handler of the job."""
    uid = uuid.UUID(job.unique_key)
    found = session.execute(
        select(PersonalCopy, Account).join(Account).where(PersonalCopy.uid == uid, PersonalCopy.file_key.is_(None))
    ).one_or_none()
    if found is None:  # fetched no more, or erased meanwhile
        return {"made": False}
    copy, account = found
    here = municipality_with(copy.municipality_id)
    key = f"{FOLDER}/{here.slug}/{uid}.zip"
    with tempfile.TemporaryFile() as file:
        write(file, here, account, copy, store, progress)
        size = file.tell()
        file.seek(0)
        stop_reading()
        store.keep_stream(key, file)
    crash_here("after_copy_kept")
    with transaction():
        made = finish(copy, account.uid, key, size)
    if not made:
        store.delete(key)
    return {"made": made, "bytes": size}


def write(
    file: IO[bytes], here: Municipality, account: Account, copy: PersonalCopy, store: Store, progress: Progress
) -> None:
    """Write the whole ZIP, noting how far it is."""
    who, names, photos = person_of(account), [], []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in collect(here, who):
            names.append(name)
            archive.writestr(f"{name}.json", orjson.dumps(held, option=READABLE))
            photos += photos_in(held) if name == "reports" else []
            advance(copy, progress, len(names), len(SLICES) + len(photos))
        for place, (uid, path) in enumerate(photos, 1):
            add_photo(archive, here, uid, path, store)
            advance(copy, progress, len(SLICES) + place, len(SLICES) + len(photos))
        archive.writestr(f"{file_words(copy.language)}.txt", read_me(here, copy.language, names))


def photos_in(reports: list[dict[str, Any]]) -> list[tuple[uuid.UUID, str]]:
    """(photo, path in the ZIP) of every photo of these reports."""
    return [(photo["id"], photo["file"]) for report in reports for photo in report["photos"]]


def add_photo(archive: zipfile.ZipFile, here: Municipality, uid: uuid.UUID, path: str, store: Store) -> None:
    """Add the large rendition; one that was deleted meanwhile is left out."""
    with suppress(FileNotKept):
        archive.writestr(path, store.read(key_of(here.slug, uid, Rendition.LARGE)), zipfile.ZIP_STORED)


def advance(copy: PersonalCopy, progress: Progress, done: int, steps: int) -> None:
    """Write down how far it is, for who waits; this keeps the job's lease too."""
    with transaction():
        session.execute(update(PersonalCopy).where(PersonalCopy.id == copy.id).values(done=done, steps=steps))
        progress.note({"done": done, "steps": steps})


def finish(copy: PersonalCopy, account: uuid.UUID, key: str, size: int) -> bool:
    """The file is kept: it can be fetched, and its owner is told. False where nobody waits for it any more."""
    moment = now()
    values = {"file_key": key, "size": size, "ready_at": moment, "expires_at": moment + KEPT_FOR}
    waiting = update(PersonalCopy).where(PersonalCopy.id == copy.id, PersonalCopy.file_key.is_(None)).values(values)
    if not changed(waiting.values(done=PersonalCopy.steps).execution_options(synchronize_session=False)):
        return False
    payload = {"account_id": copy.account_id, "copy": str(copy.uid)}
    owe(copy.municipality_id, COPY_READY, f"account:{account}", copy.id, payload)
    return True


def sweep_copies(store: Store) -> dict[str, int]:
    """Delete the copies whose time is over, and the files that no row names; for a job."""
    with transaction():
        rows = changed(delete(PersonalCopy).where(PersonalCopy.expires_at <= seconds_from_now(0)))
    named = set(session.scalars(select(PersonalCopy.file_key).where(PersonalCopy.file_key.is_not(None))))
    stop_reading()
    files = 0
    for key, kept_at, _ in store.keys_with_age(FOLDER):
        if key not in named and kept_at < now() - timedelta(hours=1):
            store.delete(key)
            files += 1
    return {"rows": rows, "files": files}
