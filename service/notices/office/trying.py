"""Who writes a notice sends it to their own phone first: to the devices of the resident with the same address."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from time import time

from sqlalchemy import select

from service.db import session
from service.errors import Problem
from service.municipalities.directory import Municipality, municipality_with
from service.notices.inbox import PUSHED, reach
from service.notices.office.deciding import subject_of
from service.notices.office.models import Notice
from service.notices.office.wording import NOTICE, data_of, ensure_sendable, text_for
from service.outbox.expanding import Owed, Posted
from service.outbox.posting import owe
from service.people.callers import Caller
from service.people.models import Account
from service.people.registering import RESIDENT
from service.text import N_

NOTICE_TRIED = "notice_tried"
WORTH = timedelta(hours=1)


class NoOwnPhone(Problem):
    """No resident's account has the staff member's address confirmed, or none of its devices is told anything."""

    status, code, message = (
        409,
        "no_own_phone",
        N_("Confirm your work address in the app on your own phone first: the test is sent there."),
    )


def own_account(caller: Caller) -> Account | None:
    """The resident's account of this member of staff: the one that has confirmed the same address."""
    own = session.get_one(Account, caller.account_id)
    same = (Account.municipality_id == own.municipality_id, Account.kind == RESIDENT, Account.email == own.email)
    return session.scalar(select(Account).where(*same)) if own.email else None


def try_out(municipality: Municipality, caller: Caller, notice: Notice) -> int:
    """Owe the notice as it stands to the caller's own devices; how many.

    Raises NoOwnPhone, TextMissing, TextTooLong.
    """
    ensure_sendable(municipality, notice.texts, subject_of(notice))
    account = own_account(caller)
    person = None if account is None else reach(account.id)
    devices = [] if person is None else [target for target, channel in person.targets if channel in PUSHED]
    if account is None or not devices:
        raise NoOwnPhone
    payload = {"notice": str(notice.uid), "account_id": account.id, "texts": notice.texts}
    owe(municipality.id, NOTICE_TRIED, f"account:{account.uid}", int(time() * 1000) % 2**31, payload)
    return len(devices)


def who_tries_it(event: Posted) -> Iterator[Owed]:
    """The test on each device of whoever asked for it, in their language, under a tag of its own."""
    named = Notice.municipality_id == event.municipality_id, Notice.uid == uuid.UUID(event.payload["notice"])
    person, notice = reach(event.payload["account_id"]), session.scalar(select(Notice).where(*named))
    if person is None or notice is None:
        return
    here = municipality_with(event.municipality_id)
    title, body = text_for(here, event.payload["texts"], person.language)
    content = {"title": title, "body": body, "data": data_of(here, notice.uid, subject_of(notice))}
    for target_id, channel in person.targets:
        if channel in PUSHED:
            tag = f"{NOTICE}.test.{notice.uid}"
            yield Owed(target_id, tag, content, person_id=person.account_id, lasts=WORTH)
