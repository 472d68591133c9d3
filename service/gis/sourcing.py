"""Say where a layer is fetched from and how often, pause that, take it back, and ask for a fetch at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import delete, select

from service.db import session
from service.db.clock import now
from service.db.types import AnyRow
from service.errors import NotFound, Problem
from service.fetching.addresses import Allowed, ensure_askable, origin_of
from service.gis.models import DRAFT, Layer, LayerFetch, LayerSource, LayerVersion
from service.jobs.models import Job
from service.jobs.planning import plan, unplan
from service.people.models import Account
from service.sealing import NotSealedHere, seal, unseal
from service.text import N_

FETCH_LAYER = "fetch_layer"
FETCHES_KEPT = 100


class CredentialsUnreadable(Problem):
    """The credentials of a source were sealed with a key that the installation does not have any more."""

    status, code = 409, "credentials_unreadable"
    message = N_("The credentials of the source cannot be read any more. Please give them again.")


def source_of(layer: Layer) -> LayerSource:
    """Where the layer is fetched from. Raises NotFound."""
    found = session.scalar(select(LayerSource).where(LayerSource.layer_id == layer.id))
    if found is None:
        raise NotFound
    return found


def sealed(credentials: Mapping[str, str] | None) -> str | None:
    """Credentials as they are kept. Outside any transaction."""
    return None if credentials is None else seal(orjson.dumps(dict(credentials)).decode())


def unsealed(kept: str) -> dict[str, str]:
    """The credentials. Raises CredentialsUnreadable."""
    try:
        found: dict[str, str] = orjson.loads(unseal(kept))
    except NotSealedHere:
        raise CredentialsUnreadable from None
    return found


def set_source(layer: Layer, about: Mapping[str, Any], by_id: int, allowed: Sequence[str]) -> None:
    """Fetch the layer from there from now on; inside `transaction()`, the layer locked.

    `about` are the columns kind, url, wanted, every_seconds, limits, active, and credentials with credentials_kind
    where they change; without them those that are there stay, unless they would go to somebody else.
    Raises AddressRefused.
    """
    ensure_askable(about["url"], Allowed(allowed))
    source = session.scalar(select(LayerSource).where(LayerSource.layer_id == layer.id))
    if source is None:
        source = LayerSource(layer_id=layer.id, credentials=None, credentials_kind=None)
        session.add(source)
    elif origin_of(source.url) != origin_of(about["url"]):
        source.credentials = source.credentials_kind = None
    for column, value in about.items():
        setattr(source, column, value)
    source.by_id, source.changed_at, source.asked_by_id = by_id, now(), None
    source.etag = source.last_modified = source.digest = None
    session.flush()
    plan_fetches(layer, source)


def plan_fetches(layer: Layer, source: LayerSource) -> None:
    """Fetch it now and in its rhythm, or, while it is paused, only where somebody asks."""
    unplan(FETCH_LAYER, str(source.id))
    if source.active or source.asked_by_id is not None:
        every = source.every_seconds if source.active else None
        plan(FETCH_LAYER, str(source.id), None, {"source": source.id}, every, layer.municipality_id)


def switch_source(layer: Layer, active: bool) -> None:
    """Pause the fetching, or go on with it; inside `transaction()`, the layer locked. Raises NotFound."""
    source = source_of(layer)
    if source.active is not active:
        source.active, source.asked_by_id = active, None
        plan_fetches(layer, source)


def forget_source(layer: Layer) -> None:
    """Fetch the layer no more; what was fetched stays. Inside `transaction()`, the layer locked. Raises NotFound."""
    source = source_of(layer)
    unplan(FETCH_LAYER, str(source.id))
    session.delete(source)
    session.flush()


def fetch_now(layer: Layer, by_id: int, anew: bool) -> None:
    """Let a worker fetch the layer at once, `anew` also what has not changed; inside `transaction()`, locked.

    Nothing where it is being fetched already. Raises NotFound.
    """
    source = source_of(layer)
    job = job_of(source)
    if job is not None and job.state == "running":
        return
    source.asked_by_id = by_id
    if anew:
        source.etag = source.last_modified = source.digest = None
    session.flush()
    plan_fetches(layer, source)


def job_of(source: LayerSource) -> Job | None:
    """The job that fetches it; None while it is paused."""
    return session.scalar(select(Job).where(Job.kind == FETCH_LAYER, Job.unique_key == str(source.id)))


def note_fetch(layer: Layer, fetch: LayerFetch) -> None:
    """Write down what came of a fetch, and forget the oldest; inside `transaction()`."""
    session.add(fetch)
    session.flush()
    kept = (
        select(LayerFetch.id).where(LayerFetch.layer_id == layer.id).order_by(LayerFetch.id.desc()).limit(FETCHES_KEPT)
    )
    oldest = min(session.scalars(kept))
    session.execute(delete(LayerFetch).where(LayerFetch.layer_id == layer.id, LayerFetch.id < oldest))


def who_set(source: LayerSource) -> str | None:
    """The name of who said last where the layer is fetched from."""
    return session.scalar(select(Account.name).where(Account.id == source.by_id))


def fetches_of(layer: Layer, before: int | None, limit: int) -> Sequence[AnyRow]:
    """What came of the fetches, newest first: the fetch and `by_name`."""
    statement = (
        select(LayerFetch, Account.name.label("by_name"))
        .outerjoin(Account, Account.id == LayerFetch.by_id)
        .where(LayerFetch.layer_id == layer.id)
        .order_by(LayerFetch.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(LayerFetch.id < before)
    return session.execute(statement).all()


def pulled_drafts(layer: Layer) -> Sequence[LayerVersion]:
    """The drafts that a source has brought and nobody has published, oldest first."""
    statement = select(LayerVersion).where(
        LayerVersion.layer_id == layer.id, LayerVersion.state == DRAFT, LayerVersion.pulled.is_(True)
    )
    return session.scalars(statement.order_by(LayerVersion.number)).all()
