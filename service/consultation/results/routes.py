"""Results over HTTP: who took part, files, graphs, and what became of it."""

import uuid
from typing import IO, Any

from flask import Response, current_app

from service.consultation.finding import whole
from service.consultation.publishing import ResultsNotYet, ensure_closed
from service.consultation.results import schemas
from service.consultation.results.charting import ensure_drawable
from service.consultation.results.drawing import png, svg
from service.consultation.results.files import TYPES, name_of, write
from service.consultation.results.keeping import kept
from service.consultation.results.outcomes import CorrectedBefore, Said, outcomes_after, say_outcome
from service.consultation.results.presenting import chart, outcomes_out, statistics_out, to_publish
from service.db import stop_reading, transaction
from service.errors import NotFound
from service.http import (
    ASK_AGAIN,
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    etag_of,
    language,
    not_modified,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.municipalities.linking import LinkNotFound, ensure_linked
from service.people.access import anybody, caller, public, staff
from service.people.limits import plan_files_limit
from service.storage.keeping import StoreUnavailable
from service.storage.making import Opened
from service.text import LANGUAGES

blueprint = Blueprint(
    "consultation_results", __name__, url_prefix="/<municipality>", description="Results of consultations"
)
ONE = "/consultations/<uuid:consultation>"
FORMATS, IMAGES = f"any({','.join(TYPES)})", {"svg": svg, "png": png}
IMAGE_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
FILE = {"type": "string", "format": "binary"}


@blueprint.get(f"{ONE}/statistics")
@public
@blueprint.response(200, schemas.StatisticsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showStatistics", NotFound, ResultsNotYet)
def statistics(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show who took part, when the vote is over and counted

    By channel, district and age band. Groups of fewer than five people are not shown, nor what would tell of them.
    """
    content = statistics_out(municipality, whole(municipality, consultation), language())
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/results/files/<{FORMATS}:format>")
@anybody
@plan_files_limit
@blueprint.arguments(schemas.FileQuery, location="query")
@blueprint.response(200, FILE, content_type="application/octet-stream")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("downloadResults", NotFound, ResultsNotYet, StoreUnavailable)
def download(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID, format: str) -> Response:  # noqa: A002
    """Download the result as a file

    One row for each number. `csvw` is the dictionary of the columns of `csv`; `ods`, `json` and `pdf` have it inside.
    `pdf` is for reading: it has no comparisons of two options, and of very many rows and graphs the first.
    """
    found, spoken = ensure_closed(whole(municipality, consultation)), spoken_in(query)
    etag = etag_of("results", found.uid, found.version, format, spoken, municipality.name)

    def make(target: IO[bytes]) -> None:
        published = to_publish(municipality, whole(municipality, consultation), spoken)
        stop_reading()
        write(published, format, target)

    if unchanged := not_modified(etag):
        return unchanged
    file = kept(current_app.config["STORE"], municipality.id, f"{etag}.{format}", make)
    return sent(file, TYPES[format], etag, name_of(str(consultation), format))


@blueprint.get(f"{ONE}/results/graphs/<any(svg,png):image>")
@anybody
@plan_files_limit
@blueprint.arguments(schemas.GraphQuery, location="query")
@blueprint.response(200, FILE, content_type="image/svg+xml")
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("drawResults", NotFound, ResultsNotYet, StoreUnavailable)
def draw(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID, image: str) -> Response:
    """Draw the result of a question, or who took part

    As SVG with a title and a description, or as PNG with the same inside.
    """
    found, spoken = ensure_closed(whole(municipality, consultation)), spoken_in(query)
    etag = etag_of("graph", found.uid, found.version, image, query["of"], spoken)
    if unchanged := not_modified(etag):
        return unchanged
    ensure_drawable(found, query["of"])

    def make(target: IO[bytes]) -> None:
        drawn = chart(municipality, whole(municipality, consultation), query["of"], spoken)
        stop_reading()
        target.write(IMAGES[image](drawn))

    file = kept(current_app.config["STORE"], municipality.id, f"{etag}.{image}", make)
    return sent(file, IMAGE_TYPES[image], etag)


@blueprint.get(f"{ONE}/outcomes")
@public
@blueprint.arguments(schemas.OutcomesQuery, location="query")
@blueprint.response(200, schemas.ConsultationOutcomesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listOutcomes", NotFound, CursorNotValid)
def outcomes(query: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Show what became of the result, the newest first

    What was corrected stays here, and names what stands in its place; it has no words where these were taken out.
    """
    found, after = whole(municipality, consultation), after_key(query.get("after"), int)
    some, following = page_of(outcomes_after(found, after, query["limit"] + 1), query["limit"])
    shown = outcomes_out(municipality, current_app.config["LINKS"], some, language())
    content = {"outcomes": shown, "next": following}
    return answer(content, etag=etag_of(content))


@blueprint.post("/staff/consultations/<uuid:consultation>/outcomes")
@staff("manage_consultations")
@blueprint.arguments(schemas.ConsultationOutcomeIn)
@blueprint.response(201, schemas.ConsultationOutcomeOut)
@operation("sayOutcome", NotFound, ResultsNotYet, LinkNotFound, CorrectedBefore)
def outcome(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Publish what became of the result

    It cannot be changed afterwards, only corrected by another one, which can take out what must not be read any more.
    """
    links, who = current_app.config["LINKS"], caller()
    whole(municipality, consultation)
    ensure_linked(links, municipality, body["links"])
    with transaction():
        made = say_outcome(municipality, who, consultation, Said(**body))
    return answer(outcomes_out(municipality, links, [made], language())[0], 201)


def spoken_in(query: dict[str, Any]) -> str:
    """The language that was asked for."""
    return query["language"] if query["language"] in LANGUAGES else language()


def sent(file: Opened, kind: str, etag: str, name: str | None = None) -> Response:
    """A file, piece by piece, which the phone may keep and ask about."""
    length, pieces = file
    response = Response(pieces, content_type=kind, headers={"Content-Length": str(length)})
    if name:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = ASK_AGAIN
    response.headers["Vary"] = "Accept-Language"
    response.set_etag(etag)
    return response
