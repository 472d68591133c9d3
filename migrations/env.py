"""Runs the migrations on SQLite and on PostgreSQL alike, all of them in one transaction."""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, create_engine, text

from service import app as _tables  # noqa: F401  (every slice's tables)
from service.db import Base, engine, writing
from service.db.types import Instant

ONE_AT_A_TIME = 720_145_193  # the key of PostgreSQL's advisory lock for migrations
OURS = set(Base.metadata.tables)


def is_ours(thing: object, name: str, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave alone what SpatiaLite and PostGIS keep beside our tables."""
    if kind == "table":
        return name in OURS or not reflected
    table = getattr(thing, "table", None)
    return table is None or (
        table.name in OURS and alembic_helpers.include_object(thing, name, kind, reflected, compare_to)
    )


def rendered(kind: str, thing: object, autogen_context: AutogenContext) -> str | bool:
    """Migrations name plain types, so that they stay as they are when the service changes."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    return alembic_helpers.render_item(kind, thing, autogen_context)


def run() -> None:
    url = context.config.attributes["url"]
    connectable = create_engine(engine.driver_url(url), **engine.options(url, 1))
    engine.prepare(connectable)
    begun = writing.set(True)  # the write lock first: of two processes that start at once one waits for the other
    try:
        with connectable.connect() as connection:
            migrate(connection)
    finally:
        writing.reset(begun)
        connectable.dispose()


def migrate(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # on the driver's own connection, because inside a transaction the pragma does nothing
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=is_ours,
        process_revision_directives=alembic_helpers.writer,
        render_item=rendered,
        transaction_per_migration=False,
        transactional_ddl=True,  # on SQLite too: the transaction is ours, not that of Python's module
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        context.run_migrations()


run()
