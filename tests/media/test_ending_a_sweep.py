"""A sweep of many photos lets its caller end it between two parts, and the next one finds what is left."""

import pytest

from service.media import sweeping
from service.media.sweeping import Swept, sweep
from service.municipalities.directory import Municipality
from service.storage.keeping import Store
from tests.media.scene import a_photo
from tests.media.test_sweeping import DAY, make_old


class Ended(Exception):
    """The worker stops."""


def test_a_sweep_is_ended_after_a_part(here: Municipality, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_A_TIME", 2)
    make_old(store, *(a_photo(here, store) for _ in range(3)))
    parts: list[int] = []

    def after_a_part() -> None:
        parts.append(len(parts))
        if len(parts) == 3:
            raise Ended

    with pytest.raises(Ended):
        sweep(store, DAY, after_a_part)
    assert parts == [0, 1, 2], "two parts of rows and one of files"
    assert sweep(store, DAY) == Swept(rows=0, files=7, partials=0)
