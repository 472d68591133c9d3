"""What is measured against: the smallest JSON application, and the least SQL that routes and keeps a report."""

import json
import sqlite3
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
import shapely
import waitress
from flask import Flask, Response, jsonify, request

from bench.filling import Filled, place_in_sqlite
from bench.processes import processor_seconds
from service.db import spatialite
from service.db.spatialite.blob import decode

app = Flask("floor")


@app.get("/")
def read() -> Response:
    """A small JSON answer."""
    return jsonify(id=str(uuid.uuid4()), state="received", open=True)


@app.post("/")
def write() -> Response:
    """A JSON body read, a small JSON answer."""
    body = request.get_json()
    return jsonify(id=str(uuid.uuid4()), category=body["category"], description=body["description"])


COLUMNS = (
    *("uid", "municipality_id", "number", "category_id", "state", "open", "version", "language", "description"),
    *("answers", "place", "longitude", "latitude", "department_id", "routing", "private", "on_map", "text_public"),
    *("photos_public", "created_at", "moved_at"),
)
ROUTE_ON_POSTGRES = """
    SELECT f.key FROM features f JOIN layers l ON l.published_version_id = f.version_id
    WHERE l.municipality_id = %s AND l.key = %s AND ST_Covers(f.geometry, ST_SetSRID(ST_MakePoint(%s, %s), 4326))
    ORDER BY f.key LIMIT 1"""
ROUTE_ON_SQLITE = """
    SELECT f.key, f.geometry FROM features f JOIN layers l ON l.published_version_id = f.version_id
    WHERE l.municipality_id = ? AND l.key = ? AND f.id IN (
        SELECT pkid FROM idx_features_geometry WHERE xmin <= ?3 AND xmax >= ?3 AND ymin <= ?4 AND ymax >= ?4
    ) ORDER BY f.key"""
LAYER = "lighting-areas"


class RawSql:
    """Route a point by SQL and insert one report, with the plain driver: two statements and a commit.

    What it inserts belongs to another municipality than the one that is measured; no history, no number that counts
    up, no message, no key that is kept.
    """

    def __init__(self, filled: Filled) -> None:
        self.is_sqlite = filled.is_sqlite
        self.connection: Any
        if filled.is_sqlite:
            path = filled.url.removeprefix("sqlite:///")
            self.connection = sqlite3.connect(path, isolation_level=None, cached_statements=512, timeout=30)
            self.connection.execute("PRAGMA synchronous=FULL")
            self.connection.execute("PRAGMA foreign_keys=ON")
            spatialite.install(self.connection)
        else:
            self.connection = psycopg.connect(filled.url, prepare_threshold=1)
        one = "SELECT id, (SELECT min(id) FROM {}) FROM municipalities WHERE slug = 'heraklion'"
        self.elsewhere, self.category = self.connection.execute(one.format("categories")).fetchone()
        (self.department,) = self.connection.execute("SELECT min(id) FROM departments").fetchone()
        (self.here,) = self.connection.execute("SELECT id FROM municipalities WHERE slug = 'kozani'").fetchone()
        if not filled.is_sqlite:
            self.connection.commit()
        self.statement = self.insert_statement()

    def insert_statement(self) -> str:
        mark = "?" if self.is_sqlite else "%s"
        marks = [
            "ST_SetSRID(ST_MakePoint(%s, %s), 4326)" if column == "place" and not self.is_sqlite else mark
            for column in COLUMNS
        ]
        return f"INSERT INTO reports ({', '.join(COLUMNS)}) VALUES ({', '.join(marks)})"

    def pids(self) -> Sequence[int]:
        """The database's process that works for us."""
        return () if self.is_sqlite else (self.connection.info.backend_pid,)

    def seconds(self) -> float:
        """Processor seconds so far, our own and the database's."""
        return time.process_time() + processor_seconds(self.pids())

    def keep(self, longitude: float, latitude: float) -> None:
        """Route and insert one."""
        if self.is_sqlite:
            self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(self.statement, self.values(longitude, latitude, self.route(longitude, latitude)))
        if self.is_sqlite:
            self.connection.execute("COMMIT")
        else:
            self.connection.commit()

    def route(self, longitude: float, latitude: float) -> str | None:
        """The feature of the layer that holds the point: by PostGIS, or by the R*Tree and then shapely."""
        point = (self.here, LAYER, longitude, latitude)
        if not self.is_sqlite:
            found = self.connection.execute(ROUTE_ON_POSTGRES, point).fetchone()
            return found[0] if found else None
        near = self.connection.execute(ROUTE_ON_SQLITE, point).fetchall()
        return next((key for key, blob in near if shapely.intersects_xy(decode(blob), longitude, latitude)), None)

    def values(self, longitude: float, latitude: float, feature: str | None) -> list[Any]:
        uid = uuid.uuid4()
        moment = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime())
        place = [place_in_sqlite(longitude, latitude)] if self.is_sqlite else [longitude, latitude]
        return [
            *(uid.hex, self.elsewhere, f"RAW-{uid.hex[:20]}", self.category, "received", True, 1, "el"),
            *("Το φως είναι σβηστό", "{}", *place, longitude, latitude, self.department),
            *(json.dumps({"feature": feature}), False, True, False, False, moment, moment),
        ]

    def close(self) -> None:
        self.connection.close()


def main() -> None:
    """Serve the floor with waitress on this port of loopback."""
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8, ident=None)


if __name__ == "__main__":
    main()
