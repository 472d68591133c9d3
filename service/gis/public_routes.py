"""The map's public layers and the search for places, for the app."""

from typing import Any

from flask import Response

from service.db.clock import now
from service.errors import NotFound
from service.gis.gazetteer import Place, find_places, layers_of, places_near
from service.gis.presenting import (
    about,
    features,
    openings,
    place_out,
    positions_in,
    public_layer,
    public_layers,
    state_of,
)
from service.gis.public_schemas import (
    LayerFeatureOut,
    LayerFeaturesOut,
    LayerFeaturesQuery,
    NamedOut,
    NearQuery,
    PlacesOut,
    PlacesQuery,
    PublicLayersOut,
)
from service.gis.tiles import is_tile, kept
from service.http import (
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    cursor,
    etag_of,
    language,
    not_modified,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.people.access import anybody
from service.text import N_, pick, say

NEAR = N_("near {place}")
TILE = "application/vnd.mapbox-vector-tile"

blueprint = Blueprint("layers", __name__, url_prefix="/<municipality>", description="The map's layers, and places")


@blueprint.get("/layers")
@anybody
@blueprint.response(200, PublicLayersOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listPublicLayers")
def layers(municipality: Municipality) -> Response:
    """List the layers that the app may show"""
    content = {"layers": [about(index) for index in public_layers(municipality)]}
    return answer(content, etag=etag_of(content))


@blueprint.get("/layers/<layer>/features")
@anybody
@blueprint.arguments(LayerFeaturesQuery, location="query")
@blueprint.response(200, LayerFeaturesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("listLayerFeatures", NotFound, CursorNotValid)
def page(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Show the features of a layer: those that touch a box, or all

    In the order of their keys. Whether something is open now is part of the answer.
    """
    index, limit = public_layer(municipality, layer), query["limit"]
    box = tuple(query["box"]) if "box" in query else None
    after = after_key(query.get("after"), str)
    found = positions_in(index, box, after, limit + 1)
    positions, following = page_of(found, limit, lambda position: cursor(index.keys[position]))
    opening = openings(municipality, index, positions, now())
    etag = etag_of(*state_of(index), positions, opening, following)
    if unchanged := not_modified(etag):
        return unchanged
    shown = features(index, positions, opening)
    return answer({"type": "FeatureCollection", "features": shown, "next": following}, etag=etag)


@blueprint.get("/layers/<layer>/features/<path:feature>")
@anybody
@blueprint.response(200, LayerFeatureOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showLayerFeature", NotFound)
def one(municipality: Municipality, layer: str, feature: str) -> Response:
    """Show one feature of a layer, and whether it is open now"""
    index = public_layer(municipality, layer)
    position = index.positions.get(feature)
    if position is None:
        raise NotFound
    opening = openings(municipality, index, [position], now())
    return answer(features(index, [position], opening)[0], etag=etag_of(*state_of(index), feature, opening))


@blueprint.get("/layers/<layer>/tiles/<int:z>/<int:x>/<int:y>.mvt")
@anybody
@blueprint.response(
    200, {"type": "string", "format": "binary", "description": "The tile; empty where nothing is."}, content_type=TILE
)
@blueprint.alt_response(304, description="The phone has it.")
@operation("showTile", NotFound)
def tile(municipality: Municipality, layer: str, z: int, x: int, y: int) -> Response:
    """Show a layer as a vector tile

    Mapbox Vector Tile 2.1, Web Mercator, z 0 to 22. Each feature has its attributes and its key as `feature`. Below
    z 15 points that are close together are one with `cluster` and `point_count`. Of more than 8,000 features that
    could be seen a tile has the largest.
    """
    index = public_layer(municipality, layer)
    if not is_tile(z, x, y):
        raise NotFound
    etag = etag_of(*state_of(index), z, x, y)
    if unchanged := not_modified(etag):
        return unchanged
    response = Response(kept.tile(index, z, x, y), content_type=TILE)
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


@blueprint.get("/places")
@anybody
@blueprint.arguments(PlacesQuery, location="query")
@blueprint.response(200, PlacesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("findPlaces")
def places(query: dict[str, Any], municipality: Municipality) -> Response:
    """Find places by name as somebody types

    Accents and the script do not matter: `kozani` finds Κοζάνη. Whole names come first, then beginnings of names, then
    of later words.
    """
    near = tuple(query["near"]) if "near" in query else None
    found = [place_out(place) for place in find_places(municipality, query["q"], query["limit"], near)]
    return answer({"places": found}, etag=etag_of(found, [state_of(index) for index in layers_of(municipality)]))


@blueprint.get("/places/near")
@anybody
@blueprint.arguments(NearQuery, location="query")
@blueprint.response(200, NamedOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("namePlace")
def near(query: dict[str, Any], municipality: Municipality) -> Response:
    """Name a point by the nearest place, at most 25 km away"""
    found = places_near(municipality, query["longitude"], query["latitude"], query["limit"])
    content = {"text": named(found[0]) if found else None, "places": [place_out(place) for place in found]}
    return answer(content, etag=etag_of(content))


def named(place: Place) -> str:
    """`near` and the name of the place, in the caller's language."""
    spoken = language()
    return say(spoken, NEAR, place=pick(place.index.names_of(place.position), spoken, "und"))
