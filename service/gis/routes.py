"""Layers over HTTP, for who keeps the map: drafts, what they would change, and what is in force."""

import uuid
from typing import Any

from flask import Response, current_app
from shapely.geometry import mapping

from service.db import stop_reading, transaction
from service.db.types import AnyRow
from service.errors import NotFound
from service.gis.comparing import Change, changes, counted
from service.gis.comparison_schemas import ChangesOut, ChangesQuery, ComparingOut, GroundOut, GroundQuery
from service.gis.comparisons import compared_ground
from service.gis.content import FileRefused
from service.gis.describing import LayerExists, describe_layer, make_layer
from service.gis.drafting import begin_draft, layer_named, version_numbered
from service.gis.examining import Asked
from service.gis.finding import (
    findings_of,
    layer_here,
    layer_shown,
    layers_of,
    publications_of,
    version_shown,
    versions_of,
)
from service.gis.index import features_of
from service.gis.models import Layer, LayerVersion
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
from service.gis.upload_schemas import UploadIn, UploadOut
from service.gis.uploading import LARGEST_UPLOAD, keep_upload, plan_import, upload_of
from service.gis.writing import DraftChanged, forget
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_key,
    answer,
    cursor,
    language,
    largest_body,
    nothing,
    operation,
    page_of,
)
from service.jobs.models import Job
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.storage.keeping import StoreUnavailable
from service.text import say

blueprint = Blueprint(
    "staff_layers", __name__, url_prefix="/<municipality>/staff/layers", description="The layers of the map"
)
ASK_AGAIN = 2  # seconds
VERSION = f"/<layer>/versions/<int(min=1, max={NUMBER}):number>"


@blueprint.get("")
@staff("see_map")
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
@staff("see_map")
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
@staff("see_map")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, VersionsOut)
@operation("listVersions", NotFound, CursorNotValid)
def versions(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """List the versions of a layer, newest first"""
    after = after_key(query.get("after"), int)
    found = layer_here(municipality, layer)
    rows = versions_of(found, after, query["limit"] + 1)
    page, following = page_of(rows, query["limit"], lambda row: cursor(row.LayerVersion.number))
    return answer({"versions": [version_line(found, row) for row in page], "next": following})


@blueprint.post("/<layer>/versions")
@staff("manage_map")
@blueprint.arguments(DraftIn)
@blueprint.response(201, VersionOut)
@operation("beginDraft", NotFound, DraftChanged)
def begin(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Begin a draft from another version, or from nothing"""
    number = begin_draft(municipality, layer, body["based_on"], caller().account_id)
    return shown_version(municipality, layer, number, 201)


@blueprint.get(VERSION)
@staff("see_map")
@blueprint.response(200, VersionOut)
@operation("showVersion", NotFound)
def version(municipality: Municipality, layer: str, number: int) -> Response:
    """Show a version with what was found in its file"""
    return shown_version(municipality, layer, number)


@blueprint.get(f"{VERSION}/changes")
@staff("see_map")
@blueprint.arguments(ChangesQuery, location="query")
@blueprint.response(200, ChangesOut)
@operation("compareVersion", NotFound, CursorNotValid)
def compare(query: dict[str, Any], municipality: Municipality, layer: str, number: int) -> Response:
    """Show which features a version adds, removes and changes against another one

    As GeoJSON; `properties` says what differs. A feature that is removed has its last geometry.
    """
    after = after_key(query.get("after"), str)
    _, version, other = versions_compared(municipality, layer, number, query.get("against"))
    old, new = features_of(other.id) if other else [], features_of(version.id)
    stop_reading()
    found = changes(old, new)
    rest = [change for change in found if after is None or change.key > after]
    page, following = page_of(rest, query["limit"], lambda change: cursor(change.key))
    content = {"type": "FeatureCollection", "against": other.number if other else None, "counts": counted(found, new)}
    return answer(content | {"features": [change_out(change) for change in page], "next": following})


@blueprint.get(f"{VERSION}/ground")
@staff("see_map")
@blueprint.arguments(GroundQuery, location="query")
@blueprint.response(200, GroundOut)
@blueprint.alt_response(202, schema=ComparingOut, description="It is being compared. Ask again after `Retry-After`.")
@operation("compareGround", NotFound)
def compare_ground(query: dict[str, Any], municipality: Municipality, layer: str, number: int) -> Response:
    """Show where a version's areas overlap, and what ground they leave or take

    Against another version, and, but for a boundary layer, against the municipality's boundary. Some thousand features
    are compared at once. More are compared by the worker: until it is done the answer is 202, with how far it is.
    """
    found, new, old = versions_compared(municipality, layer, number, query.get("against"))
    comparison = compared_ground(municipality, found, new, old, query["least"])
    if comparison.told is None:
        content = {"state": comparison.state, "done": round(comparison.done, 2)}
        return answer(content, 202, headers={"Retry-After": str(ASK_AGAIN)} if comparison.state != "failed" else {})
    about = {"type": "FeatureCollection", "against": old.number if old else None}
    return answer(about | dict(comparison.told))


@blueprint.delete(VERSION)
@staff("manage_map")
@blueprint.response(204)
@operation("deleteDraft", NotFound, VersionPublished)
def delete(municipality: Municipality, layer: str, number: int) -> Response:
    """Delete a draft"""
    with transaction():
        found = version_numbered(layer_named(municipality, layer), number)
        ensure_draft(found)
        forget(found)
    return nothing()


@blueprint.get("/<layer>/publications")
@staff("see_map")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, PublicationsOut)
@operation("listPublications", NotFound, CursorNotValid)
def publications(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """List what came into force, by whom and why, newest first"""
    after = after_key(query.get("after"), int)
    rows = publications_of(layer_here(municipality, layer), after, query["limit"] + 1)
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


@blueprint.post("/<layer>/uploads")
@staff("manage_map")
@largest_body(LARGEST_UPLOAD)
@blueprint.arguments(UploadIn, location="parts", content_type="multipart/form-data")
@blueprint.response(202, UploadOut)
@operation("uploadLayer", NotFound, FileRefused, StoreUnavailable)
def upload(parts: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Upload a file to be read into a draft

    GeoPackage, zipped Shapefile, GeoJSON, KML, GML or CSV with coordinates. `showUpload` says when it is read, what was
    wrong with it and what was done about it.
    """
    who, name = caller(), parts["name"]
    found = layer_here(municipality, layer)
    stop_reading()  # nothing is held while the file is kept
    uid, key = keep_upload(current_app.config["STORE"], name, parts["file"].stream)
    with transaction():
        plan_import(municipality, found, uid, key, name, Asked(**parts["asked"]), who.account_id)
    return answer(upload_out(municipality, layer, uid), 202)


@blueprint.get("/<layer>/uploads/<uuid:upload>")
@staff("see_map")
@blueprint.response(200, UploadOut)
@operation("showUpload", NotFound)
def uploaded(municipality: Municipality, layer: str, upload: uuid.UUID) -> Response:
    """Show what has become of an upload: waiting, being read, a draft with findings, or refused"""
    return answer(upload_out(municipality, layer, upload))


def versions_compared(
    municipality: Municipality, key: str, number: int, against: int | None
) -> tuple[Layer, LayerVersion, LayerVersion | None]:
    """The layer, this version and the other one: that in force where none is named. Raises NotFound."""
    layer = layer_here(municipality, key)
    against = layer_shown(municipality, key).in_force if against is None else against
    old = None if against is None else version_shown(layer, against).LayerVersion
    return layer, version_shown(layer, number).LayerVersion, old


def change_out(change: Change) -> dict[str, Any]:
    attributes = {name: {"before": old, "after": new} for name, (old, new) in change.attributes.items()}
    properties = {
        "change": change.change,
        "geometry_before": mapping(change.before) if change.geometry_changed else None,
        "attributes": attributes,
    }
    shape = mapping(change.before if change.after is None else change.after)
    return {"type": "Feature", "id": change.key, "geometry": shape, "properties": properties}


def upload_out(municipality: Municipality, layer: str, uid: uuid.UUID) -> dict[str, Any]:
    job = upload_of(municipality, layer, uid)
    result = job.result or {}
    version, refusal = result.get("version"), result.get("refusal")
    return {
        "id": uid,
        "name": job.payload["name"],
        "state": state_of_upload(job),
        "step": (job.progress or {}).get("step") if job.state == "running" else None,
        "created_at": job.created_at,
        "version": version,
        "findings": findings_of(municipality, layer, version) if version else None,
        "refusal": refusal
        and {"code": refusal["code"], "title": say(language(), refusal["message"])} | refusal["details"],
    }


def state_of_upload(job: Job) -> str:
    """What its job is to who sent the file."""
    if job.state == "done":
        return "refused" if "refusal" in (job.result or {}) else "drafted"
    return {"waiting": "waiting", "running": "reading"}.get(job.state, "failed")


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
    names = ("number", "state", "source", "sha256", "created_at", "published_at", "publish_at", "reason", "pulled")
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
