"""The answer that shows one report whole, to whomever it is shown."""

import uuid
from collections.abc import Hashable

from flask import Response

from service.db.generations import generation
from service.gis import index
from service.http import answer, etag_of, language, not_modified
from service.media.finding import photos_of
from service.municipalities import directory
from service.municipalities.directory import Municipality
from service.people.appointing import SUBJECT as STAFF_NAMES
from service.reports import catalogue, presenting
from service.reports.finding import Whole
from service.reports.history import Step


def show_whole(municipality: Municipality, found: Whole, audience: str, etag: bool = True) -> Response:
    """The whole report, unless the phone has this version already."""
    spoken, row = language(), found.row
    name = etag_of(row.uid, row.version, audience, spoken, names())
    if etag and (unchanged := not_modified(name)):
        return unchanged
    photos = photos_of(municipality, [owner_of(row.uid, step) for step in found.steps if step.facts.get("photos")])
    content = presenting.whole(municipality, row, found.steps, photos, spoken, audience, found.assignee)
    return answer(content, etag=name if etag else None)


def owner_of(report: uuid.UUID, step: Step) -> str:
    """Whose the photos are that came with this step: the report's itself, or the step's."""
    return f"report:{report}" if step.kind == "submitted" else f"entry:{step.uid}"


def names() -> tuple[Hashable, ...]:
    """What changes when categories, departments, districts or staff are renamed, as they are called in the answer."""
    return catalogue.served(), directory.served(), index.served(), generation(STAFF_NAMES)
