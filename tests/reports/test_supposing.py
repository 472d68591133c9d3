"""A map and rules that are only being thought of."""

from dataclasses import replace

import pytest

from service.municipalities.directory import Municipality
from service.reports.routers import NoFallbackDesk
from service.reports.supposing import Supposed, router_supposed


def test_without_a_fallback_desk_nothing_can_be_supposed(here: Municipality) -> None:
    with pytest.raises(NoFallbackDesk):
        router_supposed(replace(here, departments={}), Supposed({}, []))
