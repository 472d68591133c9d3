"""Whatever is killed whenever: what was acknowledged is there once, and what was owed was sent."""

import json
import os
from pathlib import Path

import pytest
from flask import Flask

from tests.kills.driver import Plan, run

LONG = os.environ.get("PLATEIA_LONG") == "1"


def check(plan: Plan, database_url: str, folder: Path) -> None:
    figures, faults = run(plan, database_url, folder)
    print(json.dumps(figures))
    assert not faults, "\n".join(faults)
    assert figures["kills"]["server"] + figures["kills"]["worker"] == plan.kills
    assert figures["repeats after kills"] <= figures["accepted and unrecorded at kills"]
    most = figures["pool size"] + figures["results recorded at once"]
    assert figures["repeats after kills"] <= most * figures["kills"]["worker"]


@pytest.mark.slow
@pytest.mark.daily_on("postgresql")
@pytest.mark.skipif(LONG, reason="the whole length is run instead")
def test_nothing_is_lost_and_little_is_repeated_when_processes_are_killed(
    app: Flask, database_url: str, tmp_path: Path
) -> None:
    check(Plan(reports=60, kills=6), database_url, tmp_path)


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="PLATEIA_LONG=1 runs the whole length")
def test_the_same_with_five_hundred_reports_and_forty_kills(app: Flask, database_url: str, tmp_path: Path) -> None:
    check(Plan(reports=500, kills=40), database_url, tmp_path)
