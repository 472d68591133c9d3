"""Somebody who kept the map is erased: what they did to it stays, without their name."""

from sqlalchemy import select, update

from service.db import session
from service.gis.models import LayerFetch, LayerPublication, LayerSource, LayerVersion
from service.gis.uploading import IMPORT_LAYER
from service.jobs.models import Job

WHO = (LayerVersion.by_id, LayerPublication.by_id, LayerSource.by_id, LayerSource.asked_by_id, LayerFetch.by_id)


def forget_keeper(account_id: int) -> None:
    """Unlink the versions, publications, sources, fetches and uploads of this person."""
    for column in WHO:
        theirs = update(column.class_).where(column == account_id).values({column: None})
        session.execute(theirs.execution_options(synchronize_session=False))
    for job in session.scalars(select(Job).where(Job.kind == IMPORT_LAYER)):
        if job.payload["by"] == account_id:
            job.payload = job.payload | {"by": None}
    session.flush()
