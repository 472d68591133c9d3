"""What must be true when everybody has put the phone down: nothing lost, nothing twice. Faults come as sentences."""

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import func, select

from service.db import session
from service.idempotency.models import KeptAnswer
from service.media.models import Attachment
from service.media.renditions import Rendition, key_of
from service.media.sweeping import sweep
from service.municipalities.directory import Municipality
from service.notices.models import InboxMessage
from service.outbox.models import Delivery, Event, Target
from service.reports.models import Report, ReportCounter, ReportEntry
from service.storage.keeping import FileNotKept, Store
from tests.kills.phones import Clerk, Phone, Sent

Pair = tuple[str, str]
"""The value of a push target and the uid of an event."""


@dataclass
class World:
    """All that is to be reckoned with: who sent what, and where it should be."""

    here: Municipality
    store: Store
    accepted: Path
    phones: Sequence[Phone]
    clerks: Sequence[Clerk] = ()

    @property
    def sent(self) -> list[tuple[Phone, Sent]]:
        return [(phone, sent) for phone in self.phones for sent in phone.sent]


def faults(world: World) -> list[str]:
    """Everything that is not as it must be; the empty list when all is well. Sweeps what nobody names."""
    session.rollback()
    checks = (reports, numbers, histories, moves, photos, owed, deliveries, inboxes, as_phones_see_it)
    found = [fault for check in checks for fault in check(world)]
    sweep(world.store, timedelta(0))
    return found + [f"after the sweep: {fault}" for fault in [*photos(world), *orphans(world)]]


def reports(world: World) -> Iterator[str]:
    """Every key has one report, and every report one key."""
    there = Counter(str(uid) for uid in session.scalars(select(Report.uid)))
    for _, sent in world.sent:
        if len(sent.ids) != 1:
            yield f"the key {sent.key} was answered with {len(sent.ids)} reports"
        for uid in sent.ids:
            if there[uid] != 1:
                yield f"the acknowledged report {uid} is there {there[uid]} times"
    if len(there) != len(world.sent):
        yield f"{len(world.sent)} reports were sent and {len(there)} are there"
    kept = session.scalar(select(func.count()).select_from(KeptAnswer))
    if kept != len(world.sent):
        yield f"{kept} outcomes are kept for {len(world.sent)} keys"


def numbers(world: World) -> Iterator[str]:
    """Numbers are 1 … n: unique, and none is wasted, because a kill takes the number back with the report."""
    given = sorted(int(number.rsplit("-", 1)[1]) for number in session.scalars(select(Report.number)))
    if given != list(range(1, len(given) + 1)):
        yield f"the numbers have gaps or repeats: {given}"
    last = session.scalar(select(func.sum(ReportCounter.last))) or 0
    if last != len(given):
        yield f"the counter stands at {last} for {len(given)} reports"


def histories(world: World) -> Iterator[str]:
    """Each history counts 1 … version, and ends in the state that the report has."""
    entries: dict[int, list[tuple[int, str]]] = {}
    rows = session.execute(
        select(ReportEntry.report_id, ReportEntry.version, ReportEntry.state).order_by(ReportEntry.version)
    )
    for report_id, version, state in rows:
        entries.setdefault(report_id, []).append((version, state))
    for report in session.scalars(select(Report)):
        history = entries.pop(report.id, [])
        if [version for version, _ in history] != list(range(1, report.version + 1)):
            yield f"{report.number} has version {report.version} and the history {history}"
        elif history[-1][1] != report.state:
            yield f"{report.number} is {report.state} and its history ends with {history[-1][1]}"
    if entries:
        yield f"{len(entries)} histories belong to no report"


def moves(world: World) -> Iterator[str]:
    """What a clerk was told has happened did happen."""
    rows = session.execute(
        select(Report.uid, ReportEntry.version, ReportEntry.state).join(Report, Report.id == ReportEntry.report_id)
    )
    happened = {(str(uid), version): state for uid, version, state in rows}
    for clerk in world.clerks:
        for moved in clerk.moves:
            if happened.get((moved.report, moved.version)) != moved.state:
                yield f"a clerk moved {moved.report} to {moved.state} in version {moved.version}, and it is not so"


def photos(world: World) -> Iterator[str]:
    """Each report has its photos, as they were sent and in that order, and each can be opened."""
    rows = session.scalars(select(Attachment).where(Attachment.owner.is_not(None)).order_by(Attachment.position))
    attached: dict[str, list[Attachment]] = {}
    for row in rows:
        attached.setdefault(str(row.owner), []).append(row)
    for _, sent in world.sent:
        for uid in sent.ids:
            digests = [photo.sha256 for photo in attached.get(f"report:{uid}", [])]
            if digests != sent.digests:
                yield f"the report {uid} was sent with {len(sent.photos)} photos and has {len(digests)}, or others"
    yield from photos_of_moves(attached)
    for photo in (photo for owned in attached.values() for photo in owned):
        yield from files_of(world, photo)


def photos_of_moves(attached: dict[str, list[Attachment]]) -> Iterator[str]:
    for entry in session.scalars(select(ReportEntry).where(ReportEntry.kind == "moved")):
        if len(attached.get(f"entry:{entry.uid}", [])) != entry.facts["photos"]:
            yield f"the entry {entry.uid} lacks photos or has too many"


def files_of(world: World, photo: Attachment) -> Iterator[str]:
    for rendition in Rendition:
        try:
            file = world.store.read(key_of(world.here.slug, photo.uid, rendition))
            Image.open(io.BytesIO(file)).load()
        except (FileNotKept, OSError) as error:
            yield f"{rendition} of {photo.uid} cannot be read: {type(error).__name__}"


def orphans(world: World) -> Iterator[str]:
    """Every file has its row."""
    named = {
        key_of(world.here.slug, uid, size) for uid in session.scalars(select(Attachment.uid)) for size in Rendition
    }
    left = {key for key, _, _ in world.store.keys_with_age()} - named
    if left:
        yield f"{len(left)} files belong to nobody"


def owed(world: World) -> Iterator[str]:
    """Each step that people are told of is one event, and every event was expanded."""
    steps = session.scalar(select(func.count()).select_from(ReportEntry))
    events = session.execute(select(Event.state, func.count()).group_by(Event.state)).all()
    if [tuple(row) for row in events] != [("expanded", steps)]:
        yield f"{steps} steps owe events, and there are {events}"


def deliveries(world: World) -> Iterator[str]:
    """Every living phone was sent everything about its reports; what is recorded as sent was sent."""
    copies = accepted(world)
    wanted = {pair for phone in world.phones if is_alive(phone) for pair in pairs_of(phone)}
    if lost := wanted - set(copies):
        yield f"{len(lost)} owed messages never reached FCM"
    recorded = recorded_sent()
    if lies := recorded - set(copies):
        yield f"{len(lies)} messages are recorded as sent and never reached FCM"
    if silent := wanted - recorded:
        yield f"{len(silent)} messages were owed and are not recorded as sent"
    if strangers := set(copies) - wanted:
        yield f"{len(strangers)} messages went to who was owed none"
    mails = session.execute(
        select(Delivery.state, Delivery.attempt).where(Delivery.channel == "email").distinct()
    ).all()
    if [tuple(row) for row in mails] not in ([], [("pending", 0)]):
        yield f"mail is not configured, and some is {mails}"


def is_alive(phone: Phone) -> bool:
    return phone.push is not None and not phone.push.startswith("unreg")


def pairs_of(phone: Phone) -> set[Pair]:
    """Every event of every report of this phone."""
    subjects = [f"report:{uid}" for sent in phone.sent for uid in sent.ids]
    events = session.scalars(select(Event.uid).where(Event.subject.in_(subjects)))
    return {(str(phone.push), str(uid)) for uid in events}


def accepted(world: World) -> Counter[Pair]:
    """How many copies of each message FCM has accepted."""
    lines = world.accepted.read_text().splitlines() if world.accepted.exists() else []
    return Counter((message["token"], message["data"]["event"]) for message in map(json.loads, lines))


def recorded_sent() -> set[Pair]:
    rows = session.execute(
        select(Target.value, Event.uid)
        .join(Delivery, Delivery.target_id == Target.id)
        .join(Event, Event.id == Delivery.event_id)
        .where(Delivery.state == "sent")
    )
    return {(value, str(uid)) for value, uid in rows}


def inboxes(world: World) -> Iterator[str]:
    """Everything that a registered person is told is in the inbox, once."""
    steps = select(func.count()).select_from(ReportEntry).join(Report, Report.id == ReportEntry.report_id)
    expected = session.scalar(steps.where(Report.reporter_id.is_not(None)))
    there = session.scalar(select(func.count()).select_from(InboxMessage))
    if expected != there:
        yield f"{expected} steps of registered people's reports, and {there} messages in inboxes"


def as_phones_see_it(world: World) -> Iterator[str]:
    """The phones' own lists, inboxes, reports and photos over HTTP are complete."""
    for phone in world.phones:
        if phone.token is None:
            continue
        mine = {report["id"] for report in phone.pages("/my/reports", "reports")}
        if mine != {uid for sent in phone.sent for uid in sent.ids}:
            yield f"{phone.push} sees {len(mine)} reports of its {len(phone.sent)}"
        steps = 0
        for uid in mine:
            report = phone.get(f"/reports/{uid}")
            steps += len(report["timeline"])
            yield from photos_over_http(phone, report)
        messages = phone.pages("/inbox", "messages")
        if len(messages) != steps:
            yield f"{phone.push} has {len(messages)} messages about {steps} steps"


def photos_over_http(phone: Phone, report: dict[str, Any]) -> Iterator[str]:
    for photo in report["photos"]:
        path = photo["small"].removeprefix("/api/v1/here")
        answer = phone.insist(lambda path=path: phone.ask("GET", path), 200, 404)
        if answer.headers["Content-Type"] != "image/jpeg":
            yield f"the photo {photo['id']} of {report['id']} is not shown: {answer.text[:200]}"
