"""What was deleted leaves the files of the database too.

SQLite overwrites what is deleted with zeros (`secure_delete`), and its write-ahead log is emptied once a day;
PostgreSQL marks rows dead, and its vacuum gives their space to others. Both leave traces for a while, which this takes
away.
"""

import sqlite3
from contextlib import closing

from sqlalchemy import create_engine, text

from service.db import engine


def compact(url: str) -> None:
    """Rewrite the file (SQLite), or vacuum every table (PostgreSQL), outside any transaction."""
    parsed = engine.driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database), timeout=60, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    made = create_engine(parsed, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM FULL"))
    made.dispose()
