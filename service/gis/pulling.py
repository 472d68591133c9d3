"""Fetch a layer from its source into a draft, and put it in force by itself while little enough changes.

A source that breaks or turns empty changes nothing: what happened is noted, and the layer stays as it is.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from urllib3.util import parse_url

from service.crash_points import crash_here
from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.errors import Problem
from service.fetching.addresses import origin_of
from service.fetching.fetching import Credentials, Fetcher
from service.gis.comparing import changes, counted
from service.gis.content import Content, FileRefused
from service.gis.drafting import said_of
from service.gis.examining import Asked, examine_content
from service.gis.importing import ImportedLayer
from service.gis.index import features_of
from service.gis.limiting import why_by_hand
from service.gis.models import (
    ARCGIS,
    DRAFTED,
    FILE,
    IN_FORCE,
    OGC_FEATURES,
    REFUSED,
    UNCHANGED,
    WFS,
    WRITING,
    Layer,
    LayerFetch,
    LayerSource,
    LayerVersion,
)
from service.gis.publishing import put_in_force
from service.gis.sources.arcgis import read_arcgis
from service.gis.sources.files import Found, read_file
from service.gis.sources.joining import digest_of
from service.gis.sources.ogc_features import read_ogc_features
from service.gis.sources.visiting import Place, SourceEmpty, Visit
from service.gis.sources.wfs import read_wfs
from service.gis.sourcing import note_fetch, pulled_drafts, unsealed
from service.gis.writing import begin_version, finish, forget, give_up, write_features
from service.jobs.working import LeaseLost, Progress, Work
from service.municipalities.directory import Municipality, municipalities
from service.text import N_, say

READERS: Mapping[str, Callable[[Visit, Place], Content]] = {
    WFS: read_wfs,
    OGC_FEATURES: read_ogc_features,
    ARCGIS: read_arcgis,
}
"""Kind of source → how all of its features are read; a file is read by itself."""

ASKED = tuple(Asked.__dataclass_fields__)
BY_ITSELF = N_("By itself from the source: {added} added, {removed} removed, {changed} changed")


@dataclass(frozen=True)
class Errand:
    """What a fetch has to know, read before it begins."""

    municipality: Municipality
    layer_id: int
    layer_kind: str
    key_attribute: str | None
    in_force_id: int | None
    source_id: int
    kind: str
    place: Place
    credentials: str | None = field(repr=False)
    began_at: datetime


@dataclass(frozen=True)
class Pulled:
    """What was brought; `imported` None where it is nothing new or was refused."""

    found: Found | None = None
    imported: ImportedLayer | None = None
    findings: dict[str, Any] | None = None
    counts: dict[str, int] | None = None
    refusal: dict[str, Any] | None = None
    answers: int = 0
    bytes: int = 0


def fetch_layer(job: Work, progress: Progress, fetcher: Fetcher) -> dict[str, Any]:
    """The job: fetch a layer and note what came of it.

    A draft is written in parts and becomes one in the transaction of the note, so that a crash neither halves nor
    doubles it. Where the source is changed, paused or deleted meanwhile, the job is gone, and what was written of the
    draft is swept.
    """
    outcome = progress.value or {}
    if "state" not in outcome:
        errand = errand_of(job)
        pulled = pull(errand, progress, fetcher)
        stop_reading()
        draft_id = None if pulled.imported is None else written(errand, pulled.imported, pulled.findings, progress)
        with transaction():
            outcome = record(errand, pulled, draft_id)
            progress.note(outcome)
        crash_here("after_layer_fetch")
    return outcome


def written(errand: Errand, imported: ImportedLayer, findings: dict[str, Any] | None, progress: Progress) -> int:
    """The id of a version with all that was brought, which nobody sees yet."""
    with transaction():
        layer = locked_layer(errand)
        about = said_of(imported) | {"findings": findings, "pulled": True}
        draft_id = begin_version(layer, WRITING, **about).id
        progress.note({"step": "writing", "draft": draft_id})
    write_features(draft_id, imported, lambda how_far: progress.note({"step": "writing"} | how_far))
    return draft_id


def locked_layer(errand: Errand) -> Layer:
    return session.scalars(select(Layer).where(Layer.id == errand.layer_id).with_for_update()).one()


def errand_of(job: Work) -> Errand:
    """What is to be fetched. Raises LeaseLost where it was taken back, and this job with it."""
    row = session.execute(
        select(LayerSource, Layer)
        .join(Layer, Layer.id == LayerSource.layer_id)
        .where(LayerSource.id == job.payload["source"], Layer.municipality_id == job.municipality_id)
    ).one_or_none()
    if row is None:
        raise LeaseLost
    source, layer = row
    key = source.wanted.get("key_attribute") or layer.key_attribute
    return Errand(
        municipality=next(m for m in municipalities().values() if m.id == job.municipality_id),
        layer_id=layer.id,
        layer_kind=layer.kind,
        key_attribute=layer.key_attribute,
        in_force_id=layer.published_version_id,
        source_id=source.id,
        kind=source.kind,
        place=Place(source.url, source.wanted, key, source.etag, source.last_modified, source.digest),
        credentials=source.credentials,
        began_at=now(),
    )


def pull(errand: Errand, progress: Progress, fetcher: Fetcher) -> Pulled:
    """What the source has, examined and compared with what is in force, or why not."""
    with transaction():
        if begun := (progress.value or {}).get("draft"):
            give_up(begun)
        progress.note({"step": "asking"})
    with TemporaryDirectory() as folder:
        visit = Visit(fetcher, Path(folder), None, lambda count: progress.save({"step": "asking", "answers": count}))
        try:
            visit.credentials = credentials_of(errand)
            pulled = read(errand, visit)
        except Problem as refusal:
            refusal = SourceEmpty() if is_empty(refusal) else refusal
            told = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
            pulled = Pulled(refusal=told)
    return replace(pulled, answers=visit.answers, bytes=visit.bytes)


def credentials_of(errand: Errand) -> Credentials | None:
    """The headers that the source gets, and nobody else. Raises CredentialsUnreadable, AddressRefused."""
    if errand.credentials is None:
        return None
    secret = unsealed(errand.credentials)
    if "header" in secret:
        headers = {secret["header"]: secret["value"]}
    else:
        pair = b64encode(f"{secret['user']}:{secret['password']}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
    return Credentials(origin_of(errand.place.url), headers)


def is_empty(refusal: Problem) -> bool:
    """Whether a file was refused because it has no features."""
    return isinstance(refusal, FileRefused) and refusal.details.get("reason") == "no_features"


def read(errand: Errand, visit: Visit) -> Pulled:
    """What the source has. Raises any Problem of asking, reading and examining."""
    found = found_at(errand, visit)
    if found.content is None or found.digest is None:
        return Pulled(found)
    asked = Asked(**{name: value for name, value in errand.place.wanted.items() if name in ASKED})
    imported, findings = examine_content(
        errand.municipality,
        errand.layer_kind,
        found.content,
        asked,
        shown_address(errand.place),
        found.digest,
        errand.key_attribute,
    )
    before = features_of(errand.in_force_id) if errand.in_force_id is not None else []
    stop_reading()
    counts = counted(changes(before, imported.features), imported.features)
    is_new = errand.in_force_id is None or counts["unchanged"] < max(len(before), len(imported.features))
    return Pulled(found, imported if is_new else None, findings, counts)


def found_at(errand: Errand, visit: Visit) -> Found:
    """The content of the source, without it where it is what was read last."""
    if errand.kind == FILE:
        return read_file(visit, errand.place)
    content = READERS[errand.kind](visit, errand.place)
    digest = digest_of(content)
    return Found(None if digest == errand.place.digest else content, digest)


def shown_address(place: Place) -> str:
    """Where it was read, without a query, which may hold what is nobody's business."""
    parts = parse_url(place.url)
    name = place.wanted.get("type_name")
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}" + (f" {name}" if name else "")


def record(errand: Errand, pulled: Pulled, draft_id: int | None) -> dict[str, Any]:
    """Let what was written be a draft, and note what came of the fetch; inside `transaction()`."""
    layer = locked_layer(errand)
    source = session.scalars(select(LayerSource).where(LayerSource.id == errand.source_id)).one()
    version = unpublished = None
    state = UNCHANGED if pulled.refusal is None else REFUSED
    older = pulled_drafts(layer)
    if draft_id is not None:
        version = finish(draft_id)
        unpublished = why_by_hand(layer, errand.in_force_id, source.limits, pulled.counts or {})
        state = DRAFTED if unpublished else IN_FORCE
        if unpublished is None:
            reason = say(errand.municipality.main_language, BY_ITSELF, **(pulled.counts or {}))
            put_in_force(layer, version, source.by_id, reason)
    if pulled.found is not None:
        keep_state(source, pulled.found)
        if pulled.found.content is not None:
            forget_older(older)
    number = None if version is None else version.number
    note_fetch(layer, line_of(errand, pulled, state, number, unpublished, source.asked_by_id))
    source.asked_by_id = None
    return {"state": state, "version": number}


def keep_state(source: LayerSource, found: Found) -> None:
    """Remember by what the next fetch sees that nothing has changed."""
    source.etag, source.last_modified, source.digest = found.etag, found.last_modified, found.digest


def forget_older(older: Sequence[LayerVersion]) -> None:
    """What the source brought before and nobody has published is out of date, but for what a time is set for.

    Only after the new draft is there: it shall not get the number of an old one.
    """
    for draft in older:
        if draft.publish_at is None:
            forget(draft)


def line_of(
    errand: Errand,
    pulled: Pulled,
    state: str,
    version: int | None,
    unpublished: dict[str, Any] | None,
    by_id: int | None,
) -> LayerFetch:
    """What is noted of the fetch; each fault stands in the version."""
    findings = {name: value for name, value in (pulled.findings or {}).items() if name != "faults"}
    return LayerFetch(
        layer_id=errand.layer_id,
        state=state,
        began_at=errand.began_at,
        ended_at=now(),
        by_id=by_id,
        answers=pulled.answers,
        bytes=pulled.bytes,
        version=version,
        findings=findings or None,
        counts=pulled.counts,
        unpublished=unpublished,
        refusal=pulled.refusal,
    )
