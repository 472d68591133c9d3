"""Databases with the newest schema, copied from one that was migrated once: all migrations take seconds, a copy none.

What they are copied from is made anew when a line of the service or of its migrations has changed. On SQLite it is a
file in `.test/`; on PostgreSQL it is one database, which stays on the server and says in its comment of which code it is.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, text

from service.db import engine
from service.schema_version import migrate

CHECKOUT = Path(__file__).resolve().parents[1]
KEPT = CHECKOUT / ".test"
TEMPLATE = "plateia_migrated"
ONE_AT_A_TIME = 720_145_194  # the key of PostgreSQL's advisory lock for the template


@cache
def code() -> str:
    """A hash of all that migrations are made of."""
    found = hashlib.sha256()
    for folder in ("migrations", "service"):
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            found.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def copy_file(path: Path) -> None:
    """Make an empty SQLite database with the newest schema, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(migrated_file(), path)
    path.chmod(0o600)


@cache
def migrated_file() -> Path:
    """The file that others are copied from; of processes that want it at once the first makes it."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"migrated-{code()}.sqlite"
    with one_at_a_time(KEPT / "migrated.lock"):
        if not path.exists():
            for old in KEPT.glob("migrated-*.sqlite*"):
                old.unlink()
            made = KEPT / "migrated-unfinished.sqlite"
            migrate(f"sqlite:///{made}")
            made.rename(path)
    return path


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Others who come with the same file wait; the system gives it free when a process dies."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def copy_database(server: str, name: str) -> None:
    """Make an empty database with the newest schema on this server."""
    admin = create_engine(engine.driver_url(server), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})"))
        if kept_code(connection) != code():
            migrate_template(connection, server)
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))


def kept_code(connection: Connection) -> str | None:
    """Of which code the template on this server is; None where there is none or it was not finished."""
    said = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = :name"
    return connection.scalar(text(said), {"name": TEMPLATE})


def migrate_template(connection: Connection, server: str) -> None:
    connection.execute(text(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)"))
    connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    migrate(engine.driver_url(server).set(database=TEMPLATE).render_as_string(hide_password=False))
    connection.execute(text(f"COMMENT ON DATABASE {TEMPLATE} IS '{code()}'"))
