"""What a phone needs at start: languages, categories, limits, phone numbers."""

from hashlib import blake2b
from typing import Any

import orjson

from service.gis.index import VersionIndex, indexes_of
from service.media.limits import USUAL
from service.municipalities.directory import Municipality
from service.reports.catalogue import Category, catalogue_of
from service.reports.states import STATES
from service.text import say

LONGEST_DESCRIPTION = 4000


def start(municipality: Municipality) -> dict[str, Any]:
    """Everything, in all languages of the municipality at once, so that a phone can change its language offline."""
    categories = [shown(c) for c in catalogue_of(municipality).by_key.values() if c.active]
    settings = municipality.settings
    return {
        "slug": municipality.slug,
        "name": municipality.name,
        "languages": municipality.languages,
        "time_zone": municipality.time_zone,
        "centre": settings["centre"],
        "oldest_app": settings["oldest_app"],
        "privacy_version": settings["privacy_version"],
        "phones": settings["phones"],
        "limits": {
            "photos_per_report": settings["photos_per_report"],
            "photo_bytes": USUAL.bytes,
            "description_characters": LONGEST_DESCRIPTION,
        },
        "states": [
            {
                "key": state.name,
                "label": {language: say(language, state.label) for language in municipality.languages},
                "open": state.open,
            }
            for state in STATES.values()
        ],
        "categories_version": blake2b(orjson.dumps(categories), digest_size=8).hexdigest(),
        "categories": categories,
        "layers": [said_of(layer) for _, layer in sorted(indexes_of(municipality).items()) if layer.public],
    }


def said_of(layer: VersionIndex) -> dict[str, Any]:
    """What must be said wherever a layer is shown: whose it is, and how exact."""
    return {
        "key": layer.layer_key,
        "name": layer.layer_name,
        "kind": layer.kind,
        "version": layer.version,
        "attribution": layer.attribution,
        "licence": layer.licence,
        "approximate": layer.approximate,
    }


def shown(category: Category) -> dict[str, Any]:
    """A category as the app asks about it."""
    danger = {"phone": category.danger_phone, "text": category.danger_text or {}} if category.danger_phone else None
    return {
        "key": category.key,
        "group": category.group_key,
        "group_name": category.group_name,
        "name": category.name,
        "description": category.description,
        "allows_anonymous": category.allows_anonymous,
        "asset_layer": category.asset_layer,
        "asset_required": category.asset_required,
        "danger": danger,
        "questions": category.questions,
    }
