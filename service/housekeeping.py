"""The recurring work of a deployment: each kind is one row of the jobs table, and one handler here."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import select

from service.consultation import closing, ending, observing, releasing, telling
from service.consultation.models import Consultation
from service.consultation.questionnaires import closing as questionnaires
from service.consultation.results import keeping as result_files
from service.crash_points import crash_here
from service.db import db, session, transaction
from service.db.engine import empty_write_ahead_log
from service.fetching.fetching import Fetcher
from service.gis import pulling, uploading
from service.gis.comparisons import compare_ground, forget_compared
from service.gis.scheduling import publish_draft
from service.gis.writing import forget_some
from service.idempotency.keeping import forget_old
from service.jobs.planning import RECURRING, change_rhythm, forget_recurring, plan
from service.jobs.working import Interrupted, LeaseLost, Progress, Work
from service.media.sweeping import sweep
from service.municipalities.directory import municipalities, municipality_with
from service.news import pulling as news_pulling
from service.news.moving import PUBLISH_ARTICLE
from service.news.scheduling import expire_article, forget_sign_ups, publish_article
from service.news.shelving import EXPIRE_ARTICLE
from service.news.sourcing import FETCH_NEWS
from service.notices.digests import owe_some
from service.notices.office.counting import finish_one, keep_some_figures
from service.notices.office.deciding import CLEAR_NOTICE, SEND_NOTICE, send_planned
from service.outbox.retaining import (
    cancel_some,
    expire_overdue,
    forget_events,
    forget_farewells,
    forget_finished,
    forget_retired,
)
from service.people.chaining import seal_some, verify
from service.people.contacts.codes import forget_expired_codes
from service.people.contacts.joining import JOIN_ACCOUNTS
from service.people.sessions import forget_expired_sessions
from service.people.staff.authenticators import forget_halves
from service.people.staff.inviting import forget_invitations
from service.personal_data import copying
from service.personal_data.erasing import finish
from service.personal_data.joining import join_accounts
from service.plans import exporting
from service.plans import uploading as plan_uploading
from service.reports.closing import close_resolved
from service.reports.digesting import all_news, owe_digest
from service.reports.messages import DEPARTMENT_DIGEST
from service.storage.making import forget_dead

log = structlog.get_logger()

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3600, 86400

EVERY: Mapping[str, int] = {
    "close_questionnaires": MINUTE,
    "close_resolved": HOUR,
    "department_digests": HOUR,
    "forget_answers": DAY,
    "forget_codes": QUARTER,
    "forget_messages": DAY,
    "forget_targets": DAY,
    "forget_sessions": DAY,
    "forget_sign_ups": DAY,
    "empty_log": DAY,
    "finish_notices": MINUTE,
    "mail_digests": QUARTER,
    ending.PLAN_CLOSINGS: HOUR,
    releasing.RELEASE: HOUR,
    telling.TELL_CONSULTATIONS: QUARTER,
    "seal_audit": QUARTER,
    "sweep_copies": HOUR,
    "sweep_drafts": HOUR,
    "sweep_photos": DAY,
    "sweep_uploads": DAY,
    "verify_audit": DAY,
}
"""Kind of recurring job → seconds from one run to the next."""


NEWEST_KEPT = (DEPARTMENT_DIGEST, observing.HEAD_SIGNED)
"""Kinds of event whose newest one of each subject is never forgotten: the next digest begins where the last ended, and
no mailbox gets the same head again.
"""


def plan_recurring() -> None:
    """See that each recurring job has its row and its rhythm, and no other kind has one; inside a transaction."""
    for kind, seconds in EVERY.items():
        if plan(kind, RECURRING, every_seconds=seconds) is None:
            change_rhythm(kind, seconds)
    forget_recurring(but=tuple(EVERY))


def until_none_left(step: Callable[[], int], progress: Progress) -> dict[str, int]:
    """Repeat a step in short transactions until it finds nothing more; how much it did."""
    done = int((progress.value or {}).get("done", 0))
    while True:
        with transaction():
            count = step()
            progress.note({"done": done + count})
        if count == 0:
            return {"done": done}
        done += count
        progress.save({"done": done})


def close_all_resolved(job: Work, progress: Progress) -> Any:
    return until_none_left(close_resolved, progress)


def digests(job: Work, progress: Progress) -> Any:
    owed = int((progress.value or {}).get("owed", 0))
    for news in all_news():
        owed += 1
        with transaction():
            owe_digest(news)
            progress.note({"owed": owed})
        progress.save({"owed": owed})
    return {"owed": owed}


def forget_answers(job: Work, progress: Progress) -> Any:
    with transaction():
        return {"forgotten": forget_old()}


def forget_codes(job: Work, progress: Progress) -> Any:
    with transaction():
        forgotten = forget_expired_codes()
    return {"forgotten": forgotten} | until_none_left(expire_overdue, progress)


def join_two(job: Work, progress: Progress) -> Any:
    with transaction():
        here = municipality_with(int(job.municipality_id or 0))
        return {"joined": join_accounts(here, job.payload["from"], job.payload["to"])}


def forget_messages(job: Work, progress: Progress) -> Any:
    return until_none_left(forget_some_messages, progress)


def forget_some_messages() -> int:
    """One step of it: a delivery goes before its event."""
    return expire_overdue() or forget_finished() or forget_events(NEWEST_KEPT)


def forget_targets(job: Work, progress: Progress) -> Any:
    return until_none_left(lambda: forget_retired() or forget_farewells(), progress)


def forget_sessions(job: Work, progress: Progress) -> Any:
    with transaction():
        return {"forgotten": forget_expired_sessions() + forget_halves() + forget_invitations()}


def sweep_drafts(job: Work, progress: Progress) -> Any:
    return until_none_left(lambda: forget_some() or forget_compared(), progress)


def sweep_photos(job: Work, progress: Progress) -> Any:
    return asdict(sweep(current_app.config["STORE"], after_a_part=lambda: progress.save(None)))


def sweep_uploads(job: Work, progress: Progress) -> Any:
    store = current_app.config["STORE"]
    plan_files = plan_uploading.sweep_plan_files(store, (plan_uploading.FOLDER, exporting.FOLDER, result_files.FOLDER))
    with transaction():
        forget_dead()
    return {"files": uploading.sweep_uploads(store) + plan_files}


def empty_log(job: Work, progress: Progress) -> Any:
    return {"emptied": empty_write_ahead_log(db.engine)}


def seal_audit(job: Work, progress: Progress) -> Any:
    sealed = 0
    for here in municipalities().values():
        while count := seal_some(here):
            sealed += count
            progress.save({"sealed": sealed})
    return {"sealed": sealed}


def verify_audit(job: Work, progress: Progress) -> Any:
    broken = {}
    for here in municipalities().values():
        found = verify(here)
        progress.save(None)
        if found.broken:
            broken[here.slug] = found.broken
            log.error("audit_chain_broken", municipality=here.slug, broken=found.broken)
    return {"broken": broken}


def sweep_copies(job: Work, progress: Progress) -> Any:
    return copying.sweep_copies(current_app.config["STORE"])


def make_personal_copy(job: Work, progress: Progress) -> Any:
    return copying.make(job, progress, current_app.config["STORE"])


def finish_erasure(job: Work, progress: Progress) -> Any:
    here = municipality_with(job.municipality_id or 0)
    erasure, photos = uuid.UUID(job.payload["erasure"]), job.payload["photos"]
    return {"photos": finish(current_app.config["STORE"], here, erasure, photos)}


def send_notice(job: Work, progress: Progress) -> Any:
    with transaction():
        planned = uuid.UUID(job.payload["notice"]), job.payload["version"]
        begun = send_planned(job.municipality_id or 0, *planned)
        progress.note(job.payload)
    crash_here("after_notice_begun")
    return {"begun": begun}


def clear_notice(job: Work, progress: Progress) -> Any:
    return until_none_left(lambda: cancel_some(job.payload["events"]), progress)


def finish_notices(job: Work, progress: Progress) -> Any:
    return until_none_left(lambda: finish_one() or keep_some_figures(), progress)


def mail_digests(job: Work, progress: Progress) -> Any:
    base = current_app.config["PLATEIA"].public_url.rstrip("/")
    return until_none_left(lambda: owe_some(base), progress)


def import_layer(job: Work, progress: Progress) -> Any:
    return uploading.import_layer(job, progress, current_app.config["STORE"])


def read_plan_file(job: Work, progress: Progress) -> Any:
    return plan_uploading.read_upload(job, progress, current_app.config["STORE"])


def write_plan_file(job: Work, progress: Progress) -> Any:
    return exporting.write_file(job, progress, current_app.config["STORE"])


def fetch_layer(job: Work, progress: Progress) -> Any:
    settings = current_app.config["PLATEIA"]
    return pulling.fetch_layer(job, progress, Fetcher(settings.fetch_allowed))


def fetch_news(job: Work, progress: Progress) -> Any:
    settings = current_app.config["PLATEIA"]
    return news_pulling.fetch_news(job, progress, Fetcher(settings.fetch_allowed))


def forget_who_came(job: Work, progress: Progress) -> Any:
    return until_none_left(forget_sign_ups, progress)


def release_ballots(job: Work, progress: Progress) -> Any:
    released = 0
    for consultation in releasing.running():
        released += releasing.release(consultation)
        progress.save({"released": released})
    return {"released": released}


def close_consultation(job: Work, progress: Progress) -> Any:
    uid = uuid.UUID(job.payload["consultation"])
    found = session.scalars(select(Consultation.id).where(Consultation.uid == uid)).one()
    told = closing.Told(lambda step: progress.save({"step": step}), lambda step: progress.note({"step": step}))
    if not closing.close(found, current_app.config["STORE"], told):
        raise ending.NotOverYet
    return {"closed": True}


def tell_consultations(job: Work, progress: Progress) -> Any:
    told = 0
    if telling.anything_to_tell():
        with transaction():
            told = telling.tell_begun() + telling.tell_ending_soon()
    if observed := observing.unobserved():
        with transaction():
            told += sum(map(observing.send_head, observed))
    return {"told": told}


def plan_closings(job: Work, progress: Progress) -> Any:
    with transaction():
        return {"planned": ending.plan_lost()}


def close_questionnaires(job: Work, progress: Progress) -> Any:
    closed, faults = 0, []
    for each in questionnaires.due():
        try:
            closed += questionnaires.close(each, lambda: progress.save(None))
        except (Interrupted, LeaseLost):
            raise
        except Exception as fault:  # one that cannot be closed keeps no other open
            fault.add_note(f"questionnaire {each}")
            faults.append(fault)
            session.remove()
    if faults:
        raise ExceptionGroup(f"not closed, beside {closed} that are", faults)
    return {"closed": closed}


HANDLERS = {
    "close_questionnaires": close_questionnaires,
    JOIN_ACCOUNTS: join_two,
    "close_resolved": close_all_resolved,
    ending.CLOSE: close_consultation,
    ending.PLAN_CLOSINGS: plan_closings,
    telling.TELL_CONSULTATIONS: tell_consultations,
    "compare_ground": compare_ground,
    "department_digests": digests,
    "fetch_layer": fetch_layer,
    "empty_log": empty_log,
    "finish_erasure": finish_erasure,
    "forget_answers": forget_answers,
    "forget_codes": forget_codes,
    "forget_messages": forget_messages,
    "forget_targets": forget_targets,
    "forget_sessions": forget_sessions,
    "import_layer": import_layer,
    CLEAR_NOTICE: clear_notice,
    "finish_notices": finish_notices,
    "mail_digests": mail_digests,
    SEND_NOTICE: send_notice,
    "make_personal_copy": make_personal_copy,
    "publish_draft": publish_draft,
    "read_plan_file": read_plan_file,
    "sweep_drafts": sweep_drafts,
    releasing.RELEASE: release_ballots,
    "seal_audit": seal_audit,
    "sweep_copies": sweep_copies,
    "sweep_photos": sweep_photos,
    "sweep_uploads": sweep_uploads,
    "verify_audit": verify_audit,
    "forget_sign_ups": forget_who_came,
    FETCH_NEWS: fetch_news,
    PUBLISH_ARTICLE: publish_article,
    EXPIRE_ARTICLE: expire_article,
    "write_plan_file": write_plan_file,
}
"""Kind of job → what is done."""
