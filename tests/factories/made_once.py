"""What nearly every test begins with is made once in each process; its rows are put back for the other tests."""

from typing import Any

from sqlalchemy import Connection, func, select, text

from service.db import Base, db, session, transaction
from service.db.generations import forget
from service.municipalities import models
from service.municipalities.directory import Municipality, municipality
from tests.factories.municipalities import make_municipality

ROWS: dict[tuple[str, str], dict[str, list[Any]]] = {}
"""(database, municipality) → table → its rows; of PostgreSQL only the names, the rows are in a schema beside."""
BESIDE = "made_once"


def make_municipality_once(slug: str, west: float, south: float) -> Municipality:
    """As `make_municipality`. In a database that is not empty it is made, since its numbers are others there."""
    if session.scalar(select(func.count()).select_from(models.Municipality)):
        return make_municipality(slug, west, south)
    key = (str(db.engine.url), slug)
    if key in ROWS:
        with transaction():
            put_back(session.connection(), ROWS[key])
            session.execute(text("UPDATE generations SET value = value + 1"))
        forget()
        return municipality(slug)
    made = make_municipality(slug, west, south)
    with transaction():
        ROWS[key] = taken(session.connection())
    return made


def taken(connection: Connection) -> dict[str, list[Any]]:
    """Table → rows, of every table that has some, in the order in which they can be put back."""
    names = [table.name for table in Base.metadata.sorted_tables if table.name != "generations"]
    some = [name for name in names if connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name})"))]
    if connection.dialect.name == "sqlite":
        return {name: list(map(tuple, connection.execute(text(f"SELECT * FROM {name}")))) for name in some}
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {BESIDE}"))
    for name in some:
        connection.execute(text(f"DROP TABLE IF EXISTS {BESIDE}.{name}"))
        connection.execute(text(f"CREATE TABLE {BESIDE}.{name} AS TABLE {name}"))
    return {name: [] for name in some}


def put_back(connection: Connection, rows: dict[str, list[Any]]) -> None:
    if connection.dialect.name == "sqlite":
        for name, found in rows.items():
            connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({', '.join('?' * len(found[0]))})", found)
        return
    copies = [f"INSERT INTO {name} SELECT * FROM {BESIDE}.{name}" for name in rows]
    counters = [
        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
        for name in rows
        if "id" in Base.metadata.tables[name].columns and Base.metadata.tables[name].autoincrement_column is not None
    ]
    connection.exec_driver_sql("; ".join(["SET LOCAL session_replication_role = replica", *copies, *counters]))
    connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
