"""The ground that a version would change: compared at once where it is small, else by the worker, and then kept.

What is kept is kept for one state of both versions and of the boundary, and for a week.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import shapely
from sqlalchemy import delete, select

from service.db import session, stop_reading, transaction
from service.db.clock import now
from service.gis.comparing import Ground, Step, ground, no_step, totals
from service.gis.index import features_of, indexes_of
from service.gis.locating import BOUNDARY, boundary_of
from service.gis.models import Layer, LayerVersion
from service.jobs.models import Job
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.municipalities.directory import Municipality, municipalities

COMPARE_GROUND = "compare_ground"
AT_ONCE = 5000  # features of both versions
MOST_PIECES = 1000
KEPT = timedelta(days=7)
STEPS = 4
ENDED = ("done", "failed")


@dataclass(frozen=True)
class Compared:
    """How far a comparison is: `state` is that of its job, `done` a share of it; `told` what it found, None before."""

    state: str
    done: float
    told: Mapping[str, Any] | None


def compared_ground(
    municipality: Municipality, layer: Layer, version: LayerVersion, against: LayerVersion | None, least: float
) -> Compared:
    """The ground that a version takes and leaves. What is large is left to a job, which is planned if need be."""
    payload = {
        "version": version.id,
        "against": against.id if against else None,
        "least": least,
        "bounded": layer.kind != BOUNDARY,
    }
    if version.feature_count + (against.feature_count if against else 0) <= AT_ONCE:
        return Compared("done", 1.0, told(municipality, payload))
    key = state_of(municipality, payload, version, against)
    job = job_of(key)
    if job is None:
        with transaction():
            plan(COMPARE_GROUND, key, payload=payload, municipality_id=municipality.id)
        return Compared("waiting", 0.0, None)
    return Compared(job.state, (job.progress or {}).get("done", 0.0), job.result)


def state_of(
    municipality: Municipality, payload: Mapping[str, Any], version: LayerVersion, against: LayerVersion | None
) -> str:
    """A name of just these states of the versions, of the boundary and of what was asked."""
    border = [index.version_id for _, index in sorted(indexes_of(municipality).items()) if index.kind == BOUNDARY]
    versions = [(one.id, one.created_at, one.revision) for one in (version, against) if one is not None]
    said = orjson.dumps([payload, versions, border], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def job_of(key: str) -> Job | None:
    return session.scalar(select(Job).where(Job.kind == COMPARE_GROUND, Job.unique_key == key))


def compare_ground(job: Work, progress: Progress) -> dict[str, Any]:
    """The job: compare, and keep what was found as its result."""
    municipality = next(m for m in municipalities().values() if m.id == job.municipality_id)
    done: list[str] = []

    def note(step: str) -> None:
        done.append(step)
        progress.save({"done": len(done) / STEPS})

    return told(municipality, job.payload, note)


def told(municipality: Municipality, asked: Mapping[str, Any], after: Step = no_step) -> dict[str, Any]:
    """Compare: the totals, and the largest pieces as GeoJSON."""
    new = features_of(asked["version"])
    old = features_of(asked["against"]) if asked["against"] is not None else []
    stop_reading()  # nothing is held while it is computed
    border = boundary_of(municipality) if asked["bounded"] else None
    found = ground(new, old, border, asked["least"], after)
    return {"totals": totals(found), "features": [as_feature(piece) for piece in found[:MOST_PIECES]]}


def as_feature(piece: Ground) -> dict[str, Any]:
    properties = {"what": piece.what, "square_metres": round(piece.square_metres, 1), "keys": piece.keys}
    return {"type": "Feature", "geometry": shapely.geometry.mapping(piece.shape), "properties": properties}


def forget_compared() -> int:
    """Delete what was compared long ago; how many. Inside `transaction()`."""
    old = (Job.kind == COMPARE_GROUND) & Job.state.in_(ENDED) & (Job.finished_at < now() - KEPT)
    return len(session.scalars(delete(Job).where(old).returning(Job.id)).all())
