"""The notices of the office over HTTP: written, sent and counted by staff; shown to everybody once they are sent."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app

from service.crash_points import crash_here
from service.db import transaction
from service.db.clock import now
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    language,
    nothing,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.municipalities.linking import LinkNotFound, Words, ensure_linked
from service.notices.office import answer_schemas, deciding, schemas
from service.notices.office.audience import Audience, PolygonNotValid, area_of, devices_in, how_many
from service.notices.office.composing import (
    NoSuchTime,
    NoticeChanged,
    discard,
    editions_of,
    link_of,
    link_preview,
    notice_here,
    notices_of,
    rewrite,
    sent_lately,
    write,
)
from service.notices.office.counting import REASONS, figures_of
from service.notices.office.fan_out import next_audience
from service.notices.office.models import Notice
from service.notices.office.states import NotNow
from service.notices.office.trying import NoOwnPhone, try_out
from service.notices.office.wording import TextMissing, TextTooLong, missing, on_screens, repeated, weighed
from service.notices.preferences.cells import AreaTooLarge
from service.notices.preferences.keeping import NoSuchDistrict
from service.people.access import caller, staff
from service.text import pick, say

blueprint = Blueprint(
    "office_notices", __name__, url_prefix="/<municipality>", description="Notices of the office to people's devices"
)
NOTICES = "/staff/notices"
ONE = f"{NOTICES}/<uuid:notice>"
AREA = (NoSuchDistrict, PolygonNotValid, AreaTooLarge)
TEXTS = (TextMissing, TextTooLong)


@blueprint.get(NOTICES)
@staff("see_notices")
@blueprint.arguments(schemas.NoticesQuery, location="query")
@blueprint.response(200, schemas.NoticesOut)
@operation("listNotices", CursorNotValid)
def index(query: dict[str, Any], municipality: Municipality) -> Response:
    """List the notices, newest first"""
    after = after_key(query.get("after"), int)
    found = notices_of(municipality, query.get("state"), after, query["limit"] + 1)
    page, following = page_of(found, query["limit"])
    return answer({"notices": [row_out(municipality, notice) for notice in page], "next": following})


@blueprint.post(NOTICES)
@staff("send_notices")
@blueprint.arguments(schemas.NoticeIn)
@blueprint.response(201, schemas.NoticeOut)
@operation("writeNotice", NoSuchTime, LinkNotFound, TextMissing, *AREA)
def begin(body: dict[str, Any], municipality: Municipality) -> Response:
    """Write a notice, which is a draft at first

    From an article: with it as `subject` and without `texts`, which are then its title and summary in each language.
    """
    who, area = caller(), area_of(municipality, Audience(**body["audience"]))
    ensure_subject(municipality, body)
    body["texts"] = body["texts"] or words_of(municipality, body["subject"])
    with transaction():
        notice = write(municipality, who, body, area)
    return answer(notice_out(municipality, notice), 201)


@blueprint.post(f"{NOTICES}/check")
@staff("send_notices")
@blueprint.arguments(schemas.NoticeCheckIn)
@blueprint.response(200, answer_schemas.NoticeCheckOut)
@operation("checkNotice")
def check(body: dict[str, Any], municipality: Municipality) -> Response:
    """See what texts weigh, what is missing, how they look and what they repeat, as they are typed

    Nothing is kept.
    """
    link = body["subject"] and (body["subject"]["kind"], body["subject"]["id"])
    return answer(
        {
            "weights": weighed(municipality, body["texts"], link),
            "missing_languages": missing(municipality, body["texts"]),
            "screens": {spoken: on_screens(text) for spoken, text in body["texts"].items()},
            "repeats": repeated(body["texts"], sent_lately(municipality, body["notice"])),
        }
    )


@blueprint.get(ONE)
@staff("see_notices")
@blueprint.response(200, schemas.NoticeOut)
@operation("showNoticeToStaff", NotFound)
def show(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Show a notice with everything that was sent of it"""
    return answer(notice_out(municipality, notice_here(municipality, notice)))


@blueprint.put(ONE)
@staff("send_notices")
@blueprint.arguments(schemas.NoticeChangeIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("changeNotice", NotFound, NotNow, NoticeChanged, NoSuchTime, LinkNotFound, *AREA)
def change(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Change a draft

    Of a notice that was sent before only the texts and the time change.
    """
    who, version = caller(), body.pop("version")
    area = area_of(municipality, Audience(**body["audience"]))
    if not notice_here(municipality, notice).edition:
        ensure_subject(municipality, body)
    return changed(municipality, notice, lambda found: rewrite(municipality, who, found, body, area, version))


@blueprint.delete(ONE)
@staff("send_notices")
@blueprint.response(204)
@operation("discardNotice", NotFound, NotNow)
def delete(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Throw a draft away of which nothing was sent"""
    with transaction():
        discard(notice_here(municipality, notice, lock=True))
    return nothing()


@blueprint.get(f"{ONE}/audience")
@staff("see_notices")
@blueprint.response(200, answer_schemas.NoticeAudienceCountOut)
@operation("countAudience", NotFound)
def audience(municipality: Municipality, notice: uuid.UUID) -> Response:
    """See how many devices the notice is for, before it is sent"""
    found = notice_here(municipality, notice)
    local = now().astimezone(ZoneInfo(municipality.time_zone))
    people = next_audience(found)
    rows = [dict(row._mapping) for row in devices_in(found, people, local.hour * 60 + local.minute)]
    return answer({"people": how_many(people), "devices": sum(row["devices"] for row in rows), "by": rows})


@blueprint.get(f"{ONE}/figures")
@staff("see_notices")
@blueprint.response(200, answer_schemas.NoticeFiguresOut)
@operation("showFigures", NotFound)
def figures(municipality: Municipality, notice: uuid.UUID) -> Response:
    """See what came of a notice, device by device"""
    words = {name: say(language(), words) for name, (_, words) in REASONS.items()}
    return answer(figures_of(notice_here(municipality, notice)) | {"words": words})


@blueprint.post(f"{ONE}/test")
@staff("send_notices")
@blueprint.response(202, answer_schemas.NoticeTriedOut)
@operation("tryNotice", NotFound, NoOwnPhone, *TEXTS)
def test(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Send a notice to one's own devices

    Those of the resident's account that has confirmed the same e-mail address in the app.
    """
    who = caller()
    with transaction():
        devices = try_out(municipality, who, notice_here(municipality, notice))
    return answer({"devices": devices}, 202)


@blueprint.post(f"{ONE}/preview-link")
@staff("send_notices")
@blueprint.response(201, answer_schemas.NoticePreviewLinkOut)
@operation("linkPreview", NotFound)
def preview_link(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Make a link by which people without an account see the notice, for a week

    The link that was made before is worth nothing any more.
    """
    with transaction():
        token, until = link_preview(notice_here(municipality, notice, lock=True))
    base = current_app.config["PLATEIA"].public_url
    return answer({"address": f"{base}/api/v1/{municipality.slug}/notice-previews/{token}", "until": until}, 201)


@blueprint.post(f"{ONE}/submit")
@staff("send_notices")
@blueprint.arguments(schemas.NoticeVersionIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("submitNotice", NotFound, NotNow, NoticeChanged, *TEXTS)
def submit(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Hand a draft to who approves"""
    return changed(municipality, notice, lambda found: deciding.submit(municipality, found, body["version"]))


@blueprint.post(f"{ONE}/send")
@staff("send_notices")
@blueprint.arguments(schemas.NoticeSendIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("sendNotice", NotFound, NotNow, NoticeChanged, deciding.SecondPersonNeeded, deciding.ReasonNeeded, *TEXTS)
def send(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Send a draft, now or when its time comes, where no second person is needed

    An emergency is sent alone only with a written reason.
    """
    who = caller()
    return changed(
        municipality, notice, lambda found: deciding.send(municipality, who, found, body["version"], body["reason"])
    )


@blueprint.post(f"{ONE}/approve")
@staff("approve_notices")
@blueprint.arguments(schemas.NoticeVersionIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("approveNotice", NotFound, NotNow, NoticeChanged, deciding.SecondPersonNeeded)
def approve(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Let a notice go that somebody else has written"""
    who = caller()
    return changed(municipality, notice, lambda found: deciding.approve(who, found, body["version"]))


@blueprint.post(f"{ONE}/refuse")
@staff("approve_notices")
@blueprint.arguments(schemas.NoticeReasonIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("refuseNotice", NotFound, NotNow)
def refuse(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Give a notice back to who writes, or stop one that is being sent"""
    who = caller()
    return changed(municipality, notice, lambda found: deciding.refuse(who, found, body["reason"]))


@blueprint.post(f"{ONE}/cancel")
@staff("send_notices")
@blueprint.arguments(schemas.NoticeCancelIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("cancelNotice", NotFound, NotNow)
def cancel(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Send a notice no more; what was sent stays, and showFigures says how much that is"""
    who = caller()
    shown = changed(municipality, notice, lambda found: deciding.cancel(who, found, body["reason"]))
    crash_here("after_cancel_commit")
    return shown


@blueprint.post(f"{ONE}/correct")
@staff("send_notices")
@blueprint.arguments(schemas.NoticeCorrectIn)
@blueprint.response(200, schemas.NoticeOut)
@operation("correctNotice", NotFound, NotNow)
def correct(body: dict[str, Any], municipality: Municipality, notice: uuid.UUID) -> Response:
    """Write what replaces a notice that was sent

    What was still going out stops at once. The correction is a draft, and is sent like one: on phones it takes the
    place of what was there.
    """
    who = caller()
    shown = changed(municipality, notice, lambda found: deciding.correct(who, found, body["texts"], body["reason"]))
    crash_here("after_correction_commit")
    return shown


@blueprint.post(f"{ONE}/repeat")
@staff("send_notices")
@blueprint.response(200, schemas.NoticeOut)
@operation("repeatNotice", NotFound, NotNow)
def repeat(municipality: Municipality, notice: uuid.UUID) -> Response:
    """Prepare to send a notice again to those who were not reached; it is sent like a draft"""
    who = caller()
    return changed(municipality, notice, lambda found: deciding.repeat(who, found))


def changed(municipality: Municipality, uid: uuid.UUID, act: Callable[[Notice], None]) -> Response:
    """Do this to the notice, locked, and show it."""
    with transaction():
        notice = notice_here(municipality, uid, lock=True)
        act(notice)
    return answer(notice_out(municipality, notice))


def ensure_subject(municipality: Municipality, body: dict[str, Any]) -> None:
    """What a tap opens is there for everybody to see. Raises LinkNotFound."""
    ensure_linked(current_app.config["LINKS"], municipality, [body["subject"]] if body["subject"] else [])


def words_of(municipality: Municipality, link: Mapping[str, str] | None) -> Words:
    """In what words what a tap opens can be told of. Raises TextMissing for what has none."""
    words = current_app.config["LINKS"][link["kind"]].words(municipality, link["id"]) if link else {}
    if not words:
        raise TextMissing(language=municipality.main_language)
    return words


def in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(ZoneInfo("UTC"))


def row_out(municipality: Municipality, notice: Notice) -> dict[str, Any]:
    titles = {spoken: text["title"] for spoken, text in notice.texts.items()}
    return {
        "id": notice.uid,
        "state": notice.state,
        "title": pick(titles, language(), municipality.main_language),
        "emergency": notice.emergency,
        "edition": notice.edition,
        "version": notice.version,
        "send_at": in_utc(notice.send_at),
        "sent_at": notice.sent_at,
        "created_at": notice.created_at,
    }


def notice_out(municipality: Municipality, notice: Notice) -> dict[str, Any]:
    content = row_out(municipality, notice)
    del content["title"]
    return content | {
        "mode": notice.mode,
        "texts": notice.texts,
        "subject": link_of(notice),
        "audience": notice.audience,
        "lasts_hours": notice.lasts_hours,
        "missing_languages": missing(municipality, notice.texts),
        "second_person_needed": municipality.notices_need_second_person or notice.emergency,
        "reason": notice.reason,
        "changed_at": notice.changed_at,
        "editions": [
            {name: getattr(edition, name) for name in ("number", "mode", "texts", "reason", "at")}
            for edition in editions_of(notice)
        ],
    }
