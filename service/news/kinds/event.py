"""An event: at a place, from a wall time of the municipality on, once or again and again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.news.kinds.facts import Fact, Faults, Kind
from service.news.recurring import RuleFaulty, last_end, parse_rule
from service.text import N_


def check(facts: Mapping[str, Any], now: datetime) -> Faults:
    if facts["ends"] <= facts["starts"]:
        yield "ends", "before_its_beginning"
    if "rule" in facts:
        try:
            parse_rule(facts["rule"])
        except RuleFaulty as fault:
            yield "rule", fault.why
    if "capacity" in facts and not facts.get("sign_up"):
        yield "capacity", "without_sign_up"


KIND = Kind(
    name="event",
    words=N_("Events"),
    schema_type="Event",
    facts={
        "starts": Fact("when it begins, by the clocks there", "local", required=True),
        "ends": Fact("when it ends, by the clocks there", "local", required=True),
        "place": Fact("where", "place", required=True),
        "rule": Fact("how it recurs (RRULE of RFC 5545)", "text"),
        "except": Fact("days on which it does not take place though the rule says so", "days"),
        "organiser": Fact("who organises it", "texts"),
        "accessibility": Fact("how people with disabilities get there and take part", "texts"),
        "online": Fact("where one can take part from afar", "address"),
        "sign_up": Fact("whether one signs up", "yes"),
        "capacity": Fact("how many people can come; who is late waits", "count"),
    },
    check=check,
    ends=last_end,
)
