"""An action: an initiative of the municipality in which people can take part."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from service.news.kinds.facts import Fact, Faults, Kind
from service.text import N_


def check(facts: Mapping[str, Any], now: datetime) -> Faults:
    if "begins_on" in facts and "ends_on" in facts and facts["ends_on"] < facts["begins_on"]:
        yield "ends_on", "before_its_beginning"


def ends(facts: Mapping[str, Any], zone: str) -> datetime | None:
    """Midnight after its last day."""
    if "ends_on" not in facts:
        return None
    after = date.fromisoformat(facts["ends_on"]) + timedelta(days=1)
    return datetime.combine(after, time(), ZoneInfo(zone)).astimezone(UTC)


KIND = Kind(
    name="action",
    words=N_("Actions"),
    schema_type="Article",
    facts={
        "how_to_take_part": Fact("what somebody does who wants to take part", "texts", required=True),
        "place": Fact("where", "place"),
        "begins_on": Fact("its first day", "day"),
        "ends_on": Fact("its last day; readers see it until that is over", "day"),
        "organiser": Fact("who organises it", "texts"),
        "contact": Fact("whom to ask", "contact"),
    },
    check=check,
    ends=ends,
)
