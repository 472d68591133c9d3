"""Layers over HTTP, for who keeps the map: drafts, what they would change, and what is in force."""

from typing import Any

from flask import Response

from service.db import transaction
from service.db.types import AnyRow
from service.errors import NotFound
from service.gis.describing import LayerExists, describe_layer, make_layer
from service.gis.drafting import draft_of_version, forget_draft, layer_named, version_numbered
from service.gis.finding import layer_here, layer_shown, layers_of, publications_of, version_shown, versions_of
from service.gis.models import Layer
from service.gis.scheduling import VersionEmpty, VersionInForce, VersionPublished, call_off, ensure_draft, publish
from service.gis.schemas import (
    NUMBER,
    DescribeLayerIn,
    DraftIn,
    KeptLayerOut,
    KeptLayersOut,
    LayerIn,
    PublicationIn,
    PublicationsOut,
    VersionOut,
    VersionsOut,
)
from service.http import Blueprint, CursorNotValid, PageQuery, after_cursor, answer, cursor, nothing, operation, page_of
from service.municipalities.directory import Municipality
from service.people.access import caller, staff

blueprint = Blueprint(
    "staff_layers", __name__, url_prefix="/<municipality>/staff/layers", description="The layers of the map"
)
VERSION = f"/<layer>/versions/<int(min=1, max={NUMBER}):number>"


@blueprint.get("")
@staff("manage_map")
@blueprint.response(200, KeptLayersOut)
@operation("listLayers")
def listed(municipality: Municipality) -> Response:
    """List the layers of the map with what is in force"""
    return answer({"layers": [layer_out(row) for row in layers_of(municipality)]})


@blueprint.post("")
@staff("manage_map")
@blueprint.arguments(LayerIn)
@blueprint.response(201, KeptLayerOut)
@operation("makeLayer", LayerExists)
def make(body: dict[str, Any], municipality: Municipality) -> Response:
    """Make a layer, without any version yet"""
    key = body.pop("key")
    with transaction():
        make_layer(municipality, key, body)
    return answer(layer_out(layer_shown(municipality, key)), 201)


@blueprint.get("/<layer>")
@staff("manage_map")
@blueprint.response(200, KeptLayerOut)
@operation("showLayer", NotFound)
def show(municipality: Municipality, layer: str) -> Response:
    """Show a layer"""
    return answer(layer_out(layer_shown(municipality, layer)))


@blueprint.patch("/<layer>")
@staff("manage_map")
@blueprint.arguments(DescribeLayerIn)
@blueprint.response(200, KeptLayerOut)
@operation("describeLayer", NotFound)
def describe(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Say anew what a layer is called and how it is shown"""
    with transaction():
        describe_layer(layer_named(municipality, layer), body)
    return answer(layer_out(layer_shown(municipality, layer)))


@blueprint.get("/<layer>/versions")
@staff("manage_map")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, VersionsOut)
@operation("listVersions", NotFound, CursorNotValid)
def versions(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """List the versions of a layer, newest first"""
    after = after_cursor(query.get("after"), int)
    found = layer_here(municipality, layer)
    rows = versions_of(found, after[0] if after else None, query["limit"] + 1)
    page, following = page_of(rows, query["limit"], lambda row: cursor(row.LayerVersion.number))
    return answer({"versions": [version_line(found, row) for row in page], "next": following})


@blueprint.post("/<layer>/versions")
@staff("manage_map")
@blueprint.arguments(DraftIn)
@blueprint.response(201, VersionOut)
@operation("beginDraft", NotFound)
def begin(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Begin a draft from another version, or from nothing"""
    who = caller()
    with transaction():
        found = layer_named(municipality, layer)
        begun_from = version_numbered(found, body["based_on"]) if body["based_on"] else None
        number = draft_of_version(found, begun_from, who.account_id).number
    return shown_version(municipality, layer, number, 201)


@blueprint.get(VERSION)
@staff("manage_map")
@blueprint.response(200, VersionOut)
@operation("showVersion", NotFound)
def version(municipality: Municipality, layer: str, number: int) -> Response:
    """Show a version with what was found in its file"""
    return shown_version(municipality, layer, number)


@blueprint.delete(VERSION)
@staff("manage_map")
@blueprint.response(204)
@operation("deleteDraft", NotFound, VersionPublished)
def delete(municipality: Municipality, layer: str, number: int) -> Response:
    """Delete a draft"""
    with transaction():
        found = version_numbered(layer_named(municipality, layer), number)
        ensure_draft(found)
        forget_draft(found)
    return nothing()


@blueprint.get("/<layer>/publications")
@staff("manage_map")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, PublicationsOut)
@operation("listPublications", NotFound, CursorNotValid)
def publications(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """List what came into force, by whom and why, newest first"""
    after = after_cursor(query.get("after"), int)
    rows = publications_of(layer_here(municipality, layer), after[0] if after else None, query["limit"] + 1)
    page, following = page_of(rows, query["limit"])
    lines = [{name: getattr(row, name) for name in ("version", "before", "at", "by_name", "reason")} for row in page]
    return answer({"publications": lines, "next": following})


@blueprint.post("/<layer>/publications")
@staff("manage_map")
@blueprint.arguments(PublicationIn)
@blueprint.response(200, VersionOut)
@operation("publishVersion", NotFound, VersionInForce, VersionEmpty, VersionPublished)
def put(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Publish a draft at once or later, or roll back to an earlier version

    Reports that come from then on are routed by it; those that are there keep the version they were routed by.
    """
    who = caller()
    with transaction():
        found = layer_named(municipality, layer)
        publish(found, version_numbered(found, body["version"]), who.account_id, body["reason"], body["at"])
    return shown_version(municipality, layer, body["version"])


@blueprint.delete(f"{VERSION}/publish-at")
@staff("manage_map")
@blueprint.response(204)
@operation("callOffPublication", NotFound, VersionPublished)
def call_it_off(municipality: Municipality, layer: str, number: int) -> Response:
    """Do not publish a draft at the moment that was ordered"""
    with transaction():
        call_off(version_numbered(layer_named(municipality, layer), number))
    return nothing()


def layer_out(row: AnyRow) -> dict[str, Any]:
    layer = row.Layer
    names = (
        "key",
        "name",
        "kind",
        "public",
        "attribution",
        "licence",
        "approximate",
        "key_attribute",
        "style",
    )
    about = {name: getattr(layer, name) for name in names}
    return about | {"version": row.in_force, "features": row.features, "drafts": row.drafts}


def version_line(layer: Layer, row: AnyRow) -> dict[str, Any]:
    shown = row.LayerVersion
    names = ("number", "state", "source", "sha256", "created_at", "published_at", "publish_at", "reason")
    return {name: getattr(shown, name) for name in names} | {
        "in_force": shown.id == layer.published_version_id,
        "features": shown.feature_count,
        "based_on": row.based_on,
        "by_name": row.by_name,
    }


def shown_version(municipality: Municipality, key: str, number: int, status: int = 200) -> Response:
    """A version with its findings."""
    layer = layer_here(municipality, key)
    row = version_shown(layer, number)
    return answer(version_line(layer, row) | {"findings": row.LayerVersion.findings}, status)
