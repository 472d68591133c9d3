"""Publish a draft at once or later, bring an earlier version back, and take back what was ordered for later."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import now
from service.errors import Problem
from service.gis.models import DRAFT, Layer, LayerVersion
from service.gis.publishing import put_in_force
from service.jobs.planning import plan
from service.jobs.working import Progress, Work
from service.text import N_

PUBLISH_DRAFT = "publish_draft"


class VersionInForce(Problem):
    """The version is the one in force already."""

    status, code, message = 409, "version_in_force", N_("This version is in force already.")


class VersionEmpty(Problem):
    """A version without any feature would empty the layer."""

    status, code, message = 409, "version_empty", N_("This version has no features. It would empty the layer.")


class VersionPublished(Problem):
    """The version was published: it is never changed or deleted, and not ordered for later."""

    status, code, message = 409, "version_published", N_("This version was published and stays as it is.")


def publish(layer: Layer, version: LayerVersion, by_id: int, reason: str, at: datetime | None = None) -> None:
    """Put a draft or an earlier version in force, a draft also at a later moment; inside `transaction()`, locked.

    Raises VersionInForce, VersionEmpty, VersionPublished.
    """
    if version.id == layer.published_version_id:
        raise VersionInForce
    if version.feature_count == 0:
        raise VersionEmpty
    if at is None or at <= now():
        put_in_force(layer, version, by_id, reason)
        return
    ensure_draft(version)
    version.publish_at, version.by_id, version.reason = at, by_id, reason
    payload = {"layer": layer.id, "version": version.id, "at": at.isoformat()}
    plan(PUBLISH_DRAFT, f"{layer.id}:{version.id}:{at.isoformat()}", at, payload, None, layer.municipality_id)


def ensure_draft(version: LayerVersion) -> None:
    """Raises VersionPublished."""
    if version.state != DRAFT:
        raise VersionPublished


def call_off(version: LayerVersion) -> None:
    """Do not publish the draft at the moment that was ordered; inside `transaction()`. Raises VersionPublished.

    It is nobody's own draft then: `by_id` was who ordered it, who need not have drawn it.
    """
    ensure_draft(version)
    version.publish_at = version.reason = version.by_id = None


def publish_draft(job: Work, progress: Progress) -> dict[str, Any]:
    """The job: publish the draft, unless it is gone, was published by hand or was ordered for another moment."""
    asked = job.payload
    with transaction():
        layer = session.scalars(select(Layer).where(Layer.id == asked["layer"]).with_for_update()).one()
        version = session.scalar(select(LayerVersion).filter_by(id=asked["version"], layer_id=layer.id))
        due = version is not None and version.publish_at == datetime.fromisoformat(asked["at"])
        if version is not None and due and version.feature_count:
            put_in_force(layer, version, version.by_id, version.reason)
        progress.note(None)
    return {"published": bool(due)}
