"""An announcement: people should know it until it ends; an urgent one goes to other services as a warning (CAP)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.news.kinds.facts import Fact, Faults, Kind, instant
from service.text import N_

NORMAL, URGENT, EMERGENCY = "normal", "urgent", "emergency"
HAZARDS = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
"""The categories of CAP 1.2, 3.2.2."""
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")


def check(facts: Mapping[str, Any], now: datetime) -> Faults:
    if instant(facts["ends_at"]) <= now:
        yield "ends_at", "past"
    if "begins_at" in facts and instant(facts["begins_at"]) >= instant(facts["ends_at"]):
        yield "ends_at", "before_its_beginning"
    if facts["urgency"] == EMERGENCY and "instruction" not in facts:
        yield "instruction", "missing"


def is_warning(kind: str, content: Mapping[str, Any]) -> bool:
    """Whether an article that says this is an announcement of more than usual urgency."""
    return bool(kind == KIND.name and content["facts"]["urgency"] != NORMAL)


KIND = Kind(
    name="announcement",
    words=N_("Announcements"),
    schema_type="SpecialAnnouncement",
    facts={
        "urgency": Fact("how urgent it is", "choice", required=True, choices=(NORMAL, URGENT, EMERGENCY)),
        "ends_at": Fact("when it is over; readers see it until then", "instant", required=True),
        "begins_at": Fact("when it begins", "instant"),
        "instruction": Fact("what people should do; an emergency says it", "texts"),
        "place": Fact("where", "place"),
        "hazard": Fact("the category of CAP", "choice", choices=HAZARDS),
        "severity": Fact("how bad it is, as CAP says it", "choice", choices=SEVERITIES),
        "certainty": Fact("how certain it is, as CAP says it", "choice", choices=CERTAINTIES),
    },
    check=check,
    ends=lambda facts, zone: instant(facts["ends_at"]),
)
