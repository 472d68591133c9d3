"""A migrated database of either kind that nobody else uses."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from service.db import engine
from service.schema_version import migrate


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a migrated empty database, gone afterwards. PostgreSQL is reached by PLATEIA_TEST_POSTGRES_URL.

    Raises SystemExit where that is not set.
    """
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'plateia.sqlite'}"
        migrate(url)
        yield url
        return
    server = os.environ.get("PLATEIA_TEST_POSTGRES_URL")
    if not server:
        raise SystemExit("PLATEIA_TEST_POSTGRES_URL is not set.")
    name = f"plateia_kills_{uuid.uuid4().hex[:12]}"
    admin = create_engine(engine.driver_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = engine.driver_url(server).set(database=name).render_as_string(hide_password=False)
        migrate(url)
        yield url
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
