"""Reports and photos on their way in over HTTP: whose they are, whether they came before, and what comes of them."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from service.crash_points import crash_here
from service.db import stop_reading, transaction
from service.db.keys import new_uid
from service.errors import Problem
from service.idempotency.keeping import Request, digest_of, keep, outcome_of
from service.media.attaching import PhotoNotFound, record_attached, store_photo
from service.media.finding import photos_named
from service.municipalities.directory import Municipality
from service.people.callers import Caller
from service.reports.models import Report
from service.reports.submitting import NewReport, Placed, place_report, submit_report
from service.storage.keeping import Store
from service.text import N_

ROUTE = "reports"
ANONYMOUS = "anonymous"


class ReportIdTaken(Problem):
    """The id that the phone made exists already; it is not said whose it is."""

    status, code, message = 409, "report_id_taken", N_("This report cannot be sent. Please start a new one.")


def uploader(who: Caller | None) -> str:
    """Whose the photos are, until they belong to a report."""
    return str(who.account) if who else ANONYMOUS


def reporter_of(who: Caller | None) -> int | None:
    """The account of who reports; None is anonymous."""
    return who.account_id if who else None


@dataclass(frozen=True)
class Taken:
    """A report that was taken in, with its photos; `report` is None where the same came before."""

    uid: uuid.UUID
    report: Report | None = None
    photos: Sequence[Any] = ()


def take_in(municipality: Municipality, who: Caller | None, key: str, body: Mapping[str, Any]) -> Taken:
    """Take in a report whose photos were sent before."""
    sent = photos_named(municipality, body["photos"])
    if len(sent) < len(set(body["photos"])):
        raise PhotoNotFound
    new = new_report(body, body["photos"])
    request = request_of(municipality, who, key, body, new, [sent[uid].sha256 for uid in body["photos"]])
    stop_reading()  # so that map and rules are the newest
    try:
        placed = place_report(municipality, new, reporter_of(who), len(new.photos))
    except Problem:
        before = outcome_of(request)  # what was taken then may be refused now
        if before is None:
            raise
        return Taken(before)
    return commit(municipality, who, request, new, placed, sent=[sent[uid] for uid in dict.fromkeys(body["photos"])])


def take_in_whole(
    municipality: Municipality,
    who: Caller | None,
    key: str,
    body: Mapping[str, Any],
    photos: Sequence[bytes],
    store: Store,
) -> Taken:
    """Take in a report with its photos. Those of a retry are not decoded."""
    hashes = [hashlib.sha256(photo).hexdigest() for photo in photos]
    new = new_report(body, ())
    request = request_of(municipality, who, key, body, new, hashes)
    before = outcome_of(request)
    if before is not None:
        return Taken(before)
    stop_reading()  # so that map and rules are the newest
    placed = place_report(municipality, new, reporter_of(who), len(photos))
    stop_reading()  # nothing is held while photos are decoded and kept
    kept = [store_photo(municipality, uploader(who), photo, store) for photo in photos]
    new = replace(new, photos=tuple(photo.uid for photo in kept))
    return commit(municipality, who, request, new, placed, kept)


def commit(
    municipality: Municipality,
    who: Caller | None,
    request: Request,
    new: NewReport,
    placed: Placed,
    kept: Sequence[Any] = (),
    sent: Sequence[Any] = (),
) -> Taken:
    """The one transaction of a report; of simultaneous retries one works and the others get its outcome.

    What the map says is known before, so that nothing is built or looked up while the lock is held.
    """
    try:
        with transaction():
            before = keep(request, 201, new.uid)
            if before is not None:
                return Taken(before)
            crash_here("after_keep")
            if kept:
                record_attached(kept, f"report:{new.uid}")
            report = submit_report(municipality, new, placed, reporter_of(who), uploader(who), recorded=bool(kept))
    except IntegrityError as error:
        if "uid" in str(error.orig):
            raise ReportIdTaken from None
        raise
    crash_here("after_commit")
    return Taken(new.uid, report, [*kept, *sent])


def request_of(
    municipality: Municipality,
    who: Caller | None,
    key: str,
    body: Mapping[str, Any],
    new: NewReport,
    photos: Sequence[str],
) -> Request:
    """The request as it is recognised again, whatever the token, the multipart boundary and the photos' ids are.

    What is left out is the same as what is said to be the usual. Both ways in have one name, because a phone that
    cannot send a report in one call may send it in two: the same key is the same report.
    """
    fields = asdict(new) | {"uid": body.get("id"), "photos": photos}
    installation = str(who.installation or who.account) if who else ANONYMOUS
    return Request(municipality.id, installation, ROUTE, key, digest_of(fields))


def new_report(body: Mapping[str, Any], photos: Sequence[uuid.UUID]) -> NewReport:
    """The body as the rule knows it."""
    asset = body.get("asset")
    return NewReport(
        uid=body.get("id") or new_uid(),
        category=body["category"],
        longitude=body["longitude"],
        latitude=body["latitude"],
        description=body["description"],
        accuracy=body.get("accuracy"),
        address=body.get("address"),
        asset=(asset["layer"], asset["feature"]) if asset else None,
        answers=body["answers"],
        photos=tuple(photos),
        language=body.get("language"),
    )
