"""The documents about what there is: landing page, conformance, collections, queryables, the OpenAPI document."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from service.municipalities.directory import Municipality
from service.ogc.asking import MOST, USUAL
from service.ogc.collections import Collection, InDraft, InForce
from service.ogc.items import GEOMETRY
from service.ogc.systems import CRS84, SYSTEMS
from service.text import pick

JSON, GEOJSON, SCHEMA = "application/json", "application/geo+json", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
MERGE_PATCH = "application/merge-patch+json"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
A_FEATURE = {"$ref": "https://geojson.org/schema/Feature.json"}
A_GEOMETRY = {"$ref": "https://geojson.org/schema/Geometry.json"}

CONFORMANCE = [
    f"http://www.opengis.net/spec/{name}"
    for name in (
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-1/1.0/conf/oas30",
        "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-3/1.0/conf/queryables",
        "ogcapi-features-3/1.0/conf/queryables-query-parameters",
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "ogcapi-features-4/1.0/conf/create-replace-delete",
        "ogcapi-features-4/1.0/conf/update",
        "ogcapi-features-4/1.0/conf/features",
        "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/basic-cql2",
        "cql2/1.0/conf/advanced-comparison-operators",
        "cql2/1.0/conf/case-insensitive-comparison",
        "cql2/1.0/conf/basic-spatial-functions",
        "cql2/1.0/conf/basic-spatial-functions-plus",
        "cql2/1.0/conf/spatial-functions",
        "cql2/1.0/conf/property-property",
        "cql2/1.0/conf/arithmetic",
        "cql2/1.0/conf/basic-spatial-operators",  # as QGIS calls it
    )
]


def link(href: str, rel: str, kind: str = JSON) -> dict[str, str]:
    return {"href": href, "rel": rel, "type": kind}


def landing(base: str, title: str) -> dict[str, Any]:
    """Where everything else is; `base` is the address of this page."""
    return {
        "title": title,
        "links": [
            link(f"{base}/", "self"),
            link(f"{base}/api", "service-desc", OPENAPI),
            link(f"{base}/conformance", "conformance"),
            link(f"{base}/conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance"),
            link(f"{base}/collections", "data"),
            link(f"{base}/collections", "http://www.opengis.net/def/rel/ogc/1.0/data"),
        ],
    }


def collections_document(
    base: str, municipality: Municipality, found: Sequence[Collection], language: str
) -> dict[str, Any]:
    """All that the caller may read."""
    return {
        "links": [link(f"{base}/collections", "self")],
        "crs": list(SYSTEMS),
        "collections": [described(base, municipality, one, language) for one in found],
    }


def described(base: str, municipality: Municipality, collection: Collection, language: str) -> dict[str, Any]:
    """One collection: what it is called, where it lies, in which systems it can be had."""
    here = address_of(base, collection)
    shown: dict[str, Any] = {
        "id": collection.id,
        "title": collection.title(language, pick(collection.name, language, municipality.main_language)),
        "itemType": "feature",
        "crs": list(SYSTEMS),
        "storageCrs": CRS84,
        "links": [
            link(here, "self"),
            link(f"{here}/items", "items", GEOJSON),
            link(f"{here}/queryables", QUERYABLES, SCHEMA),
        ],
    }
    bounds = collection.bounds()
    if bounds is not None:
        shown["extent"] = {"spatial": {"bbox": [bounds], "crs": CRS84}}
    if isinstance(collection, InForce) and collection.index.attribution:
        shown["attribution"] = collection.index.attribution
    return shown


def address_of(base: str, collection: Collection) -> str:
    return f"{base}/collections/{quote(collection.id, safe=':')}"


def queryables(base: str, collection: Collection) -> dict[str, Any]:
    """What filters and parameters may name, as JSON Schema."""
    properties: dict[str, Any] = {GEOMETRY: A_GEOMETRY}
    properties |= {name: {"title": name, "type": kind} for name, kind in collection.properties().items()}
    if collection.moment is not None:
        properties[collection.moment]["format"] = "date-time"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{address_of(base, collection)}/queryables",
        "type": "object",
        "title": collection.id,
        "properties": properties,
        "additionalProperties": False,
    }


# --- the OpenAPI document ------------------------------------------------------------------------------------------


def parameter(name: str, schema: Mapping[str, Any], place: str = "query", explode: bool = True) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "explode": explode}


TEXT: Mapping[str, Any] = {"type": "string"}
SYSTEM: Mapping[str, Any] = {"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84}
BOX: Mapping[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
PARAMETERS = {
    "limit": parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}),
    "bbox": parameter(
        "bbox", {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}, "query", False
    ),
    "bbox-crs": parameter("bbox-crs", SYSTEM),
    "crs": parameter("crs", SYSTEM),
    "datetime": parameter("datetime", TEXT),
    "filter": parameter("filter", TEXT),
    "filter-lang": parameter("filter-lang", {"type": "string", "enum": ["cql2-text"], "default": "cql2-text"}),
    "filter-crs": parameter("filter-crs", SYSTEM),
    "feature": parameter("feature", TEXT, "path"),
}
OF_ITEMS = ("limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs")


def openapi(base: str, title: str, found: Sequence[Collection]) -> dict[str, Any]:
    """The interface of these collections, in OpenAPI 3.0."""
    paths: dict[str, Any] = {
        "/": {"get": read("landingPage", JSON)},
        "/conformance": {"get": read("conformance", JSON)},
        "/collections": {"get": read("collections", JSON)},
    }
    for collection in found:
        paths |= paths_of(collection)
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "parameters": PARAMETERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The password is the token."},
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}],
    }


def paths_of(collection: Collection) -> dict[str, Any]:
    """The addresses of a collection, those that write only where it is a draft."""
    here, name = f"/collections/{collection.id}", collection.id.replace(":", "_")
    attributes = [parameter(each, {"type": kind}) for each, kind in collection.properties().items()]
    items: dict[str, Any] = {"get": read(f"items_{name}", GEOJSON, [*map(shared, OF_ITEMS), *attributes])}
    item: dict[str, Any] = {"get": read(f"item_{name}", GEOJSON, [shared("feature"), shared("crs")])}
    if isinstance(collection, InDraft):
        items["post"] = write(f"create_{name}", "201", GEOJSON, [])
        item["put"] = write(f"replace_{name}", "204", GEOJSON, [shared("feature")])
        item["patch"] = write(f"update_{name}", "204", MERGE_PATCH, [shared("feature")])
        item["delete"] = write(f"delete_{name}", "204", None, [shared("feature")])
    return {
        here: {"get": read(f"collection_{name}", JSON)},
        f"{here}/queryables": {"get": read(f"queryables_{name}", SCHEMA)},
        f"{here}/items": items,
        f"{here}/items/{{feature}}": item,
    }


def shared(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def read(name: str, kind: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
    done = {"description": "What was asked for.", "content": {kind: {"schema": {"type": "object"}}}}
    return {"operationId": name, "parameters": list(parameters), "responses": {"200": done, **REFUSED}}


def write(name: str, status: str, kind: str | None, parameters: Sequence[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "parameters": list(parameters),
        "security": [{"bearer": []}, {"basic": []}],
    }
    if kind is not None:
        described["requestBody"] = {"required": True, "content": {kind: {"schema": A_FEATURE}}}
    return described | {"responses": {status: {"description": "It is done."}, **REFUSED}}


REFUSED = {
    "default": {
        "description": "A refusal (RFC 9457) with a stable code.",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
}
