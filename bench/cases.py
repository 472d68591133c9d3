"""What is asked of the service: the requests of each case, over a past that is there."""

import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bench import votes
from bench.calling import Call, call, call_with_json, call_with_photo
from bench.filling import Filled, settings_of
from bench.photo import photo
from bench.rows import DESCRIPTIONS, NOTE, Pattern, patterns, token_of
from service.app import create_app
from service.db import db, session
from service.municipalities.directory import municipality

BASE = "/api/v1/kozani"
GET, WRITE = "GET", "POST + SQL"
ON_A_MAP = 100
ON_A_PAGE = 50
BOXES = 12
WIDTHS = [0.0002 * 1.1**step for step in range(80)]


@dataclass(frozen=True)
class Case:
    """A kind of request: how often it is sent in a round, and how many times its floor it may cost (None: any)."""

    name: str
    floor: str
    target: float | None
    share: float
    make: Callable[["Asked"], Iterator[Call]]
    same_at_any_size: bool = True


class Asked:
    """What the cases need to know of a database: people, places, boxes and reports that are there."""

    def __init__(self, filled: Filled, seed: int = 7) -> None:
        self.filled = filled
        self.chance = random.Random(seed)
        app = create_app(settings_of(filled.home, filled.url))
        with app.app_context():
            self.patterns: list[Pattern] = patterns(municipality("kozani"), seed)
            self.boxes = [self.box_of(ON_A_MAP) for _ in range(BOXES)]
            self.public = self.read("SELECT uid FROM reports WHERE on_map AND id % 7 = 0 LIMIT 2000")
            self.movable = iter(self.read_moves())
            self.mine = self.read_mine()
            self.held = votes.hold(filled.staff["dispatcher"])
            session.remove()
            db.engine.dispose()

    def read(self, statement: str) -> list[str]:
        return [str(uuid.UUID(str(row[0]))) for row in session.execute(text(statement))]

    def read_moves(self) -> list[tuple[str, str]]:
        """Open reports, and where each can go next."""
        following = {"received": "acknowledged", "acknowledged": "in_progress", "in_progress": "acknowledged"}
        states = ", ".join(f"'{state}'" for state in following)
        found = session.execute(text(f"SELECT uid, state FROM reports WHERE state IN ({states}) LIMIT 20000"))
        rows = list(found)
        self.chance.shuffle(rows)
        return [(str(uuid.UUID(str(row.uid))), following[row.state]) for row in rows]

    def read_mine(self) -> list[tuple[str, str]]:
        """Reports with the token of who sent them."""
        first = session.scalar(text("SELECT min(account_id) FROM devices"))
        rows = session.execute(text("SELECT uid, reporter_id FROM reports WHERE id % 5 = 0 LIMIT 2000")).all()
        return [(str(uuid.UUID(str(row.uid))), token_of(row.reporter_id - first)) for row in rows]

    def box_of(self, wanted: int) -> str:
        """A box around a place that holds as many reports, or hardly more."""
        pattern = self.chance.choice(self.patterns)
        for width in WIDTHS:
            box = (
                pattern.longitude - width,
                pattern.latitude - width * 0.75,
                pattern.longitude + width,
                pattern.latitude + width * 0.75,
            )
            if self.number_in(box) >= wanted:
                return ",".join(f"{edge:.6f}" for edge in box)
        raise SystemExit(f"no box holds {wanted} reports")

    def number_in(self, box: tuple[float, float, float, float]) -> int:
        index = "place && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
        if self.filled.is_sqlite:
            index = (
                "id IN (SELECT pkid FROM idx_reports_place WHERE xmax >= :west AND xmin <= :east"
                " AND ymax >= :south AND ymin <= :north)"
            )
        counted = text(f"SELECT count(*) FROM reports WHERE on_map AND {index}")
        return int(session.scalar(counted, dict(zip(("west", "south", "east", "north"), box, strict=True))) or 0)

    def resident(self) -> dict[str, str]:
        """The headers of some resident, who calls from some address."""
        number = self.chance.randrange(self.filled.residents)
        address = ".".join(["10", *(str(self.chance.randrange(256)) for _ in range(3))])
        return {"Authorization": f"Bearer {token_of(number)}", "X-Forwarded-For": address}

    def staff(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.filled.staff[name]}"}

    def report(self) -> dict[str, Any]:
        """A new report as an app sends it."""
        pattern = self.chance.choice(self.patterns)
        return {
            "category": pattern.category.key,
            "longitude": pattern.longitude,
            "latitude": pattern.latitude,
            "accuracy": 12.5,
            "description": self.chance.choice(DESCRIPTIONS),
            "answers": json.loads(pattern.answers),
            "language": "el",
        }


def new_reports(asked: Asked) -> Iterator[Call]:
    while True:
        headers = asked.resident() | {"Idempotency-Key": str(uuid.uuid4())}
        yield call_with_json(f"{BASE}/reports", asked.report(), headers, 201)


def new_reports_with_photo(asked: Asked) -> Iterator[Call]:
    taken = photo(2048, 1536)
    while True:
        headers = asked.resident() | {"Idempotency-Key": str(uuid.uuid4())}
        yield call_with_photo(f"{BASE}/reports/with-photos", asked.report(), taken, headers)


def single_reports(asked: Asked) -> Iterator[Call]:
    while True:
        yield call("GET", f"{BASE}/reports/{asked.chance.choice(asked.public)}")


def own_reports(asked: Asked) -> Iterator[Call]:
    while True:
        uid, token = asked.chance.choice(asked.mine)
        yield call("GET", f"{BASE}/reports/{uid}", {"Authorization": f"Bearer {token}"})


def boxes(asked: Asked) -> Iterator[Call]:
    while True:
        yield call("GET", f"{BASE}/reports?box={asked.chance.choice(asked.boxes)}&limit={ON_A_MAP}")


def whole_map(asked: Asked) -> Iterator[Call]:
    while True:
        yield call("GET", f"{BASE}/reports?box=21,40,22.5,41&limit={ON_A_MAP}")


def queue(query: str, who: str) -> Callable[[Asked], Iterator[Call]]:
    def calls(asked: Asked) -> Iterator[Call]:
        while True:
            yield call("GET", f"{BASE}/staff/reports?limit={ON_A_PAGE}{query}", asked.staff(who))

    return calls


def moves(asked: Asked) -> Iterator[Call]:
    headers = asked.staff("dispatcher")
    for uid, to in asked.movable:
        yield call_with_json(f"{BASE}/staff/reports/{uid}/moves", {"to": to, "note": NOTE}, headers)


def secret_ballots(asked: Asked) -> Iterator[Call]:
    yield from votes.ballots(asked.held, asked.filled.residents)


def consultation_pages(asked: Asked) -> Iterator[Call]:
    yield from votes.pages(asked.held)


OF_CONSULTATIONS: Sequence[Case] = (
    Case("secret ballot on 20 questions", WRITE, 5, 1, secret_ballots),
    Case("page of a consultation with 20 questions", GET, 10, 1, consultation_pages),
)
CASES: Sequence[Case] = (
    Case("report without photo", WRITE, 5, 1, new_reports),
    Case("report with a 3-megapixel photo", WRITE, None, 0.1, new_reports_with_photo),
    Case("state change with a note", WRITE, 5, 1, moves),
    Case("single report, as everybody", GET, 3, 2, single_reports),
    Case("single report, as its reporter", GET, 3, 2, own_reports),
    Case("100 on the map, box that holds them", GET, 10, 1, boxes),
    Case("100 on the map, of all", GET, 10, 1, whole_map),
    Case("queue page of 50, open, one crew", GET, 10, 1, queue("&open=true", "lighting")),
    Case("queue page of 50, most urgent first", GET, 10, 1, queue("&order=due", "lighting")),
    Case("queue page of 50, all crews", GET, 10, 1, queue("", "dispatcher")),
    *OF_CONSULTATIONS,
)
