"""What a poll of the news list costs: 95 of 100 readers have the newest list already and are answered 304.

Over some thousand articles of three kinds in two languages, fifty on a page. The other five of a hundred have none, and
get the page. Through the application (no socket), beside the smallest JSON answer of bare Flask (`bench.floor`), which
is called in the same way and in turns. The statements that each poll asks the database are counted.

Run `python -m bench --only news`.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextvars import Context
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench.filling import drop_databases, fill, settings_of
from bench.floor import app as floor
from service.app import create_app
from service.db import db, session, transaction
from service.municipalities.directory import Municipality, municipality
from service.news.content import Written
from service.news.shelving import put_up
from service.news.states import PUBLISHED
from service.news.writing import add_version, begin

ADDRESS = "/api/v1/kozani/news"
ARTICLES = 2_000
POLLS, FRESH = 100, 5
ROUNDS = 9
TARGETS = {"poll / floor": 4.0, "statements of a 304": 0.5}
TEXT = "Οι εργασίες στο πάρκο αρχίζουν τη Δευτέρα και διαρκούν τρεις εβδομάδες. " * 12


def measure(server: str | None, quick: bool) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server: milliseconds of processor of this process each."""
    folder = Path(tempfile.mkdtemp())
    try:
        measured = {"SQLite": measure_on(folder / "sqlite", None, quick)}
        if server:
            measured["PostGIS"] = measure_on(folder / "postgis", server, quick)
        return measured
    finally:
        shutil.rmtree(folder)
        if server:
            drop_databases(server)


def measure_on(home: Path, server: str | None, quick: bool) -> dict[str, float]:
    filled = fill(home, server, 100)
    app = create_app(settings_of(filled.home, filled.url))
    with app.app_context():
        publish_many(municipality("kozani"), 60 if quick else ARTICLES)
        session.remove()
        asked: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    client, bare = app.test_client(), floor.test_client()
    tag = client.get(ADDRESS).headers["ETag"]
    before = len(asked)
    times = {"floor": [], "304": [], "page": [], "poll": []}  # type: dict[str, list[float]]
    for _ in range(3 if quick else ROUNDS):
        times["floor"].append(each(lambda: bare.get("/"), 200, POLLS))
        times["304"].append(each(lambda: client.get(ADDRESS, headers={"If-None-Match": tag}), 304, POLLS - FRESH))
        counted = len(asked)
        times["page"].append(each(lambda: client.get(ADDRESS), 200, FRESH))
        before += len(asked) - counted
        times["poll"].append((times["304"][-1] * (POLLS - FRESH) + times["page"][-1] * FRESH) / POLLS)
    found = {name: round(statistics.median(values), 4) for name, values in times.items()}
    with app.app_context():
        db.engine.dispose()
    unchanged = (POLLS - FRESH) * len(times["304"])
    return found | {
        "poll / floor": round(found["poll"] / found["floor"], 2),
        "statements of a 304": round((len(asked) - before) / unchanged, 3),
    }


def each(ask: Callable[[], Any], status: int, times: int) -> float:
    """Milliseconds of processor of one call, after one that is not counted."""

    def one() -> None:
        answer = Context().run(ask)
        assert answer.status_code == status, answer.text

    one()
    begun = time.process_time()
    for _ in range(times):
        one()
    return (time.process_time() - begun) * 1000 / times


def publish_many(here: Municipality, count: int) -> None:
    lists: dict[str, Any] = {"facts": {}, "categories": [], "districts": [], "links": [], "pictures": []}
    for begun in range(0, count, 50):
        with transaction():
            for number in range(begun, min(begun + 50, count)):
                title = {"el": f"Νέο του δήμου {number}", "en": f"News {number}"}
                content = lists | {"main_language": "el", "title": title, "summary": title, "expires_at": None}
                article = begin(here, ("news", "news", "action")[number % 3])
                put_up(here, article, add_version(here, article, Written(content, {"el": TEXT, "en": TEXT}), None))
                article.state = PUBLISHED


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    lines = [f"{'ms of processor':24}" + "".join(f"{name:>12}" for name in figures)]
    lines += [
        f"{name:24}" + "".join(f"{one[name]:12.3f}" for one in figures.values())
        for name in next(iter(figures.values()))
    ]
    return "\n".join([*lines, ""])
