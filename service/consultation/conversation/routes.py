"""Conversations over HTTP."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Response, current_app, request
from werkzeug.wsgi import wrap_file

from service.consultation.conversation import finding, presenting
from service.consultation.conversation.contributing import (
    KIND,
    ContributionGone,
    ContributionIdTaken,
    From,
    QuoteNotFound,
    Said,
    contribute,
    owner_of,
    place_quoted,
    withdraw,
)
from service.consultation.conversation.finding import ContributionTakenBack
from service.consultation.conversation.opening import ConversationClosed, consultation_row, key_of_whole, phases_of
from service.consultation.conversation.reporting import FORMS, state_of
from service.consultation.conversation.resembling import marks_of
from service.consultation.conversation.schemas import (
    ContributionIn,
    ContributionOut,
    ContributionsOut,
    ConversationOut,
    TextOut,
    TextQuery,
    ThreadQuery,
    VoteIn,
)
from service.consultation.conversation.supporting import VOTES, OwnContribution, vote
from service.consultation.conversation.threads import NothingToTalkAbout, text_of, thread_of, threads_of
from service.consultation.eligibility import NotEligible
from service.consultation.finding import fixed_one
from service.consultation.models import Consultation
from service.db import stop_reading, transaction
from service.db.types import AnyRow
from service.errors import Forbidden, NotFound
from service.gis.locating import OutsideMunicipality, ensure_inside
from service.http import (
    ASK_AGAIN,
    VARY,
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_cursor,
    after_key,
    answer,
    cursor,
    etag_of,
    language,
    not_modified,
    nothing,
    operation,
    page_of,
)
from service.media.attaching import PhotoNotFound
from service.media.finding import photos_of, read_rendition
from service.media.renditions import Rendition
from service.moderation.finding import hidden_among
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, caller, caller_or_nobody, public, residents_only, signed_in
from service.people.callers import Caller
from service.people.erasing import is_still_there
from service.people.limits import contributing_limit, reporting_limit, supporting_limit
from service.storage.keeping import FileNotKept, StoreUnavailable
from service.text import pick

REPORT_IN_MEMORY = 1_000_000
"""Bytes of a report; what is more waits on the disk to be sent."""
PHOTO_CACHE = "private, max-age=300"
MAY_ANSWER = "manage_consultations"

blueprint = Blueprint("conversation", __name__, url_prefix="/<municipality>", description="What people contribute")


@blueprint.get("/consultations/<uuid:consultation>/conversation")
@public
@blueprint.response(200, ConversationOut)
@operation("showConversation", NotFound)
def conversation(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show what is talked about, when people can write, and how much is answered"""
    about = consultation_row(municipality, consultation)
    phases = phases_of(about.id)
    spoken = language()
    content = {
        "open": any(phase.open for phase in phases),
        "phases": [{name: getattr(one, name) for name in ("kind", "opens_at", "closes_at")} for one in phases],
        "threads": [thread_out(municipality, thread, spoken) for thread in threads_of(about.id)],
        **finding.counts_of(about),
    }
    return answer(content)


@blueprint.get("/consultations/<uuid:consultation>/contributions")
@public
@blueprint.arguments(ThreadQuery, location="query")
@blueprint.response(200, ContributionsOut)
@operation("listContributions", NotFound, CursorNotValid)
def thread(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List what was contributed to one thread: contributions that reply to none

    A page costs the same however long the thread is. A thread of which nobody has spoken is empty.
    """
    about = fixed_one(municipality, consultation)
    found = finding.thread_key(about.id, query["kind"], query["target"] or key_of_whole(about, query["kind"]))
    after, limit, sort = after_cursor(query.get("after"), int, int), query["limit"], query["sort"]
    rows = finding.top_of(found, sort, after, limit + 1) if found else []
    return page(municipality, *page_of(rows, limit, lambda row: cursor(*finding.place_in(sort, row))))


@blueprint.post("/consultations/<uuid:consultation>/contributions")
@signed_in
@contributing_limit
@blueprint.arguments(ContributionIn)
@blueprint.response(201, ContributionOut)
@operation(
    "contribute",
    Forbidden,
    NotFound,
    ConversationClosed,
    ContributionGone,
    ContributionTakenBack,
    NothingToTalkAbout,
    QuoteNotFound,
    ContributionIdTaken,
    PhotoNotFound,
    OutsideMunicipality,
)
def send(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Contribute: comment, ask, propose, or reply

    Residents may while a phase is open in which people write. What staff who run consultations write carries the
    municipality's mark; other staff may not.
    """
    who = caller()
    if who.kind != "resident" and not who.may(MAY_ANSWER):
        raise Forbidden
    about = consultation_row(municipality, consultation)
    said = said_in(municipality, about, body)
    by = From(author_id=who.account_id, uploader=str(who.account), official=who.kind != "resident")
    stop_reading()
    with transaction():
        if not is_still_there(who):
            raise SignInNeeded
        uid = contribute(municipality, about, said, by).uid
    return shown(municipality, uid, who, 201)


@blueprint.get("/contributions/<uuid:contribution>")
@public
@blueprint.response(200, ContributionOut)
@operation("showContribution", NotFound, ContributionTakenBack)
def show(municipality: Municipality, contribution: uuid.UUID) -> Response:
    """Show one contribution with its answer"""
    return shown(municipality, contribution, caller_or_nobody())


@blueprint.get("/contributions/<uuid:contribution>/replies")
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, ContributionsOut)
@operation("listReplies", NotFound, ContributionTakenBack, CursorNotValid)
def replies(query: dict[str, Any], municipality: Municipality, contribution: uuid.UUID) -> Response:
    """List the replies to a contribution, the oldest first"""
    parent = finding.one_of(municipality, contribution, place=True)
    after, limit = after_key(query.get("after"), int), query["limit"]
    return page(municipality, *page_of(finding.replies_to(parent.id, after, limit + 1), limit))


@blueprint.put("/contributions/<uuid:contribution>/vote")
@residents_only
@supporting_limit
@blueprint.arguments(VoteIn)
@blueprint.response(200, ContributionOut)
@operation(
    "voteOnContribution",
    NotFound,
    ContributionTakenBack,
    ConversationClosed,
    ContributionGone,
    NotEligible,
    OwnContribution,
)
def put_vote(body: dict[str, Any], municipality: Municipality, contribution: uuid.UUID) -> Response:
    """Support a contribution, oppose it, pass, or take that back

    Once for each participant, by the consultation's unit; the last word counts.
    """
    who = caller()
    wanted = None if body["vote"] is None else VOTES[body["vote"]]
    with transaction():
        if not is_still_there(who):
            raise SignInNeeded
        vote(municipality, contribution, who, wanted)
    return shown(municipality, contribution, who)


@blueprint.delete("/my/contributions/<uuid:contribution>")
@residents_only
@blueprint.response(204)
@operation("withdrawContribution", NotFound, ConversationClosed)
def take_back(municipality: Municipality, contribution: uuid.UUID) -> Response:
    """Take one's own words and photos back, while people can write

    What others answered stays, under a contribution without words.
    """
    who = caller().account_id
    with transaction():
        withdraw(municipality, contribution, who)
    return nothing()


@blueprint.get("/contributions/<uuid:contribution>/photos/<uuid:photo>/<any(small, medium, large):size>")
@public
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@blueprint.alt_response(304, description="The phone has it.")
@operation("showContributionPhoto", NotFound, ContributionTakenBack, PhotoNotFound, FileNotKept, StoreUnavailable)
def show_photo(municipality: Municipality, contribution: uuid.UUID, photo: uuid.UUID, size: str) -> Response:
    """Show a photo of a contribution"""
    row = finding.one_of(municipality, contribution)
    hidden = hidden_among(municipality, KIND, [row.uid]).get(row.uid)
    owner = owner_of(row.uid)
    attached = {one.uid for one in photos_of(municipality, [owner])[owner]}
    if photo not in attached or not presenting.may_read(row, caller_or_nobody(), hidden):
        raise PhotoNotFound
    etag = etag_of(photo, size)
    if unchanged := not_modified(etag, PHOTO_CACHE):
        return unchanged
    stop_reading()  # no connection is held while the store is asked
    data = read_rendition(municipality, photo, Rendition(size), current_app.config["STORE"])
    response = Response(data, content_type="image/jpeg")
    response.set_etag(etag)
    response.headers.update({"Cache-Control": PHOTO_CACHE, "Vary": VARY})
    return response


@blueprint.get("/consultations/<uuid:consultation>/text")
@public
@blueprint.arguments(TextQuery, location="query")
@blueprint.response(200, TextOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showText", NotFound)
def text(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show a text that is talked about, as it is or as it was when it was quoted"""
    about = consultation_row(municipality, consultation)
    found = thread_of(about.id, query["kind"], query["target"] or key_of_whole(about, query["kind"]))
    words = text_of(found, query["revision"]) if found else None
    if found is None or words is None:
        raise NotFound
    content = thread_out(municipality, found, language())
    content = {name: content[name] for name in ("kind", "target", "title")} | {"text": words}
    content["revision"] = query["revision"] or found.revision
    return answer(content, etag=etag_of(content))


@blueprint.get(f"/consultations/<uuid:consultation>/report.<any({','.join(FORMS)}):report_form>")
@public
@reporting_limit
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("reportContributions", NotFound)
def report(municipality: Municipality, consultation: uuid.UUID, report_form: str) -> Response:
    """Give all contributions with what became of each

    As CSV for a spreadsheet, as JSON for programs, as Markdown for reading.
    """
    about = consultation_row(municipality, consultation)
    content_type, written = FORMS[report_form]
    etag = etag_of(state_of(municipality, about), language(), report_form)
    if unchanged := not_modified(etag):
        return unchanged
    file = SpooledTemporaryFile(REPORT_IN_MEMORY)  # noqa: SIM115 (it is closed when it was sent)
    file.writelines(written(municipality, about, language()))
    file.seek(0)
    response = Response(wrap_file(request.environ, file), content_type=content_type)
    response.set_etag(etag)
    response.headers.update({"Cache-Control": ASK_AGAIN, "Vary": VARY})
    response.headers["Content-Disposition"] = f'attachment; filename="contributions-{about.uid}.{report_form}"'
    return response


def said_in(municipality: Municipality, about: Consultation, body: dict[str, Any]) -> Said:
    """What the body says, with the place of what it quotes. Raises OutsideMunicipality."""
    place = (body["place"]["longitude"], body["place"]["latitude"]) if body["place"] else None
    if place:
        ensure_inside(municipality, *place)
    same = {name: body[name] for name in ("text", "language", "kind", "stance", "parent", "quote", "photos")}
    target = body["target"] or key_of_whole(about, body["kind"])
    said = Said(**same, target=target, place=place, uid=body["id"])
    return replace(said, quote_start=place_quoted(about, said), marks=marks_of(said.text))


def page(municipality: Municipality, rows: Sequence[AnyRow], following: str | None) -> Response:
    found = presenting.contributions(municipality, rows, caller_or_nobody(), language())
    return answer({"contributions": found, "next": following})


def shown(municipality: Municipality, uid: uuid.UUID, who: Caller | None, status: int = 200) -> Response:
    [found] = presenting.contributions(municipality, [finding.one_of(municipality, uid)], who, language())
    return answer(found, status)


def thread_out(municipality: Municipality, thread: Any, spoken: str) -> dict[str, Any]:
    return {
        "kind": thread.kind,
        "target": thread.target,
        "title": pick(thread.title, spoken, municipality.main_language) if thread.title else None,
        "revision": thread.revision,
        "contributions": thread.contributions,
    }
