"""Fill a database from outside, in one transaction: make room, bring the schema, load, compare, settle."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers as _spatial_operations  # noqa: F401  (migrations call them)
from psycopg import Error as PostgresError
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from service.db import engine
from service.db.generations import Generation
from service.db.guards import lifted
from service.db.spatialite.columns import quoted
from service.db.standstill import own_tables
from service.operating.shapes import Counted, Row, Shape, Tally, load, rows_of, shapes
from service.operating.snapshots import Refused, changing, connected, revision_of, shown
from service.schema_version import configuration

Parts = Iterable[tuple[Shape, list[Row]]]
Say = Callable[[str], None]


def must_be_empty(url: str) -> None:
    """Raises Refused when the database has a municipality: everything that is somebody's hangs on one."""
    make_file(url)
    with connected(url) as connection, connection.begin():
        refuse_municipalities(connection, url)


def make_file(url: str) -> None:
    """A file for SQLite, where there is none yet."""
    parsed = engine.driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        Path(str(parsed.database)).touch()


def refuse_municipalities(connection: Connection, url: str) -> None:
    if "municipalities" not in own_tables(connection):
        return
    if connection.execute(text("SELECT 1 FROM municipalities LIMIT 1")).first():
        raise Refused(f"The database at {shown(url)} is not empty.")


def fill(
    url: str,
    revision: str,
    tables: list[Shape],
    parts: Callable[[], Parts],
    expected: Callable[[], list[Counted]],
    finish: Callable[[Connection], None] = lambda _: None,
    replace: bool = False,
    keep: bool = True,
    before: Callable[[Connection], None] = lambda _: None,
) -> list[Counted]:
    """Put these rows, of this revision of the schema, in place of whatever the database holds: all or nothing.

    `expected` is asked after the last part: what must be found in the database then. `before` is called with the
    database as it was, `finish` with the newest schema, before the commit. Returns what was found. Raises Refused; then
    nothing has changed.
    """
    with changing(url, keep) as connection:
        before(connection)
        generations = make_room(connection, url, replace)
        bring_to(connection, url, revision)
        for shape, rows in parts():
            load_or_say_where(connection, shape, rows)
        found = [count(connection, shape) for shape in tables]
        compare(expected(), found)
        bring_to(connection, url, "head")
        grow_generations(connection, generations)
        finish(connection)
        settle(connection)
    return found


def make_room(connection: Connection, url: str, replace: bool) -> dict[str, int]:
    """Delete every row; the generations that running processes may remember. Raises Refused."""
    tables = own_tables(connection)
    if not tables:
        return {}
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {', '.join(map(quoted, tables))} IN ACCESS EXCLUSIVE MODE"))
    if not replace:
        refuse_municipalities(connection, url)
    remembered = generations_of(connection)
    with lifted(connection):
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(map(quoted, tables))} CASCADE"))
        else:
            for table in reversed(tables):
                connection.execute(text(f"DELETE FROM {quoted(table)}"))  # noqa: S608
    return remembered


def bring_to(connection: Connection, url: str, revision: str) -> None:
    """Migrate the empty tables inside this transaction, up, or down to nothing and up. Raises Refused."""
    config = configuration(url)
    script = ScriptDirectory.from_config(config)
    current = revision_of(connection)
    must_be_known(current)
    if connection.dialect.name == "postgresql":
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    if current is not None and not is_on_the_way(script, current, revision):
        run_steps(connection, config, script, lambda now: script._downgrade_revs("base", now))
    run_steps(connection, config, script, lambda now: script._upgrade_revs(revision, now))


def must_be_known(revision: str | None) -> None:
    """Raises Refused for a revision of another version of this program."""
    if revision is not None and revision not in known_revisions():
        raise Refused(f"Revision {revision} of the schema is of another version of this program.")


@cache
def known_revisions() -> frozenset[str]:
    script = ScriptDirectory.from_config(configuration(""))
    return frozenset(each.revision for each in script.walk_revisions())


def is_on_the_way(script: ScriptDirectory, current: str, revision: str) -> bool:
    """Whether going up from the current revision leads to this one."""
    after = {each.revision for each in script.iterate_revisions("head", current)}
    return revision in ("head", current) or revision in after


def run_steps(connection: Connection, config: object, script: ScriptDirectory, steps: Callable[..., object]) -> None:
    """What `alembic upgrade` does, on a connection whose transaction is ours."""
    with EnvironmentContext(config, script, fn=lambda now, _context: steps(now)) as environment:  # type: ignore[arg-type]
        environment.configure(connection=connection)
        environment.run_migrations()


def load_or_say_where(connection: Connection, shape: Shape, rows: list[Row]) -> None:
    """Raises Refused with the table and the database's reason, without what people wrote."""
    try:
        load(connection, shape, rows)
    except (DBAPIError, PostgresError) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
        raise Refused(f"The database does not take the rows of {shape.name}: {reason}") from None


def count(connection: Connection, shape: Shape) -> Counted:
    """Count a table as it is in the database."""
    tally = Tally(shape.name)
    for rows in rows_of(connection, shape):
        tally.add(rows)
    return tally.counted()


def compare(expected: list[Counted], found: list[Counted]) -> None:
    """Raises Refused unless every table has as many rows as it should, with the same digest."""
    for one, other in zip(expected, found, strict=True):
        if one != other:
            raise Refused(
                f"{one.name}: {one.rows} rows with digest {one.sha256[:12]} should be there,"
                f" {other.rows} with {other.sha256[:12]} are."
            )


def grow_generations(connection: Connection, remembered: dict[str, int]) -> None:
    """Every generation becomes one that no running process has seen, so that all read anew."""
    loaded = generations_of(connection)
    connection.execute(Generation.__table__.delete())  # type: ignore[attr-defined]
    grown = [
        {"subject": subject, "value": max(loaded.get(subject, 0), remembered.get(subject, 0)) + 1}
        for subject in sorted(loaded.keys() | remembered.keys())
    ]
    if grown:
        connection.execute(Generation.__table__.insert(), grown)  # type: ignore[attr-defined]


def generations_of(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(Generation.subject, Generation.value))
    return {row.subject: row.value for row in rows}


def settle(connection: Connection) -> None:
    """New rows get numbers after the loaded ones; the planner knows the sizes; nothing points at nothing."""
    if connection.dialect.name == "sqlite":
        if connection.execute(text("PRAGMA foreign_key_check")).first():
            raise Refused("Some rows point at rows that are not there.")
        return
    for shape, key in numbered():
        named = {"name": quoted(shape.name), "key": key}
        sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, :key)"), named)
        if sequence:
            last = connection.scalar(text(f"SELECT coalesce(max({quoted(key)}), 0) FROM {quoted(shape.name)}"))  # noqa: S608
            connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART WITH {last + 1}"))
    connection.execute(text(f"ANALYZE {', '.join(map(quoted, own_tables(connection)))}"))


def numbered() -> Iterator[tuple[Shape, str]]:
    """The tables whose rows the database numbers, with the column."""
    for shape in shapes():
        if len(shape.key) == 1 and dict(shape.columns)[shape.key[0]] == "integer":
            yield shape, shape.key[0]
