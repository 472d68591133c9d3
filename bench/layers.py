"""What a layer of 50,000 polygons costs: its file is imported, pages of it are read, its first tile is drawn.

The file is a GeoJSON of the cells of `bench.routing`, of twelve corners each. A process that does nothing else imports
it as a worker does, while another thread writes a row every twentieth of a second and notes how long it waited for its
turn. Memory is what that process holds more at its most than before. Then the layer is published, and pages of a
hundred features are asked for in boxes of the size of a z 13 tile through the application (no socket), beside the bare
query of the tree with shapely's own GeoJSON. The whole of the layer is drawn as one tile, once.

Run `python -m bench --only layers`.
"""

import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from bench.filling import drop_databases, fill, settings_of
from bench.processes import forget_peak, peak_megabytes
from bench.routing import sheet
from bench.tiles import Box, bare_page, box_of, tiles
from service.app import create_app
from service.db import db, session, transaction
from service.gis.describing import make_layer
from service.gis.drafting import layer_named, version_numbered
from service.gis.examining import Asked
from service.gis.index import indexes_of
from service.gis.publishing import put_in_force
from service.gis.tiles import make_tile
from service.gis.uploading import IMPORT_LAYER, keep_upload, plan_import
from service.jobs.working import work_one
from service.municipalities.directory import municipality
from service.worker import JOBS

SHEETS = {False: (250, 200, 3), True: (20, 10, 3)}
"""The cells of the whole benchmark and of the quick one."""
LAYER = "cells"
ON_A_PAGE = 100
OVERVIEW = (9, 286, 192)
A_MOMENT = 0.05  # seconds
TARGETS = {"MB more": 500.0, "longest wait": 1.0, "page / floor": 5.0, "OGC page / floor": 8.0, "first tile": 500.0}


UNITS = {
    "import": ", s of processor",
    "import, clock": ", s",
    "longest wait": ", s",
    "page, floor": ", ms",
    "page": ", ms",
    "OGC page": ", ms",
    "first tile": ", ms",
}


@dataclass
class Neighbour:
    """Somebody else who writes while the file is imported, and the longest that they waited, in seconds."""

    app: Flask
    done: threading.Event = field(default_factory=threading.Event)
    longest: float = 0.0

    def write(self) -> None:
        with self.app.app_context():
            while not self.done.wait(A_MOMENT):
                begun = time.perf_counter()
                with transaction():
                    session.execute(text("UPDATE generations SET value = value WHERE subject = 'nobody'"))
                self.longest = max(self.longest, time.perf_counter() - begun)
                session.remove()


def measure(server: str | None, quick: bool) -> dict[str, dict[str, float]]:
    """SQLite, and PostGIS where there is a server."""
    folder = Path(tempfile.mkdtemp())
    try:
        file = folder / "cells.geojson"
        file.write_text(written(SHEETS[quick]))
        measured = {"SQLite": measure_on(folder / "sqlite", None, file)}
        if server:
            measured["PostGIS"] = measure_on(folder / "postgis", server, file)
        return measured
    finally:
        shutil.rmtree(folder)
        if server:
            drop_databases(server)


def written(shape: tuple[int, int, int]) -> str:
    """The cells as GeoJSON."""
    index = sheet(*shape)
    features = [
        {"type": "Feature", "properties": {"key": key, **attributes}, "geometry": json.loads(geometry)}
        for key, attributes, geometry in zip(
            index.keys, index.attributes, shapely.to_geojson(index.geometries).tolist(), strict=True
        )
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def measure_on(home: Path, server: str | None, file: Path) -> dict[str, float]:
    """One database, in a process of its own."""
    filled = fill(home, server, 10)
    command = [sys.executable, "-m", "bench.layers", str(filled.home), filled.url, str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def alone(home: Path, url: str, file: Path) -> dict[str, float]:
    """Import, publish and read, in this process."""
    app = create_app(settings_of(home, url))
    with app.app_context():
        here = municipality("kozani")
        with transaction():
            layer = make_layer(here, LAYER, {"name": {"en": "Cells"}, "kind": "asset", "public": True})
        found = imported(app, file)
        with transaction():
            layer = layer_named(here, LAYER)
            put_in_force(layer, version_numbered(layer, 1))
        index = indexes_of(here)[LAYER]
        boxes = [box_of(tile) for tile in tiles()]
        client = app.test_client()
        found["page, floor"] = each(lambda box: bare_page(index, box), boxes)
        found["page"] = each(lambda box: ask(client, f"/api/v1/kozani/layers/{LAYER}/features?box=", box), boxes)
        found["OGC page"] = each(lambda box: ask(client, f"/ogc/kozani/collections/{LAYER}/items?bbox=", box), boxes)
        found["first tile"] = each(lambda tile: make_tile(index, *tile), [OVERVIEW])
        session.remove()
        db.engine.dispose()
    return found | {f"{name} / floor": round(found[name] / found["page, floor"], 2) for name in ("page", "OGC page")}


def imported(app: Flask, file: Path) -> dict[str, float]:
    """The import: seconds of the processor and of the clock, megabytes, and the longest wait of a neighbour."""
    here = municipality("kozani")
    uid, key = keep_upload(app.config["STORE"], file.name, io.BytesIO(file.read_bytes()))
    with transaction():
        plan_import(here, layer_named(here, LAYER), uid, key, file.name, Asked(keep_outside=True), 1)
    neighbour = Neighbour(app)
    thread = threading.Thread(target=Context().run, args=(neighbour.write,))
    thread.start()
    forget_peak()
    before = peak_megabytes()
    begun = time.process_time(), time.perf_counter()
    work_one({IMPORT_LAYER: JOBS[IMPORT_LAYER]}, "bench")
    seconds, clock = time.process_time() - begun[0], time.perf_counter() - begun[1]
    more = peak_megabytes() - before
    neighbour.done.set()
    thread.join()
    return {
        "file MB": round(file.stat().st_size / 1e6, 1),
        "import": round(seconds, 2),
        "import, clock": round(clock, 2),
        "longest wait": round(neighbour.longest, 3),
        "MB more": round(more, 1),
    }


def ask(client: FlaskClient, address: str, box: Box) -> None:
    answer = client.get(f"{address}{','.join(map(str, box))}&limit={ON_A_PAGE}")
    assert answer.status_code == 200, answer.text


def each(work: Callable[[Any], object], asked: Sequence[Any]) -> float:
    """The median of milliseconds of the processor."""
    times = []
    for one in asked:
        begun = time.process_time()
        work(one)
        times.append((time.process_time() - begun) * 1000)
    return round(statistics.median(times), 3)


def table(measured: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    lines = [f"{'':24}" + "".join(f"{name:>12}" for name in measured)]
    lines += [
        f"{name + UNITS.get(name, ''):24}" + "".join(f"{one[name]:12.2f}" for one in measured.values())
        for name in next(iter(measured.values()))
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(alone(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))) + "\n")
