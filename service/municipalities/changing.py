"""What a municipality decides about itself while it is served, beside the file that describes it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from service.db import session
from service.db.generations import grow
from service.municipalities.directory import SUBJECT
from service.municipalities.models import Municipality

DECIDED_HERE = ("notices_need_second_person",)
"""Settings that stay as they were decided when the file is loaded again and says nothing of them."""


def change_settings(municipality_id: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings these values, inside a transaction; those that were different before, as they are now."""
    query = select(Municipality).filter_by(id=municipality_id)
    row = session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).one()
    changed = {name: value for name, value in wanted.items() if row.settings.get(name) != value}
    if changed:
        row.settings = row.settings | changed
        grow(SUBJECT)
    return changed


def with_decided(settings: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of a file, with what was decided here before and the file leaves open."""
    return {name: before[name] for name in DECIDED_HERE if before and name in before} | dict(settings)
