"""OGC API Features over HTTP: what there is, pages of it, one feature, and the edits of a draft."""

from typing import Any
from urllib.parse import quote, urlencode

import orjson
import shapely
from flask import Blueprint, Response, abort, g, request
from werkzeug.urls import iri_to_uri

from service.db import transaction
from service.gis.editing import (
    DraftScheduled,
    Edited,
    FeatureChanged,
    FeatureKeyTaken,
    FeatureNotValid,
    Seen,
    SeenStateNeeded,
    change_feature,
    create_feature,
    prepare_draft,
    remove_feature,
)
from service.http import (
    CursorNotValid,
    after_key,
    answer,
    cursor,
    etag_of,
    language,
    not_modified,
    operation,
    read_json,
)
from service.municipalities.directory import Municipality
from service.ogc import describing
from service.ogc.asking import Asked, asked_of
from service.ogc.collections import AT_ONCE, Collection, collection_named, collections_for, mark_of
from service.ogc.describing import GEOJSON, OPENAPI, SCHEMA
from service.ogc.items import Item, page_of_items
from service.ogc.receiving import Change, sent_feature
from service.ogc.refusing import QueryNotValid
from service.ogc.systems import spoken_in, system_named
from service.people.access import SignInNeeded, caller, caller_or_nobody, public, staff
from service.people.callers import find_caller
from service.text import pick

LARGEST_FEATURE = 8 * 1024 * 1024
"""Bytes: a coast has many corners."""

KINDS_OF_BODY = ("application/geo+json", "application/json", "application/merge-patch+json")

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc/<municipality>")


@blueprint.before_request
def read_the_password() -> None:
    """A token may also come as the password of HTTP Basic, which QGIS and GDAL can send, under any name."""
    request.max_content_length = LARGEST_FEATURE
    given = request.authorization
    if given is not None and given.type == "basic":
        g.caller = find_caller(g.municipality.id, given.password or "")
        if g.caller is None:
            raise SignInNeeded


@blueprint.after_request
def ask_for_the_password(response: Response) -> Response:
    """Name both ways of signing in."""
    if response.status_code == 401:
        response.headers.add("WWW-Authenticate", 'Basic realm="Plateia", charset="UTF-8"')
    return response


@blueprint.get("/")
@public
@operation("ogcLanding")
def landing(municipality: Municipality) -> Response:
    """Say where everything is"""
    return described(describing.landing(base(municipality), title(municipality)))


@blueprint.get("/conformance")
@public
@operation("ogcConformance")
def conformance(municipality: Municipality) -> Response:
    """Say what of the standard is kept"""
    return described({"conformsTo": describing.CONFORMANCE})


@blueprint.get("/api")
@public
@operation("ogcApi")
def api(municipality: Municipality) -> Response:
    """Show the OpenAPI document of the collections that the caller may read"""
    found = collections_for(municipality, keeps_the_map())
    return described(describing.openapi(base(municipality), title(municipality), found), OPENAPI)


@blueprint.get("/collections")
@public
@operation("ogcCollections")
def collections(municipality: Municipality) -> Response:
    """List the collections that the caller may read"""
    found = collections_for(municipality, keeps_the_map())
    return described(describing.collections_document(base(municipality), municipality, found, language()))


@blueprint.get("/collections/<collection>")
@public
@operation("ogcCollection")
def collection(municipality: Municipality, collection: str) -> Response:
    """Describe a collection"""
    found = collection_named(municipality, collection, keeps_the_map())
    return described(describing.described(base(municipality), municipality, found, language()))


@blueprint.get("/collections/<collection>/queryables")
@public
@operation("ogcQueryables")
def queryables(municipality: Municipality, collection: str) -> Response:
    """Say what a filter may name"""
    found = collection_named(municipality, collection, keeps_the_map())
    return described(describing.queryables(base(municipality), found), SCHEMA)


@blueprint.get("/collections/<collection>/items")
@public
@operation("ogcItems", QueryNotValid, CursorNotValid)
def items(municipality: Municipality, collection: str) -> Response:
    """Give a page of the features of a collection"""
    found = collection_named(municipality, collection, keeps_the_map())
    asked = asked_of(request.args.to_dict(flat=False), found.properties(), found.moment)
    etag = None if found.state is None else etag_of(found.state, request.url)
    if etag is not None and (unchanged := not_modified(etag)):
        return unchanged
    content = page(municipality, found, asked)
    headers = {"Content-Type": GEOJSON, "Content-Crs": f"<{asked.system}>"}
    return answer(content, etag=etag or etag_of(content), headers=headers)


@blueprint.get("/collections/<collection>/items/<path:feature>")
@public
@operation("ogcItem", QueryNotValid)
def item(municipality: Municipality, collection: str, feature: str) -> Response:
    """Give one feature; its ETag names its state, for who wants to change it in the draft"""
    system = system_named(request.args.get("crs"), "crs")
    found = collection_named(municipality, collection, keeps_the_map())
    shown = found.item(feature)
    here = describing.address_of(base(municipality), found)
    links = [
        describing.link(f"{here}/items/{quote(shown.key, safe='')}", "self", GEOJSON),
        describing.link(here, "collection"),
    ]
    headers = {"Content-Type": GEOJSON, "Content-Crs": f"<{system}>"}
    return answer({**as_feature(shown, system), "links": links}, etag=mark_of(shown), headers=headers)


@blueprint.post("/collections/<layer>:draft/items")
@staff("manage_map")
@operation("ogcCreate", FeatureNotValid, FeatureKeyTaken, DraftScheduled)
def create(municipality: Municipality, layer: str) -> Response:
    """Put a feature into the draft of a layer"""
    sent = sent_feature(body(), content_crs(), whole=True)
    prepare_draft(municipality, layer, caller().account_id)
    with transaction():
        made = create_feature(municipality, layer, caller().account_id, sent.key, sent.properties, sent.geometry)
    place = f"{base(municipality)}/collections/{layer}:draft/items/{quote(made.key, safe='')}"
    return done(made, 201, {"Location": place})


@blueprint.put("/collections/<layer>:draft/items/<path:feature>")
@staff("manage_map")
@operation("ogcReplace", FeatureNotValid, FeatureChanged, SeenStateNeeded, DraftScheduled)
def replace(municipality: Municipality, layer: str, feature: str) -> Response:
    """Replace a feature of the draft of a layer"""
    return changed(municipality, layer, feature, sent_feature(body(), content_crs(), whole=True).replacing)


@blueprint.patch("/collections/<layer>:draft/items/<path:feature>")
@staff("manage_map")
@operation("ogcUpdate", FeatureNotValid, FeatureChanged, SeenStateNeeded, DraftScheduled)
def update(municipality: Municipality, layer: str, feature: str) -> Response:
    """Change some of a feature of the draft of a layer"""
    return changed(municipality, layer, feature, sent_feature(body(), content_crs(), whole=False).merged_into)


@blueprint.delete("/collections/<layer>:draft/items/<path:feature>")
@staff("manage_map")
@operation("ogcDelete", FeatureChanged, SeenStateNeeded, DraftScheduled)
def remove(municipality: Municipality, layer: str, feature: str) -> Response:
    """Take a feature out of the draft of a layer"""
    prepare_draft(municipality, layer, caller().account_id)
    with transaction():
        remove_feature(municipality, layer, caller().account_id, feature, seen())
    return Response(status=204)


# --- what the routes share -----------------------------------------------------------------------------------------


def keeps_the_map() -> bool:
    found = caller_or_nobody()
    return found is not None and found.may("see_map")


def base(municipality: Municipality) -> str:
    """The address of the landing page, without the slash at its end."""
    return f"{request.host_url}ogc/{municipality.slug}"


def title(municipality: Municipality) -> str:
    return pick(municipality.name, language(), municipality.main_language)


def described(content: dict[str, Any], kind: str = describing.JSON) -> Response:
    return answer(content, etag=etag_of(content), headers={"Content-Type": kind})


def page(municipality: Municipality, found: Collection, asked: Asked) -> dict[str, Any]:
    """A feature collection with the address of the next page, where there is one."""
    kind: Any = found.place
    after: Any = after_key(asked.after, kind)
    at_once = asked.limit + 1 if asked.test is None else AT_ONCE
    items = found.items(asked.area, after, at_once)
    shown, last = page_of_items(items, asked.test, asked.limit, asked.most)
    content: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [as_feature(one, asked.system) for one in shown],
        "links": page_links(municipality, found, last),
        "numberReturned": len(shown),
    }
    number = found.number(asked.area, asked.test, asked.most)
    return content if number is None else content | {"numberMatched": number}


def page_links(municipality: Municipality, found: Collection, last: str | int | None) -> list[dict[str, str]]:
    here = describing.address_of(base(municipality), found)
    links = [describing.link(iri_to_uri(request.url), "self", GEOJSON), describing.link(here, "collection")]
    if last is not None:
        following = request.args.to_dict() | {"after": cursor(last)}
        links.append(describing.link(f"{here}/items?{urlencode(following)}", "next", GEOJSON))
    return links


def as_feature(item: Item, system: str) -> dict[str, Any]:
    """The item as GeoJSON, its coordinates in the system's own order."""
    geometry = shapely.to_geojson(spoken_in(item.geometry, system))
    return {"type": "Feature", "id": item.key, "geometry": orjson.Fragment(geometry), "properties": item.properties}


def body() -> Any:
    """What was sent, as JSON that says so: a foreign page can make a browser send anything else with the password
    that it has kept. Raises FieldsNotValid.
    """
    if request.mimetype not in KINDS_OF_BODY:
        abort(415)
    try:
        return read_json(request.get_data())
    except orjson.JSONDecodeError:
        abort(400)


def content_crs() -> str:
    return system_named(request.headers.get("Content-Crs"), "Content-Crs")


def seen() -> Seen:
    """Which state of the feature the caller has seen; None where they do not say."""
    if "If-Match" not in request.headers:
        return None
    marks = request.if_match
    return marks.contains


def changed(municipality: Municipality, layer: str, feature: str, change: Change) -> Response:
    prepare_draft(municipality, layer, caller().account_id)
    with transaction():
        made = change_feature(municipality, layer, caller().account_id, feature, seen(), change)
    return done(made, 204, {})


def done(made: Edited, status: int, headers: dict[str, str]) -> Response:
    response = Response(status=status, headers=headers)
    response.set_etag(made.mark)
    return response
