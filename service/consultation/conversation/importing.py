"""A conversation held with Polis becomes contributions and votes; of each participant's votes on one the last counts.

The files are those of Polis' export: `comments.csv` (comment-id, timestamp in milliseconds, moderated -1/0/1,
comment-body) and `votes.csv` (timestamp, comment-id, voter-id, vote 1 agrees, -1 disagrees, 0 passes). Nobody's
account is known, and names of participants are digested with the name of the consultation.
"""

import csv
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from sqlalchemy import insert

from service.consultation.conversation.contributing import COUNTED, KIND
from service.consultation.conversation.models import Contribution, Support, Thread
from service.consultation.conversation.resembling import keep_marks, marks_of
from service.consultation.conversation.supporting import recount
from service.consultation.conversation.threads import thread_locked
from service.consultation.models import Consultation
from service.db import session
from service.db.clock import now
from service.db.keys import new_uid
from service.db.upserts import add
from service.errors import Problem
from service.moderation.models import HIDDEN, ModerationCase
from service.municipalities.directory import Municipality
from service.sealing import pseudonym
from service.text import N_

POLIS = "polis"
REMOVED = "-1"
RULE = "off_topic"
VOTES = (-1, 0, 1)


class PolisNotUnderstood(Problem):
    """The files are not such an export; `line` of which `file` is the first one that is not understood."""

    status, code, message = 422, "polis_not_understood", N_("These files are no export of Polis.")


def import_polis(municipality: Municipality, about: Consultation, comments: str, votes: str, language: str) -> int:
    """Add all comments and votes of the export (the text of its files); inside `transaction()`. How many comments.

    Those that were moderated out there are hidden here. Raises PolisNotUnderstood.
    """
    thread = thread_locked(municipality, about, "consultation", str(about.uid))
    ids: dict[int, int] = {}
    for line, row in rows_of(comments):
        try:
            ids[int(row["comment-id"])] = add_comment(municipality, thread, row, language)
        except (KeyError, TypeError, ValueError):
            raise PolisNotUnderstood(file="comments", line=line) from None
    thread.contributions += len(ids)
    session.flush()
    given = [
        {"contribution_id": ids[comment], "participant": named(about, voter), "account_id": None, "vote": vote}
        for (comment, voter), vote in last_votes(votes, ids).items()
    ]
    if given:
        session.execute(insert(Support), given)
    for contribution_id in ids.values():
        recount(contribution_id)
    return len(ids)


def rows_of(text: str) -> list[tuple[int, Mapping[str, str]]]:
    """The rows of a file with the numbers of their lines."""
    reader = csv.DictReader(StringIO(text, newline=""))
    return [(reader.line_num, row) for row in reader]


def add_comment(municipality: Municipality, thread: Thread, row: Mapping[str, str], language: str) -> int:
    uid = new_uid()
    values: dict[str, Any] = dict.fromkeys((*COUNTED, "depth"), 0)
    values |= {"uid": uid, "municipality_id": municipality.id, "consultation_id": thread.consultation_id}
    values |= {"thread_id": thread.id, "language": language, "text": row["comment-body"], "official": False}
    values |= {"channel": POLIS, "created_at": datetime.fromtimestamp(int(row["timestamp"]) / 1000, UTC)}
    if row["moderated"] == REMOVED:
        hide(municipality, uid)
    added = add(Contribution, values)
    keep_marks(thread.consultation_id, {added: marks_of(row["comment-body"])})
    return added


def hide(municipality: Municipality, uid: uuid.UUID) -> None:
    """What was moderated out where it came from is not shown here either."""
    moment = now()
    case = ModerationCase(
        uid=new_uid(),
        municipality_id=municipality.id,
        kind=KIND,
        target=uid,
        state=HIDDEN,
        rule=RULE,
        opened_at=moment,
        decided_at=moment,
    )
    session.add(case)


def last_votes(votes: str, known: Mapping[int, int]) -> dict[tuple[int, str], int]:
    """The last vote of each participant on each known comment; of two at one time the later line. (comment, voter)."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for line, row in rows_of(votes):
        try:
            key, given = (int(row["comment-id"]), row["voter-id"]), (int(row["timestamp"]), int(row["vote"]))
        except (KeyError, TypeError, ValueError):
            raise PolisNotUnderstood(file="votes", line=line) from None
        if key[0] not in known or given[1] not in VOTES:
            raise PolisNotUnderstood(file="votes", line=line)
        if key not in found or given[0] >= found[key][0]:
            found[key] = given
    return {key: vote for key, (_, vote) in found.items()}


def named(about: Consultation, voter: str) -> bytes:
    return pseudonym(f"conversation {about.uid.hex}", about.municipality_id, f"{POLIS}:{voter}")
