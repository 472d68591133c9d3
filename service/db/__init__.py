"""The database session, and the one place that commits.

Code outside `transaction()` only reads. Inside it nothing decodes a picture, hashes a password, writes a file or
waits for a network, because SQLite has one writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every model inherits from."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(
    model_class=Base,
    disable_autonaming=True,
    session_options={"expire_on_commit": False, "autoflush": True},
)

session = cast("scoped_session[Session]", db.session)

writing: ContextVar[bool] = ContextVar("writing", default=False)


class NestedTransaction(RuntimeError):
    """A rule opened a transaction of its own; only a route, a command, a job or a test may."""


@contextmanager
def transaction() -> Iterator[Any]:
    """Everything inside is committed together, or nothing is.

    A read snapshot that is still open ends first, so that what is loaded inside is what is locked inside.
    On SQLite the write lock is taken at the first statement (BEGIN IMMEDIATE).
    """
    if writing.get():
        raise NestedTransaction("a transaction is already open here")
    session.rollback()
    token = writing.set(True)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        writing.reset(token)


def stop_reading() -> None:
    """End the read snapshot and give the connection back, before something that lasts; what is read next is newer."""
    session.rollback()


def dialect() -> str:
    """The name of the database in use: "sqlite" or "postgresql"."""
    return session.get_bind().dialect.name
