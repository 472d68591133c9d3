"""A migrated database of either kind that nobody else uses."""

import os
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

from tests.databases import migrated


def fresh_database(kind: str, folder: Path) -> AbstractContextManager[str]:
    """The URL of a migrated empty database, gone afterwards. PostgreSQL is reached by PLATEIA_TEST_POSTGRES_URL.

    Raises SystemExit where that is not set.
    """
    return migrated(kind, postgres_server, f"plateia_kills_{uuid.uuid4().hex[:12]}", folder)


def postgres_server() -> str:
    server = os.environ.get("PLATEIA_TEST_POSTGRES_URL")
    if not server:
        raise SystemExit("PLATEIA_TEST_POSTGRES_URL is not set.")
    return server
