"""What a page of 20 contributions costs in a thread of 5,000, beside the same page in a thread of 100; and what it
costs to find those that say nearly the same.

Each page is asked of the application in this process, as everybody sees it, in each of its four orders, a tenth of the
thread further each time, so that the end costs what the beginning does. The floor is the smallest JSON application,
asked the same way. In milliseconds of this process's processor.

`similar` is the worst that a clerk can ask for: in a campaign in which everybody wrote nearly the same, the first page
of what is like one of them. It shows about fifty contributions, which is two and a half pages of 20; as much again may
be spent on finding and comparing them: fifty times the floor. What it costs grows with the campaign as little as pages
do with the thread.

Run `python -m bench --only conversation`.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert, select

from bench import floor
from bench.filling import drop_databases, fill, settings_of
from service.app import create_app
from service.consultation.conversation.finding import SORTS
from service.consultation.conversation.models import Contribution, Thread
from service.consultation.conversation.resembling import keep_marks, marks_of
from service.consultation.models import FIXED, Consultation, ConsultationPhase
from service.db import db, session, transaction
from service.db.clock import now
from service.db.keys import new_uid
from service.http import cursor
from service.municipalities.directory import Municipality, municipality

SHORT, LONG = 100, 5_000
PAGES = 10
ROUNDS = 5
TEXT = "The square needs shade before it needs a fountain, and benches that face each other. " * 3
FEW, MANY = 500, 5_000
WORDS = (
    "benches",
    "trees",
    "shade",
    "lamps",
    "water",
    "playing",
    "parking",
    "crossing",
    "flowers",
    "fountain",
    "buses",
)
ASKED = "We ask the municipality for {} and {} and {} on the square in front of the old school, for our neighbourhood"
TARGETS = {"page / floor": 10.0, "5,000 / 100": 1.5, "similar / floor": 50.0, "similar, 5,000 / 500": 1.5}


def measure(server: str | None, quick: bool) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server: milliseconds of a page by order and length, and their ratios."""
    folder = Path(tempfile.mkdtemp())
    lengths = (20, 100) if quick else (SHORT, LONG)
    campaigns = (20, 100) if quick else (FEW, MANY)
    try:
        measured = {"SQLite": measure_on(folder / "sqlite", None, lengths, campaigns)}
        if server:
            measured["PostGIS"] = measure_on(folder / "postgis", server, lengths, campaigns)
        return measured
    finally:
        shutil.rmtree(folder)
        if server:
            drop_databases(server)


def measure_on(
    home: Path, server: str | None, lengths: tuple[int, int], campaigns: tuple[int, int]
) -> dict[str, float]:
    """One database."""
    filled = fill(home, server, 100)
    app = create_app(settings_of(filled.home, filled.url))
    with app.app_context():
        here = municipality("kozani")
        threads = {length: thread_of(here, length) for length in lengths}
        least = best(lambda: floor.app.test_client().get("/"))
        pages = {
            (sort, length): best(pages_of(app.test_client(), path, sort, ids)) / PAGES
            for sort in SORTS
            for length, (path, ids) in threads.items()
        }
        campaigned = {size: one_of_campaign(here, size) for size in campaigns}
        session.remove()
    client = app.test_client()  # outside the context, in which who calls is asked once
    alike = {size: best(similar_to(client, path, filled.staff)) for size, path in campaigned.items()}
    with app.app_context():
        db.engine.dispose()
    figures = {f"{sort}, {length}": value for (sort, length), value in pages.items()}
    short, long = lengths
    growth = max(pages[sort, long] / pages[sort, short] for sort in SORTS)
    worst = max(pages[sort, long] for sort in SORTS)
    figures |= {f"similar, {size}": value for size, value in alike.items()}
    few, many = campaigns
    judged = {"page / floor": worst / least, "5,000 / 100": growth, "similar / floor": alike[many] / least}
    return figures | {"floor": least} | judged | {"similar, 5,000 / 500": alike[many] / alike[few]}


def one_of_campaign(here: Municipality, size: int) -> str:
    """Where a clerk asks what is like the newest contribution of a campaign of so many."""
    _, ids = thread_of(here, size, campaign(size))
    newest = session.execute(select(Contribution.uid).where(Contribution.id == ids[-1])).scalar_one()
    return f"/api/v1/kozani/staff/contributions/{newest}/similar"


def similar_to(client: FlaskClient, path: str, staff: Mapping[str, str]) -> Callable[[], None]:
    """Ask it."""
    headers = {"Authorization": f"Bearer {staff['administrator']}"}
    shown = client.get(path, headers=headers)
    assert shown.status_code == 200, shown.text
    return lambda: client.get(path, headers=headers)


def campaign(size: int) -> list[str]:
    """So many texts that differ in a few words."""
    chosen = random.Random(1)
    return [ASKED.format(*chosen.sample(WORDS, 3)) for _ in range(size)]


def thread_of(here: Municipality, length: int, texts: Sequence[str] = ()) -> tuple[str, list[int]]:
    """A consultation with so many contributions on it, or those of these texts, found by what they say: the address of
    its pages, and their keys.
    """
    words: dict[str, Any] = {"title": {"en": "Square"}, "text": {"en": "What?"}}
    rules: dict[str, Any] = {"about": [], "secrecy": "open", "eligibility": "anyone", "questions": [], "extensions": []}
    own = {"uid": new_uid(), "municipality_id": here.id, "state": FIXED, "created_at": now()}
    with transaction():
        about = Consultation(**own, **words, **rules)
        session.add(about)
        session.flush()
        times = {"opens_at": now() - timedelta(days=1), "closes_at": now() + timedelta(days=1)}
        session.add(ConsultationPhase(consultation_id=about.id, kind="comment", **times))
        thread = Thread(municipality_id=here.id, consultation_id=about.id, kind="consultation", target=str(about.uid))
        thread.contributions = length
        session.add(thread)
        session.flush()
        rows = list(rows_of(here, about.id, thread.id, texts or [TEXT] * length))
        ids = list(session.scalars(insert(Contribution).returning(Contribution.id, sort_by_parameter_order=True), rows))
        keep_marks(about.id, {one: marks_of(text) for one, text in zip(ids, texts, strict=False)})
    return f"/api/v1/kozani/consultations/{about.uid}/contributions", sorted(ids)


def rows_of(here: Municipality, about: int, thread: int, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, text in enumerate(texts):
        supports, opposes = number * 7 % 101, number * 13 % 89
        yield {
            **{"uid": new_uid(), "municipality_id": here.id, "consultation_id": about, "thread_id": thread},
            **{"text": text, "language": "en", "channel": "app", "depth": 0, "official": False, "created_at": now()},
            **{"supports": supports, "opposes": opposes, "passes": 0, "divided": min(supports, opposes), "replies": 0},
        }


def pages_of(client: FlaskClient, path: str, sort: str, ids: list[int]) -> Callable[[], None]:
    """Ask for pages from all over the thread."""
    places = [(100 - 100 * part // PAGES, ids[len(ids) * part // PAGES]) for part in range(PAGES)]

    def ask() -> None:
        for place in places:
            answer = client.get(path, query_string={"sort": sort, "limit": 20, "after": cursor(*place)})
            assert answer.status_code == 200, answer.text

    return ask


def best(work: Callable[[], object]) -> float:
    """Milliseconds of processor of the fastest round, after one that is not counted."""
    times = []
    for _ in range(ROUNDS + 1):
        begun = time.process_time()
        for _ in range(3):
            work()
        times.append((time.process_time() - begun) / 3)
    return round(min(times[1:]) * 1000, 3)


def table(measured: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    names = list(next(iter(measured.values())))
    lines = [f"{'':24}" + "".join(f"{database:>10}" for database in measured)]
    lines += [f"{name:24}" + "".join(f"{one[name]:10.2f}" for one in measured.values()) for name in names]
    return "\n".join([*lines, ""])
