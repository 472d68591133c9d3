"""One running service for all pages whose commands are typed."""

from collections.abc import Iterator

import pytest

from tests.docs.running import Running, started


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With the samples. The pages for who keeps the map are typed before the tour and leave the rules as they were."""
    with started(tmp_path_factory.mktemp("checkout")) as found:
        yield found
