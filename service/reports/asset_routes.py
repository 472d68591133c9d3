"""Assets over HTTP: choosing one for a report, and what was reported about it."""

from typing import Any

from flask import Response

from service.errors import NotFound
from service.http import Blueprint, CursorNotValid, after_key, answer, language, operation, page_of
from service.municipalities.directory import Municipality
from service.people.access import anybody, caller_or_nobody, public
from service.reports import assets, presenting
from service.reports.presenting import EVERYBODY, REPORTER
from service.reports.schemas.assets import AssetPageOut, AssetPageQuery, AssetsOut, AssetsQuery

blueprint = Blueprint(
    "assets", __name__, url_prefix="/<municipality>/assets", description="Lamp-posts, bins and other things on the map"
)


@blueprint.get("")
@anybody
@blueprint.arguments(AssetsQuery, location="query")
@blueprint.response(200, AssetsOut)
@operation("listAssets", NotFound)
def near(query: dict[str, Any], municipality: Municipality) -> Response:
    """Show the things of a layer around a place, nearest first

    For choosing the one that a report is about. Any public layer.
    """
    index = assets.asset_layer(municipality, query["layer"])
    lon, lat = query["near"]
    found = assets.assets_near(index, lon, lat, query["radius"], query["limit"])
    is_open = assets.open_at(municipality, index, [position for position, _ in found])
    spoken = language()
    lines = [
        assets.described(municipality, index, position, spoken)
        | {"metres": round(metres, 1), "open_reports": is_open.get(index.keys[position], 0)}
        for position, metres in found
    ]
    return answer({"layer": index.layer_key, "version": index.version, "assets": lines})


@blueprint.get("/<layer>/<path:feature>")
@public
@blueprint.arguments(AssetPageQuery, location="query")
@blueprint.response(200, AssetPageOut)
@operation("showAsset", NotFound, CursorNotValid)
def page(query: dict[str, Any], municipality: Municipality, layer: str, feature: str) -> Response:
    """Show one asset and what was reported about it, newest first

    Everybody sees the reports that are on the map; staff also all others of their departments. `times` counts those
    that are shown, on all pages. One that the map no longer has is shown as it was, `gone`, where there are any.
    """
    who = caller_or_nobody()
    in_force = assets.asset_layer(municipality, layer, who)
    index = assets.index_with(in_force, feature)
    after, seen = after_key(query.get("after"), int), assets.reached(municipality, who)
    counted, found = assets.reports_at(municipality, (layer, feature), seen, after, query["limit"] + 1)
    gone = index is not in_force
    if gone and not counted.times:
        raise NotFound
    rows, following = page_of(found, query["limit"])
    spoken = language()
    words = presenting.Words(municipality, spoken)
    lines = [presenting.summary(words, row, REPORTER if row.department_id in seen else EVERYBODY) for row in rows]
    shown = assets.described(municipality, index, index.positions[feature], spoken)
    content = shown | {"gone": gone, "times": counted.times, "open": counted.open}
    return answer(content | {"reports": lines, "next": following})
