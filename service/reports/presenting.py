"""A report as it is shown: to everybody, to its reporter, to staff. Plain dictionaries, ready for JSON."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.gis.locating import district_names
from service.municipalities.directory import Department, Municipality, department_with
from service.reports.catalogue import Category, category_with
from service.reports.models import Report
from service.reports.routing import FALLBACK, in_words
from service.reports.states import STATES, moves_of
from service.text import N_, pick, say

EVERYBODY, REPORTER, STAFF = "everybody", "reporter", "staff"

BY_THE_MAP = N_("The map names the department for this place.")

# What is shown was read, or has just been written: the names are the same.
Photos = Mapping[str, Sequence[Any]]
Shown = Any


def summaries(municipality: Municipality, rows: Iterable[Shown], language: str, audience: str) -> list[dict[str, Any]]:
    """Reports as the lines of a list."""
    words = Words(municipality, language)
    return [summary(words, row, audience) for row in rows]


class Words:
    """What is said of each report of a page, looked up once: keys and names of categories and departments by their
    ids, names of districts by their keys, labels of states."""

    def __init__(self, municipality: Municipality, language: str) -> None:
        def keyed(thing: Category | Department) -> tuple[str, str]:
            return thing.key, pick(thing.name, language, municipality.main_language)

        self.categories = Once(lambda key: keyed(category_with(municipality, key)))
        self.departments = Once(lambda key: keyed(department_with(municipality, key)))
        self.districts = Once(lambda key: district_name(municipality, key, language))
        self.states = Once(lambda name: say(language, STATES[name].label))


class Once(dict[Any, Any]):
    """What `find` says of each key, asked once."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self.find = find

    def __missing__(self, key: Any) -> Any:
        self[key] = found = self.find(key)
        return found


def summary(words: Words, row: Shown, audience: str) -> dict[str, Any]:
    """A report as one line of a list."""
    category, category_name = words.categories[row.category_id]
    department, department_name = words.departments[row.department_id]
    everything = audience != EVERYBODY
    shown: dict[str, Any] = {
        "id": row.uid,
        "number": row.number,
        "category": category,
        "category_name": category_name,
        "state": row.state,
        "state_label": words.states[row.state],
        "open": row.open,
        "department": department,
        "department_name": department_name,
        "created_at": row.created_at,
        "moved_at": row.moved_at,
        "promised_at": row.promised_at,
        "district": row.district,
        "district_name": words.districts[row.district],
        "version": row.version,
        "longitude": row.longitude if everything or row.on_map else None,
        "latitude": row.latitude if everything or row.on_map else None,
        "description": row.description if everything or row.text_public else None,
    }
    if audience == STAFF:
        shown["looked_at"] = row.looked_at
        shown["private"] = row.private
    return shown


def district_name(municipality: Municipality, key: str | None, language: str) -> str | None:
    """What the district is called in this language, or in the municipality's own."""
    return None if key is None else pick(district_names(municipality, key), language, municipality.main_language)


def features(municipality: Municipality, rows: Iterable[Shown]) -> list[dict[str, Any]]:
    """Reports on the map, as GeoJSON features."""
    categories = Once(lambda key: category_with(municipality, key))
    return [feature(categories[row.category_id], row) for row in rows]


def feature(category: Category, row: Shown) -> dict[str, Any]:
    """A report on the map, as a GeoJSON feature."""
    return {
        "type": "Feature",
        "id": row.uid,
        "geometry": {"type": "Point", "coordinates": [row.longitude, row.latitude]},
        "properties": {
            "number": row.number,
            "category": category.key,
            "state": row.state,
            "open": row.open,
            "created_at": row.created_at,
            "description": row.description if row.text_public else None,
        },
    }


def whole(
    municipality: Municipality,
    row: Shown,
    entries: Iterable[Shown],
    photos: Photos,
    language: str,
    audience: str,
    assignee: uuid.UUID | None = None,
) -> dict[str, Any]:
    """A report with its explanation, its photos and its timeline."""
    everything = audience != EVERYBODY
    shown = summary(Words(municipality, language), row, audience)
    shown |= {
        "address": row.address if everything or (row.text_public and row.on_map) else None,
        "answers": row.answers if everything or row.text_public else None,
        "asset": asset_of(row) if everything or row.on_map else None,
        "why": why(row.routing, language, everything or row.on_map),
        "photos": photo_links(
            municipality, row.uid, photos.get(f"report:{row.uid}", ()), described=everything or row.text_public
        )
        if everything or row.photos_public
        else [],
        "timeline": [
            step(municipality, row.uid, entry, photos.get(f"entry:{entry.uid}", ()), language, audience)
            for entry in entries
            if audience == STAFF or entry.kind in ("submitted", "moved", "handed_over")
        ],
        "moves": moves_of(row.state, audience, anonymous=row.reporter_id is None),
    }
    if audience == STAFF:
        shown |= {
            "routing": row.routing,
            "accuracy": row.accuracy,
            "text_public": row.text_public,
            "photos_public": row.photos_public,
            "place_public": row.on_map,
            "assignee": assignee,
        }
    return shown


def fresh(municipality: Municipality, report: Report, photos: Sequence[Any], language: str) -> dict[str, Any]:
    """A report that has just come in, as its reporter sees it: nothing of it is read again."""
    begun = First(report.uid, report.created_at, report.state, report.department_id)
    return whole(municipality, report, [begun], {f"report:{report.uid}": photos}, language, REPORTER)


@dataclass(frozen=True)
class First:
    """The first entry of a history, as far as its reporter sees it."""

    uid: uuid.UUID
    at: datetime
    state: str
    department_id: int
    kind: str = "submitted"
    by_kind: str = "reporter"
    public: None = None


def asset_of(row: Shown) -> dict[str, str] | None:
    """The lamp-post, the bin."""
    return {"layer": row.asset_layer, "feature": row.asset_key} if row.asset_key else None


def why(routing: Mapping[str, Any], language: str, exact: bool) -> dict[str, Any]:
    """Why this department: the rule in words, and what decided. A feature (the lamp-post, say) and the distance to it
    would tell the exact place, so that they are told only where it is."""
    told = {name: routing.get(name) for name in ("layer", "version", "rule", "relation")}
    if exact or routing["relation"] == FALLBACK:
        found = {name: routing.get(name) for name in ("feature", "distance_to_edge")}
        return told | found | {"words": in_words(language, routing)}
    return told | {"feature": None, "distance_to_edge": None, "words": say(language, BY_THE_MAP)}


def step(
    municipality: Municipality,
    report: uuid.UUID,
    entry: Shown,
    photos: Sequence[Shown],
    language: str,
    audience: str,
) -> dict[str, Any]:
    """One line of the timeline."""
    department = department_with(municipality, entry.department_id)
    shown: dict[str, Any] = {
        "at": entry.at,
        "kind": entry.kind,
        "by": entry.by_kind,
        "state": entry.state,
        "state_label": say(language, STATES[entry.state].label),
        "department": department.key,
        "note": entry.public if audience != EVERYBODY or entry.by_kind == "staff" else None,
        "photos": photo_links(municipality, report, photos)
        if audience != EVERYBODY or entry.by_kind == "staff"
        else [],
    }
    if audience == STAFF:
        shown |= {"id": entry.uid, "internal": entry.internal, "facts": entry.facts, "by_name": entry.by_name}
    return shown


def photo_links(
    municipality: Municipality, report: uuid.UUID, photos: Sequence[Shown], described: bool = True
) -> list[dict[str, Any]]:
    """Where the renditions of photos are; what is to be seen is a text of the reporter like any other."""
    base = f"/api/v1/{municipality.slug}/reports/{report}/photos"
    return [
        {
            "id": photo.uid,
            "alt": photo.alt if described else None,
            "width": photo.width,
            "height": photo.height,
            "small": f"{base}/{photo.uid}/small",
            "medium": f"{base}/{photo.uid}/medium",
            "large": f"{base}/{photo.uid}/large",
        }
        for photo in photos
    ]
