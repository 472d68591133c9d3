"""The sources of layers over HTTP, for who keeps the map: where from, how often, what came of it."""

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app

from service.db import stop_reading, transaction
from service.db.types import AnyRow
from service.errors import NotFound
from service.fetching.addresses import AddressRefused
from service.gis.drafting import layer_named
from service.gis.finding import layer_here
from service.gis.models import Layer, LayerSource
from service.gis.source_schemas import (
    WANTED,
    ActivityIn,
    FetchesOut,
    FetchIn,
    SourceIn,
    SourceOut,
)
from service.gis.sourcing import (
    fetch_now,
    fetches_of,
    forget_source,
    job_of,
    pulled_drafts,
    sealed,
    set_source,
    source_of,
    switch_source,
    who_set,
)
from service.http import (
    Blueprint,
    CursorNotValid,
    PageQuery,
    after_cursor,
    answer,
    cursor,
    language,
    nothing,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.text import say

blueprint = Blueprint(
    "layer_sources",
    __name__,
    url_prefix="/<municipality>/staff/layers/<layer>/source",
    description="Where layers are fetched from",
)


@blueprint.get("")
@staff("see_map")
@blueprint.response(200, SourceOut)
@operation("showSource", NotFound)
def show(municipality: Municipality, layer: str) -> Response:
    """Show where a layer is fetched from, and how that goes"""
    return answer(source_out(layer_here(municipality, layer)))


@blueprint.put("")
@staff("manage_map")
@blueprint.arguments(SourceIn)
@blueprint.response(200, SourceOut)
@operation("setSource", NotFound, AddressRefused)
def put(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Fetch a layer from somewhere, at once and from then on in a rhythm

    A file, WFS, OGC API Features or ArcGIS. Each change becomes a draft, which is published by hand, or by itself
    while it stays under the limits. A source that breaks or turns empty changes nothing.
    """
    who, settings = caller(), current_app.config["PLATEIA"]
    stop_reading()  # nothing is held while a secret is sealed
    about = body | kept_credentials(body)
    with transaction():
        set_source(layer_named(municipality, layer), about, who.account_id, settings.fetch_allowed)
    return answer(source_out(layer_here(municipality, layer)))


@blueprint.delete("")
@staff("manage_map")
@blueprint.response(204)
@operation("deleteSource", NotFound)
def delete(municipality: Municipality, layer: str) -> Response:
    """Fetch a layer no more; what was fetched stays"""
    with transaction():
        forget_source(layer_named(municipality, layer))
    return nothing()


@blueprint.post("/activity")
@staff("manage_map")
@blueprint.arguments(ActivityIn)
@blueprint.response(200, SourceOut)
@operation("switchSource", NotFound)
def switch(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Pause the fetching of a layer, or go on with it"""
    with transaction():
        switch_source(layer_named(municipality, layer), body["active"])
    return answer(source_out(layer_here(municipality, layer)))


@blueprint.post("/fetches")
@staff("manage_map")
@blueprint.arguments(FetchIn)
@blueprint.response(202, SourceOut)
@operation("fetchLayer", NotFound)
def fetch(body: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """Fetch a layer now, also while it is paused"""
    who = caller()
    with transaction():
        fetch_now(layer_named(municipality, layer), who.account_id, body["anew"])
    return answer(source_out(layer_here(municipality, layer)), 202)


@blueprint.get("/fetches")
@staff("see_map")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, FetchesOut)
@operation("listFetches", NotFound, CursorNotValid)
def fetches(query: dict[str, Any], municipality: Municipality, layer: str) -> Response:
    """List what came of the fetches of a layer, newest first"""
    after = after_cursor(query.get("after"), int)
    rows = fetches_of(layer_here(municipality, layer), after[0] if after else None, query["limit"] + 1)
    page, following = page_of(rows, query["limit"], lambda row: cursor(row.LayerFetch.id))
    return answer({"fetches": [fetch_out(row) for row in page], "next": following})


def kept_credentials(body: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the credentials, sealed, where they change."""
    if "credentials" not in body:
        return {}
    given = body["credentials"]
    kind = None if given is None else "header" if "header" in given else "basic"
    return {"credentials": sealed(given), "credentials_kind": kind}


def without_query(url: str) -> str:
    """The address for who only looks: what stands behind the question mark may be a secret."""
    return url.partition("?")[0]


def source_out(layer: Layer) -> dict[str, Any]:
    """Raises NotFound."""
    source = source_of(layer)
    wanted = {name: source.wanted.get(name) for name in WANTED} | {
        "layer_in_file": source.wanted.get("layer_name"),
        "keep_outside": source.wanted.get("keep_outside", False),
    }
    del wanted["layer_name"]
    drafts, last = pulled_drafts(layer), fetches_of(layer, None, 1)
    names = ("kind", "active", "changed_at")
    url = source.url if caller().may("manage_map") else without_query(source.url)
    return (
        {name: getattr(source, name) for name in names}
        | {"url": url}
        | wanted
        | how_it_goes(source)
        | {
            "every_minutes": source.every_seconds // 60,
            "publish": source.limits,
            "credentials": source.credentials_kind,
            "by_name": who_set(source),
            "draft": drafts[-1].number if drafts else None,
            "last": fetch_out(last[0]) if last else None,
        }
    )


def how_it_goes(source: LayerSource) -> dict[str, Any]:
    """What its job does, and when it does it next."""
    job = job_of(source)
    if job is None or job.state in ("done", "failed"):
        return {"state": "paused", "next_at": None}
    if job.state == "running":
        return {"state": "fetching", "next_at": None}
    return {"state": "trying_again" if job.error else "waiting", "next_at": job.run_at}


def fetch_out(row: AnyRow) -> dict[str, Any]:
    fetch = row.LayerFetch
    names = ("state", "began_at", "ended_at", "answers", "bytes", "version", "findings", "counts", "unpublished")
    refusal = (
        fetch.refusal
        and {
            "code": fetch.refusal["code"],
            "title": say(language(), fetch.refusal["message"]),
        }
        | fetch.refusal["details"]
    )
    return {name: getattr(fetch, name) for name in names} | {"by_name": row.by_name, "refusal": refusal}
