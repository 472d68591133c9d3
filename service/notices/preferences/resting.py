"""Quiet hours are asked again before each attempt: what was worded before them does not come in them."""

from collections.abc import Collection, Mapping
from datetime import datetime

from service.db.clock import now
from service.db.types import AnyRow
from service.municipalities.directory import municipality_with
from service.notices.preferences.keeping import wishes_of
from service.notices.preferences.quiet import DEFAULT


def who_rests(claimed: Collection[AnyRow]) -> Mapping[int, datetime]:
    """Of deliveries to people (`id`, `person_id`, `municipality_id`), by their ids: when the quiet hours end in which
    their people are now.
    """
    wishes, moment = wishes_of({row.person_id for row in claimed}), now()
    found = {}
    for row in claimed:
        zone = municipality_with(row.municipality_id).time_zone
        later = wishes.get(row.person_id, DEFAULT).not_before(moment, zone, row.person_id)
        if later is not None:
            found[row.id] = later
    return found
