"""The worker: tells people what they are owed and does planned work. As many processes as one likes may run at once.

`EVENTS` and `JOBS` are where the outbox and the jobs, which know no feature, meet the features.
"""

import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from service import logs
from service.consultation.conversation.answering import CONTRIBUTIONS_ANSWERED
from service.consultation.conversation.messages import who_is_told as who_has_an_answer
from service.consultation.giving import entries as consultations
from service.consultation.messages import who_follows_the_consultation, who_observes
from service.consultation.observing import HEAD_SIGNED
from service.consultation.questionnaires.inviting import QUESTIONNAIRE_SENT
from service.consultation.questionnaires.messages import who_is_asked
from service.consultation.telling import KINDS as OF_CONSULTATIONS
from service.db.standstill import was_refused
from service.gis.publishing import LAYER_PUBLISHED
from service.gis.sourcing import FETCH_LAYER
from service.housekeeping import HANDLERS
from service.jobs.working import Handler, work_one
from service.moderation.deciding import MODERATION_DECIDED
from service.moderation.messages import who_is_told as who_was_moderated
from service.news.giving import entries as articles
from service.news.giving import list_address as list_of_articles
from service.news.messages import (
    ARTICLE_WITHDRAWN,
    OCCASION_CANCELLED,
    OCCASION_RESTORED,
    PLACE_FREED,
    who_has_a_place,
    who_signed_up,
)
from service.news.sourcing import FETCH_NEWS
from service.notices.digests import MAIL_DIGEST, Giver, mailing
from service.notices.messages import who_follows_the_map
from service.notices.office.fan_out import who_gets_the_notice
from service.notices.office.trying import NOTICE_TRIED, who_tries_it
from service.notices.office.wording import NOTICE_SENT
from service.notices.preferences.resting import who_rests
from service.notices.topics import ARTICLE_PUBLISHED, who_follows_the_topics
from service.notices.warning import who_is_told_of_an_address, who_is_warned
from service.outbox.channels import Channel, build
from service.outbox.expanding import Expand, Owed, Posted, expand
from service.outbox.sending import Sender
from service.people.contacts.codes import CONTACT_CODE
from service.people.contacts.messages import who_gets_the_code
from service.people.contacts.warning import CONTACT_CHANGED, PHONE_JOINED
from service.people.staff.inviting import STAFF_INVITED
from service.people.staff.letters import PASSWORD_FORGOTTEN, who_has_forgotten, who_is_invited
from service.personal_data.messages import COPY_READY
from service.personal_data.messages import who_is_told as who_has_a_copy
from service.plans.messages import who_follows_the_plan
from service.plans.telling import PLAN_CHANGED
from service.reports.digesting import who_gets_the_digest
from service.reports.messages import DEPARTMENT_DIGEST, REPORT_CHANGED, who_is_told

log = structlog.get_logger()

SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 0.5

GIVERS: tuple[Giver, ...] = (articles, consultations)
"""What stands in digests beside a person's inbox: each feature that publishes gives its entries."""


def who_observes_here(event: Posted) -> Iterator[Owed]:
    """Letters to observers have a whole address, of which only the settings know the beginning."""
    return who_observes(event, current_app.config["PLATEIA"].public_url.rstrip("/"))


EVENTS: dict[str, Expand] = {
    CONTACT_CODE: who_gets_the_code,
    PHONE_JOINED: who_is_warned,
    CONTACT_CHANGED: who_is_told_of_an_address,
    PASSWORD_FORGOTTEN: who_has_forgotten,
    STAFF_INVITED: who_is_invited,
    REPORT_CHANGED: who_is_told,
    DEPARTMENT_DIGEST: who_gets_the_digest,
    LAYER_PUBLISHED: who_follows_the_map,
    COPY_READY: who_has_a_copy,
    NOTICE_SENT: who_gets_the_notice,
    NOTICE_TRIED: who_tries_it,
    ARTICLE_PUBLISHED: who_follows_the_topics,
    MAIL_DIGEST: mailing(GIVERS, list_of_articles),
    PLAN_CHANGED: who_follows_the_plan,
    ARTICLE_WITHDRAWN: who_follows_the_topics,
    OCCASION_CANCELLED: who_signed_up,
    OCCASION_RESTORED: who_signed_up,
    PLACE_FREED: who_has_a_place,
    CONTRIBUTIONS_ANSWERED: who_has_an_answer,
    MODERATION_DECIDED: who_was_moderated,
    **dict.fromkeys(OF_CONSULTATIONS, who_follows_the_consultation),
    HEAD_SIGNED: who_observes_here,
    QUESTIONNAIRE_SENT: who_is_asked,
}
"""Kind of event → who is owed what."""

JOBS: dict[str, Handler] = dict(HANDLERS)
"""Kind of job → what is done."""

OF_OTHERS = (FETCH_LAYER, FETCH_NEWS)
"""Kinds of job that wait for other people's servers: a thread of their own does them, and nothing else waits."""


@dataclass
class Duties:
    """What a worker does. `channels` None: those that the settings configure."""

    events: Mapping[str, Expand] = field(default_factory=lambda: EVENTS)
    jobs: Mapping[str, Handler] = field(default_factory=lambda: JOBS)
    channels: Sequence[Channel] | None = None


def work(app: Flask, stop: threading.Event, duties: Duties | None = None) -> None:
    """Work until `stop` is set, then finish what is under way, give the rest back and return.

    One thread expands events, one per channel sends, one does jobs, one those that ask others; each polls the database,
    more slowly while there is nothing to do.
    """
    duties = duties or Duties()
    channels = build(app.config["PLATEIA"]) if duties.channels is None else duties.channels
    owner = own_name()
    others = {kind: handler for kind, handler in duties.jobs.items() if kind in OF_OTHERS}
    ours = {kind: handler for kind, handler in duties.jobs.items() if kind not in OF_OTHERS}
    senders = [Sender(channel, owner, stop, who_rests) for channel in channels]
    steps: dict[str, Callable[[], object]] = {
        "expand": lambda: expand(duties.events),
        "jobs": lambda: work_one(ours, owner, stop),
        "fetches": lambda: work_one(others, owner, stop),
    } | {f"send-{sender.channel.name}": sender.send_due for sender in senders}
    threads = [threading.Thread(target=repeat, args=(app, stop, step), name=name) for name, step in steps.items()]
    log.info("worker_started", owner=owner, channels=[channel.name for channel in channels])
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sender in senders:
        sender.close()
        sender.channel.close()
    log.info("worker_stopped", owner=owner)


def repeat(app: Flask, stop: threading.Event, step: Callable[[], object]) -> None:
    """Take one step after the other until `stop` is set, more slowly while there is nothing to do.

    Each step has a fresh application context, so that no snapshot of the database stays open. Should this thread end
    by any other way, the whole worker stops: half a worker would go unnoticed.
    """
    pause = SHORTEST_PAUSE
    try:
        while not stop.is_set():
            if take(app, step):
                pause = SHORTEST_PAUSE
            else:
                stop.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 1.5)
    finally:
        stop.set()


def take(app: Flask, step: Callable[[], object]) -> bool:
    """One step; whether there was anything to do. A fault is logged and is nothing to do."""
    try:
        with app.app_context():
            return bool(step())
    except Exception as error:  # the database may be away for a while; the worker outlives it
        moving = isinstance(error, DBAPIError) and was_refused(error)
        if not moving:  # while the database moves there is nothing to do, and nothing to complain of
            log.error("worker_step_failed", step=threading.current_thread().name)
            logs.unforeseen(error)
        return False


def own_name() -> str:
    """Whose leases these are; no two workers ever share it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT end the work cleanly. Call in the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
