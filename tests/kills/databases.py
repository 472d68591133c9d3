"""A migrated database of either kind that nobody else uses."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.schema_version import migrate
from tests.databases import new_postgres


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
    with new_postgres(server, f"plateia_kills_{uuid.uuid4().hex[:12]}") as url:
        migrate(url)
        yield url
