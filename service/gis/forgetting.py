"""Somebody who kept the map is erased: what they did to it stays, without their name."""

from sqlalchemy import update

from service.db import session
from service.gis.models import LayerPublication, LayerVersion


def forget_keeper(account_id: int) -> None:
    """Unlink the versions and publications of this person."""
    for model in (LayerVersion, LayerPublication):
        theirs = update(model).where(model.by_id == account_id).values(by_id=None)
        session.execute(theirs.execution_options(synchronize_session=False))
