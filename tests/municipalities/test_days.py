"""Which day it is in a municipality."""

from datetime import UTC, date, datetime

import pytest

from service.municipalities.directory import Municipality


@pytest.mark.parametrize(
    ("hour", "minute", "day"), [(21, 59, date(2026, 11, 21)), (22, 0, date(2026, 11, 22)), (23, 59, date(2026, 11, 22))]
)
def test_a_day_begins_at_local_midnight(here: Municipality, hour: int, minute: int, day: date) -> None:
    assert here.day(datetime(2026, 11, 21, hour, minute, tzinfo=UTC)) == day
