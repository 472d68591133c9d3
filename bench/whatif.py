"""What a what-if over all past reports costs: a draft of one layer of Kozani, half of whose areas lie elsewhere and
belong to another department.

Measured is the whole question as staff ask it, in the process: the draft is read and indexed, the reports are read in
blocks and routed both ways. The floor is reading the same reports with the same statement. Both in seconds of this
process's processor, and on the clock; memory is what the process holds more at its most than before.

Run `python -m bench --only whatif`.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import shapely

from bench.filling import drop_databases, fill, settings_of
from bench.processes import forget_peak, peak_megabytes
from service.app import create_app
from service.db import db, session, transaction
from service.gis.drafting import draft_of_file, layer_named
from service.gis.importing import ImportedLayer
from service.gis.index import indexes_of
from service.municipalities.directory import Municipality, municipality
from service.reports.replaying import past_reports, what_if
from service.reports.routers import router_of
from service.reports.supposing import Supposed, router_supposed

REPORTS = 100_000
ROUNDS = 3
LAYER, CREW = "lighting-areas", "roads"
SHIFT = 0.002  # degrees, some two hundred metres
TARGET = 5.0  # seconds


def measure(server: str | None, size: int) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server: seconds, the floor, megabytes, how many reports moved."""
    folder = Path(tempfile.mkdtemp())
    try:
        measured = {"SQLite": measure_on(folder / "sqlite", None, size)}
        if server:
            measured["PostGIS"] = measure_on(folder / "postgis", server, size)
        return measured
    finally:
        shutil.rmtree(folder)
        if server:
            drop_databases(server)


def measure_on(home: Path, server: str | None, size: int) -> dict[str, float]:
    """One database."""
    filled = fill(home, server, size)
    app = create_app(settings_of(filled.home, filled.url))
    with app.app_context():
        here = municipality("kozani")
        supposed = Supposed({LAYER: shifted(here)})
        router_of(here)
        forget_peak()
        before = peak_megabytes()
        moved = [0]

        def ask() -> None:
            moved[0] = what_if(here, router_of(here), router_supposed(here, supposed), None, size, 200)["moved"]

        def read() -> None:
            for _ in past_reports(here, None, size):
                pass

        seconds, clock = best(ask)
        floor, _ = best(read)
        more = round(peak_megabytes() - before, 1)
        figures = {"seconds": seconds, "clock": clock, "floor": floor, "megabytes": more, "moved": moved[0]}
        session.remove()
        db.engine.dispose()
    return figures


def shifted(here: Municipality) -> int:
    """The number of a draft of the layer, every second of whose areas lies elsewhere and is another crew's."""
    index = indexes_of(here)[LAYER]
    features = [
        (key, dict(attributes) | {"crew": CREW}, shapely.transform(shape, lambda at: at + SHIFT))
        if n % 2 == 0
        else (key, dict(attributes), shape)
        for n, (key, attributes, shape) in enumerate(zip(index.keys, index.attributes, index.geometries, strict=True))
    ]
    imported = ImportedLayer(features, source="shifted.geojson", sha256="0" * 64, crs="EPSG:4326")
    with transaction():
        return draft_of_file(layer_named(here, LAYER), imported).number


def best(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the fastest round: of the processor, and on the wall's clock."""
    times = []
    for _ in range(ROUNDS):
        session.rollback()
        begun = time.process_time(), time.perf_counter()
        work()
        times.append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    return round(min(one for one, _ in times), 3), round(min(one for _, one in times), 3)


def table(measured: dict[str, dict[str, Any]]) -> str:
    """The figures for a person."""
    lines = [f"{'':10}{'seconds':>10}{'clock':>10}{'reading':>10}{'MB more':>10}{'moved':>10}"]
    lines += [
        f"{name:10}{one['seconds']:10.2f}{one['clock']:10.2f}{one['floor']:10.2f}{one['megabytes']:10.1f}{one['moved']:10}"
        for name, one in measured.items()
    ]
    return "\n".join([*lines, ""])
