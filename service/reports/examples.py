"""What requests and answers about reports look like, as the OpenAPI document shows them."""

from typing import Any

NEW: dict[str, Any] = {
    "category": "lamp-out",
    "longitude": 21.7883,
    "latitude": 40.3005,
    "accuracy": 8.5,
    "description": "Το φως είναι σβηστό",
    "answers": {"extent": "one"},
    "language": "el",
}
BASE = "/api/v1/kozani/reports/01a20027-2c8e-7266-ae20-55ab6d37ca6a/photos/01a20027-2c56-7783-8c2a-7aaa8bb426f6"
PHOTO: dict[str, Any] = {"id": "01a20027-2c56-7783-8c2a-7aaa8bb426f6", "width": 1600, "height": 1200}
PHOTO_LINKS: dict[str, Any] = PHOTO | {
    "alt": "A dark lamp-post at dusk",
    "small": f"{BASE}/small",
    "medium": f"{BASE}/medium",
    "large": f"{BASE}/large",
}
LINE: dict[str, Any] = {
    "id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a",
    "number": "KOZ-2026-000001",
    "category": "lamp-out",
    "category_name": "Street lamp not working",
    "state": "received",
    "state_label": "Received",
    "open": True,
    "department": "lighting",
    "department_name": "Street Lighting Crew",
    "created_at": "2026-11-21T22:08:17.042554Z",
    "moved_at": "2026-11-21T22:08:17.042554Z",
    "promised_at": "2026-11-24T13:00:00Z",
    "district": "kozani",
    "district_name": "Δημοτική Ενότητα Κοζάνης",
    "version": 1,
    "longitude": 21.7883,
    "latitude": 40.3005,
    "description": "Το φως είναι σβηστό",
}
STEP: dict[str, Any] = {
    "at": "2026-11-21T22:08:17.042554Z",
    "kind": "submitted",
    "by": "reporter",
    "state": "received",
    "state_label": "Received",
    "department": "lighting",
    "note": None,
    "photos": [],
}
REPORT: dict[str, Any] = LINE | {
    "address": None,
    "answers": {"extent": "one"},
    "asset": None,
    "why": {
        "words": "The place is in “centre” (Street lighting areas).",
        "relation": "in",
        "rule": 3,
        "layer": "lighting-areas",
        "version": 1,
        "feature": "centre",
        "distance_to_edge": 987.76,
    },
    "photos": [PHOTO_LINKS],
    "timeline": [STEP],
    "moves": ["withdrawn"],
}
STAFF_LINE: dict[str, Any] = LINE | {"looked_at": None, "private": False}
STAFF_STEP: dict[str, Any] = STEP | {
    "id": "01a20027-2ca9-75ff-908c-ec815caf6dbe",
    "internal": None,
    "facts": {"rule": 3},
    "by_name": None,
}
STAFF_REPORT: dict[str, Any] = (
    REPORT
    | STAFF_LINE
    | {
        "timeline": [STAFF_STEP],
        "moves": [
            "acknowledged",
            "in_progress",
            "waiting_for_reporter",
            "with_another_body",
            "resolved",
            "rejected",
            "duplicate",
        ],
        "routing": {
            "department": "lighting",
            "relation": "in",
            "metres": None,
            "rule": 3,
            "match": {},
            "department_attribute": "crew",
            "layer": "lighting-areas",
            "layer_name": {"el": "Περιοχές ηλεκτροφωτισμού", "en": "Street lighting areas"},
            "version": 1,
            "feature": "centre",
            "feature_name": {"el": "Κέντρο πόλης", "en": "Town centre"},
            "distance_to_edge": 987.76,
        },
        "accuracy": 8.5,
        "text_public": False,
        "photos_public": False,
        "place_public": True,
        "assignee": None,
    }
)
MAP: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "01a20027-2c8e-7266-ae20-55ab6d37ca6a",
            "geometry": {"type": "Point", "coordinates": [21.7883, 40.3005]},
            "properties": {
                "number": "KOZ-2026-000001",
                "category": "lamp-out",
                "state": "received",
                "open": True,
                "created_at": "2026-11-21T22:08:17.042554Z",
                "description": None,
            },
        }
    ],
    "next": None,
}
CATEGORY: dict[str, Any] = {
    "key": "lamp-out",
    "group": "lighting",
    "group_name": {"el": "Φωτισμός", "en": "Lighting"},
    "name": {"el": "Λάμπα που δεν ανάβει", "en": "Street lamp not working"},
    "description": {"el": "Φωτιστικό δρόμου που δεν ανάβει.", "en": "A street lamp that stays dark."},
    "allows_anonymous": True,
    "asset_layer": "lamp-posts",
    "asset_required": False,
    "danger": None,
    "questions": [
        {
            "code": "extent",
            "datatype": "singlevaluelist",
            "required": True,
            "question": {"el": "Πόσα φωτιστικά δεν ανάβουν;", "en": "How many lamps are out?"},
            "values": [
                {"key": "one", "name": {"el": "Ένα", "en": "One"}},
                {"key": "several", "name": {"el": "Αρκετά στη σειρά", "en": "Several in a row"}},
            ],
        }
    ],
}
APP: dict[str, Any] = {
    "slug": "kozani",
    "name": {"el": "Δήμος Κοζάνης", "en": "Municipality of Kozani"},
    "languages": ["el", "en"],
    "time_zone": "Europe/Athens",
    "centre": [21.7885, 40.3007],
    "oldest_app": "1.0.0",
    "privacy_version": "2026-11",
    "phones": [{"name": {"el": "Αριθμός έκτακτης ανάγκης", "en": "Emergency number"}, "number": "112"}],
    "limits": {"photos_per_report": 5, "photo_bytes": 20971520, "description_characters": 4000},
    "states": [{"key": "received", "label": {"el": "Παραλήφθηκε", "en": "Received"}, "open": True}],
    "categories_version": "ed70a703bed3b712",
    "categories": [CATEGORY],
    "layers": [
        {
            "key": "boundary",
            "name": {"el": "Όρια του δήμου", "en": "Boundary"},
            "kind": "boundary",
            "version": 1,
            "attribution": "© OpenStreetMap contributors",
            "licence": "ODbL 1.0",
            "approximate": True,
        }
    ],
}
