"""A call: a tender, a job or a programme, with a deadline until which one can answer it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.news.kinds.facts import Fact, Faults, Kind, instant
from service.text import N_


def check(facts: Mapping[str, Any], now: datetime) -> Faults:
    if instant(facts["deadline"]) <= now:
        yield "deadline", "past"


KIND = Kind(
    name="call",
    words=N_("Calls"),
    schema_type="Article",
    facts={
        "type": Fact("what is called for", "choice", required=True, choices=("tender", "job", "programme")),
        "deadline": Fact("until when one can answer; readers see it until then", "instant", required=True),
        "registry_number": Fact("its number in the public register (ADA in Greece)", "text"),
        "documents": Fact("its papers", "documents"),
        "contact": Fact("whom to ask", "contact"),
    },
    check=check,
    ends=lambda facts, zone: instant(facts["deadline"]),
)
