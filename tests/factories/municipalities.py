"""Small municipalities: a square of a tenth of a degree with a lighting area and a row of lamp-posts."""

from typing import Any

import shapely

from service.db import transaction
from service.gis.importing import ImportedLayer
from service.gis.publishing import publish_version
from service.municipalities.directory import Municipality, municipality
from service.municipalities.establishing import establish, establish_department
from service.reports.cataloguing import set_categories, set_rules

ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")} | {
    "holidays": [["00:00", "24:00"]]
}
DEPARTMENTS: dict[str, dict[str, Any]] = {
    "desk": {"name": {"en": "Citizens' desk", "el": "Γραφείο δημοτών"}, "fallback": True},
    "lighting": {"name": {"en": "Lighting crew", "el": "Συνεργείο φωτισμού"}},
    "roads": {"name": {"en": "Roads", "el": "Οδοποιία"}, "digest": "hourly"},
}
QUESTIONS = [
    {
        "code": "lamps",
        "datatype": "number",
        "required": True,
        "question": {"en": "How many lamps?", "el": "Πόσα φώτα;"},
    },
    {
        "code": "since",
        "datatype": "singlevaluelist",
        "required": False,
        "question": {"en": "Since when?", "el": "Από πότε;"},
        "values": [
            {"key": "today", "name": {"en": "Today", "el": "Σήμερα"}},
            {"key": "longer", "name": {"en": "Longer", "el": "Περισσότερο"}},
        ],
    },
]


def category(key: str, **values: Any) -> dict[str, Any]:
    """A category of the usual kind, but for these values."""
    return {
        "key": key,
        "group_key": "street",
        "group_name": {"en": "Street", "el": "Οδός"},
        "name": {"en": key.replace("-", " ").capitalize(), "el": f"Ελληνικά {key}"},
        "description": None,
        "private": False,
        "show_text": "after_look",
        "show_photo": "after_look",
        "show_place": "at_once",
        "allows_anonymous": True,
        "target_hours": 16.0,
        "asset_layer": None,
        "asset_required": False,
        "danger_phone": None,
        "danger_text": None,
        "questions": [],
    } | values


CATEGORIES = [
    category("dark-lamp"),
    category("pothole"),
    category("lamp-post", asset_layer="lamp-posts", asset_required=True),
    category("questions", questions=QUESTIONS),
    category("named", allows_anonymous=False),
    category("private", private=True),
    category("open", show_text="at_once", show_photo="at_once"),
    category("hidden", show_text="never", show_photo="never", show_place="never"),
    category("danger", danger_phone="112", danger_text={"en": "Call", "el": "Καλέστε"}),
]
RULES: list[dict[str, Any]] = [
    {
        "categories": ["lamp-post"],
        "relation": "asset",
        "layer": "lamp-posts",
        "department_attribute": "crew",
    },
    {"categories": ["dark-lamp"], "relation": "in", "layer": "lighting", "department": "lighting"},
    {"categories": ["pothole"], "relation": "within", "metres": 15.0, "layer": "streets", "department": "roads"},
]


def imported(*features: tuple[str, dict[str, Any], Any]) -> ImportedLayer:
    """Features as if they had been read from a file."""
    return ImportedLayer(features=features, source="made.geojson", sha256="0" * 64, crs="EPSG:4326")


def make_municipality(slug: str, west: float, south: float, hours: dict[str, Any] | None = None) -> Municipality:
    """A municipality with departments, categories, rules and a map."""
    with transaction():
        identity = establish(slug, description(slug, west, south, hours or ALWAYS), ())
        for key, values in DEPARTMENTS.items():
            establish_department(identity, key, {"email": f"{key}@{slug}.example", "digest": "each"} | values)
    made = municipality(slug)
    with transaction():
        set_categories(made, CATEGORIES)
        set_rules(made, RULES)
        publish_map(made, west, south)
    return municipality(slug)


def description(slug: str, west: float, south: float, hours: dict[str, Any]) -> dict[str, Any]:
    return {
        "prefix": slug[:3].upper(),
        "name": {"en": slug.title(), "el": f"Δήμος {slug}"},
        "country": "GR",
        "languages": ["el", "en"],
        "time_zone": "Europe/Athens",
        "working_hours": hours,
        "settings": {
            "photos_per_report": 3,
            "auto_close_days": 14,
            "oldest_app": "1.0",
            "privacy_version": "1",
            "phones": [{"name": {"en": "Emergency", "el": "Έκτακτη ανάγκη"}, "number": "112"}],
            "centre": [west + 0.05, south + 0.05],
        },
    }


def publish_map(made: Municipality, west: float, south: float) -> None:
    """Boundary, the western half as lighting area, a street along the middle, and ten lamp-posts on it, 42 m apart."""
    whole = shapely.box(west, south, west + 0.1, south + 0.1)
    half = shapely.box(west, south, west + 0.05, south + 0.1)
    street = shapely.LineString([(west, south + 0.05), (west + 0.1, south + 0.05)])
    posts = [
        (f"L{n}", {"crew": "lighting" if n else "nobody"}, shapely.Point(west + 0.0185 + n * 0.0005, south + 0.05))
        for n in range(10)
    ]
    for key, kind, features in (
        ("boundary", "boundary", [("all", {"name": made.slug}, whole)]),
        ("districts", "district", [("west", {"name": "West"}, half)]),
        ("lighting", "area", [("west", {"name": "West"}, half)]),
        ("streets", "line", [("main", {"name": "Main street"}, street)]),
        ("lamp-posts", "asset", posts),
    ):
        publish_version(made, key, imported(*features), name={"en": key, "el": f"Στρώμα {key}"}, kind=kind)
