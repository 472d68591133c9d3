"""A made-up past of Kozani: residents with phones, reports spread as people are, each with its history.

Places, departments, districts and explanations come from the real routing over the sample municipality; every report
lies within some fifty metres of one of `PATTERNS` routed places. The same seed makes the same past.
"""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import shapely

from service.gis.index import indexes_of
from service.gis.locating import BOUNDARY, district_at
from service.municipalities.directory import Municipality
from service.reports.catalogue import Category, catalogue_of
from service.reports.routers import router_of
from service.reports.showing import AFTER_LOOK, AT_ONCE
from service.reports.states import STATES

PATTERNS = 4000
YEARS = 3
IN_TOWN = 0.7
TOWN_DEGREES = 0.012
JITTER = 0.0005
WITH_PHOTO = 1 / 3

Row = tuple[Any, ...]
Place = Callable[[float, float], Any]

PASTS = (
    (70, ("submitted:received", "moved:acknowledged", "moved:resolved", "moved:closed")),
    (8, ("submitted:received", "moved:in_progress", "moved:resolved")),
    (5, ("submitted:received", "moved:rejected")),
    (4, ("submitted:received", "moved:duplicate")),
    (2, ("submitted:received", "moved:withdrawn")),
    (4, ("submitted:received", "looked:received")),
    (3, ("submitted:received", "moved:acknowledged")),
    (3, ("submitted:received", "looked:received", "moved:acknowledged", "moved:in_progress")),
    (0.5, ("submitted:received", "moved:acknowledged", "moved:waiting_for_reporter")),
    (0.5, ("submitted:received", "moved:acknowledged", "moved:with_another_body")),
)
WITH_NOTE = frozenset({"resolved", "rejected", "duplicate", "waiting_for_reporter"})
DESCRIPTIONS = (
    "Το φως στη γωνία είναι σβηστό εδώ και τρεις μέρες και το βράδυ δεν βλέπει κανείς.",
    "Μεγάλη λακκούβα στη μέση του δρόμου, μπροστά από το σχολείο.",
    "Ο κάδος έχει ξεχειλίσει και μυρίζει πολύ· παρακαλώ να περάσει το απορριμματοφόρο.",
    "Διαρροή νερού από το πεζοδρόμιο, τρέχει από χθες το πρωί.",
)
NOTE = "Το συνεργείο πέρασε σήμερα και διόρθωσε τη βλάβη."


@dataclass(frozen=True)
class Pattern:
    """A routed place: all of a report that its category and its place decide."""

    category: Category
    longitude: float
    latitude: float
    department_id: int
    district: str | None
    routing: str
    answers: str


@dataclass(frozen=True)
class Size:
    """How much there is to be made, from which keys on."""

    reports: int
    residents: int
    first_account: int


def answers_of(category: Category) -> dict[str, Any]:
    """Something valid for every question that needs an answer."""
    usual = {"string": "ναι", "text": "ναι", "number": 1, "datetime": "2026-01-01T08:00:00+00:00"}
    given: dict[str, Any] = {}
    for question in category.questions:
        if question["required"]:
            kind = question["datatype"]
            first = question["values"][0]["key"] if kind.endswith("valuelist") else None
            given[question["code"]] = {"singlevaluelist": first, "multivaluelist": [first]}.get(kind, usual.get(kind))
    return given


def places(here: Municipality, chance: random.Random) -> Iterator[tuple[float, float]]:
    """Places in the municipality without end: most in its town, the rest anywhere."""
    boundary = next(index for index in indexes_of(here).values() if index.kind == BOUNDARY)
    whole = shapely.union_all(boundary.geometries)
    shapely.prepare(whole)
    west, south, east, north = whole.bounds
    centre = here.settings["centre"]
    while True:
        if chance.random() < IN_TOWN:
            lon, lat = chance.gauss(centre[0], TOWN_DEGREES), chance.gauss(centre[1], TOWN_DEGREES * 0.75)
        else:
            lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        if all(whole.contains(shapely.Point(lon + a, lat + b)) for a in (-JITTER, JITTER) for b in (-JITTER, JITTER)):
            yield lon, lat


def reportable(here: Municipality) -> list[Category]:
    """The categories that can be reported with a place alone."""
    return [c for c in catalogue_of(here).by_key.values() if c.active and not c.danger_phone and not c.asset_required]


def patterns(here: Municipality, seed: int = 1) -> list[Pattern]:
    """Routed places with what their category asks."""
    chance = random.Random(seed)
    router, categories = router_of(here), reportable(here)
    made = []
    for (lon, lat), _ in zip(places(here, chance), range(PATTERNS), strict=False):
        category = chance.choice(categories)
        decision = router.route(category.key, category.group_key, lon, lat, None)
        made.append(
            Pattern(
                category,
                lon,
                lat,
                here.departments[decision.department].id,
                district_at(here, lon, lat),
                json.dumps(router.explain(decision), ensure_ascii=False, default=str),
                json.dumps(answers_of(category), ensure_ascii=False),
            )
        )
    return made


def token_of(number: int) -> str:
    """The token of the resident of this number."""
    return f"benchmark-resident-{number:08d}"


def instant(seconds: float) -> str:
    """As both databases read it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def uid_at(seconds: float, chance: random.Random) -> str:
    """A UUIDv7 of that moment."""
    value = (int(seconds * 1000) << 80) | chance.getrandbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    return f"{value & ~(0x3 << 62) | 2 << 62:032x}"


RESIDENT_TABLES = {
    "accounts": ("id", "uid", "municipality_id", "kind", "language", "created_at"),
    "devices": (
        *("id", "municipality_id", "account_id", "installation", "secret_digest", "platform", "app_version"),
        *("created_at", "seen_at"),
    ),
    "sessions": ("id", "uid", "account_id", "device_id", "how", "created_at", "seen_at", "expires_at"),
    "access_tokens": ("id", "digest", "session_id", "created_at", "expires_at"),
}
REPORT_TABLES = {
    "reports": (
        *("id", "uid", "municipality_id", "number", "category_id", "state", "open", "version", "reporter_id"),
        *("language", "description", "answers", "place", "longitude", "latitude", "accuracy", "district"),
        *("department_id", "routing", "promised_at", "private", "on_map", "text_public", "photos_public"),
        *("looked_at", "created_at", "moved_at"),
    ),
    "report_entries": (
        *("id", "uid", "report_id", "version", "kind", "at", "by_kind", "by_id", "state", "department_id", "facts"),
        "text_digest",
    ),
    "report_texts": ("id", "entry_id", "public", "salt"),
    "attachments": (
        *("id", "uid", "municipality_id", "uploaded_by", "owner", "position", "purpose", "sha256", "width", "height"),
        *("bytes", "created_at", "attached_at"),
    ),
}


def residents(here: Municipality, size: Size) -> Iterator[dict[str, list[Row]]]:
    """Accounts with a phone and a token each, in portions, as rows by table."""
    chance = random.Random(2)
    begun = instant(time.time() - 86400)
    ends = instant(time.time() + 300 * 86400)
    seen = instant(time.time() + 86400)  # so that nobody's first call writes that they are there
    for first in range(0, size.residents, 5000):
        rows: dict[str, list[Row]] = {table: [] for table in RESIDENT_TABLES}
        for number in range(first, min(first + 5000, size.residents)):
            key, digest = size.first_account + number, sha256(token_of(number).encode()).digest()
            phone = uuid.UUID(int=chance.getrandbits(128), version=4).hex
            uid = uuid.UUID(int=chance.getrandbits(128), version=4).hex
            rows["accounts"].append((key, uid, here.id, "resident", "el", begun))
            rows["devices"].append((key, here.id, key, phone, digest, "android", "1.0.0", begun, begun))
            rows["sessions"].append((key, phone, key, key, "phone", begun, seen, ends))
            rows["access_tokens"].append((key, digest, key, begun, ends))
        yield rows


def reports(here: Municipality, size: Size, place: Place) -> Iterator[dict[str, list[Row]]]:
    """Reports with their histories, oldest first, in portions, as rows by table; `place` writes a point."""
    maker = Maker(here, size, place)
    rows: dict[str, list[Row]] = {table: [] for table in REPORT_TABLES}
    for number in range(1, size.reports + 1):
        maker.add(number, rows)
        if number % 5000 == 0 or number == size.reports:
            yield rows
            rows = {table: [] for table in REPORT_TABLES}


class Maker:
    """Makes one report after the other and counts the keys of what hangs on them."""

    def __init__(self, here: Municipality, size: Size, place: Place) -> None:
        self.here, self.size, self.place = here, size, place
        self.chance = random.Random(3)
        self.patterns = patterns(here)
        self.weights = [weight for weight, _ in PASTS]
        self.pasts = [[tuple(step.split(":")) for step in past] for _, past in PASTS]
        self.entry = self.text = self.photo = 0
        self.end = time.time() - 3600
        self.span = timedelta(days=365 * YEARS).total_seconds()

    def add(self, number: int, rows: dict[str, list[Row]]) -> None:
        """Add the rows of one report."""
        chance = self.chance
        pattern = self.patterns[int(chance.random() * len(self.patterns))]
        past = chance.choices(self.pasts, self.weights)[0]
        begun = self.end - self.span * (1 - number / self.size.reports)
        pace = chance.uniform(600, 3 * 86400)
        moments = [instant(min(begun + pace * step, self.end)) for step in range(len(past))]
        reporter = self.size.first_account + int(chance.random() * self.size.residents)
        uid = uid_at(begun, chance)
        state = past[-1][1]
        pictured = chance.random() < WITH_PHOTO
        looked = any(kind == "looked" or (kind == "moved" and to != "withdrawn") for kind, to in past)
        self.add_report(number, rows, pattern, uid, state, moments, reporter, looked, begun)
        for version, ((kind, to), at) in enumerate(zip(past, moments, strict=True), 1):
            self.add_entry(number, rows, pattern, version, kind, to, at, reporter, begun, pictured)
        if pictured:
            self.add_photo(rows, uid, begun, moments[0])

    def add_report(
        self,
        number: int,
        rows: dict[str, list[Row]],
        pattern: Pattern,
        uid: str,
        state: str,
        moments: list[str],
        reporter: int,
        looked: bool,
        begun: float,
    ) -> None:
        chance, category = self.chance, pattern.category
        lon = pattern.longitude + chance.uniform(-JITTER, JITTER)
        lat = pattern.latitude + chance.uniform(-JITTER, JITTER)
        shown = {AT_ONCE, AFTER_LOOK} if looked else {AT_ONCE}
        is_open = STATES[state].open
        promised = instant(begun + chance.uniform(1, 12) * 86400) if state != "waiting_for_reporter" else None
        rows["reports"].append(
            (
                *(number, uid, self.here.id, f"{self.here.prefix}-{2023 + number % 4}-{number:06d}", category.id),
                *(state, int(is_open), len(moments), reporter, "el", DESCRIPTIONS[number % len(DESCRIPTIONS)]),
                *(pattern.answers, self.place(lon, lat), lon, lat, round(chance.uniform(3, 40), 1), pattern.district),
                *(pattern.department_id, pattern.routing, promised, int(category.private)),
                int(not category.private and category.show_place in shown),
                int(not category.private and category.show_text in shown),
                int(not category.private and category.show_photo in shown),
                moments[1] if looked else None,
                moments[0],
                moments[-1],
            )
        )

    def add_entry(
        self,
        report: int,
        rows: dict[str, list[Row]],
        pattern: Pattern,
        version: int,
        kind: str,
        to: str,
        at: str,
        reporter: int,
        begun: float,
        pictured: bool,
    ) -> None:
        self.entry += 1
        photos = int(pictured and kind == "submitted")
        noted = kind == "moved" and to in WITH_NOTE
        by_reporter = kind == "submitted" or to == "withdrawn"
        rows["report_entries"].append(
            (
                *(self.entry, uid_at(begun + version, self.chance), report, version, kind, at),
                *(("reporter", reporter) if by_reporter else ("staff", None)),
                *(to, pattern.department_id, f'{{"photos": {photos}}}', bytes(32) if noted else None),
            )
        )
        if noted:
            self.text += 1
            rows["report_texts"].append((self.text, self.entry, NOTE, bytes(16)))

    def add_photo(self, rows: dict[str, list[Row]], report: str, begun: float, at: str) -> None:
        self.photo += 1
        owner = f"report:{uuid.UUID(report)}"
        rows["attachments"].append(
            (
                *(self.photo, uid_at(begun, self.chance), self.here.id, "benchmark", owner, 0, "report", "0" * 64),
                *(2048, 1536, 300_000, at, at),
            )
        )
