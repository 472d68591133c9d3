"""A folder for photos."""

from pathlib import Path

import pytest

from service.storage.keeping import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store of files."""
    return open_store(str(tmp_path / "files"))
