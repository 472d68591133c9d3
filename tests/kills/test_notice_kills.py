"""However often the workers of a notice are killed, every device has it at least once, under one display tag."""

import json
import os
from pathlib import Path

import pytest
from flask import Flask

from tests.kills.notice_driver import Plan, run

LONG = os.environ.get("PLATEIA_LONG") == "1"


def check(plan: Plan, database_url: str, folder: Path) -> None:
    figures, faults = run(plan, database_url, folder)
    print(json.dumps(figures))
    assert not faults, "\n".join(faults)
    assert figures["kills"] == plan.kills


@pytest.mark.slow
@pytest.mark.skipif(LONG, reason="the whole length is run instead")
def test_a_notice_reaches_every_device_though_its_workers_are_killed(
    app: Flask, database_url: str, tmp_path: Path
) -> None:
    check(Plan(devices=300, kills=7), database_url, tmp_path)


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="PLATEIA_LONG=1 runs the whole length")
def test_the_same_with_twenty_thousand_devices_and_twenty_kills(app: Flask, database_url: str, tmp_path: Path) -> None:
    check(Plan(devices=20_000, kills=20), database_url, tmp_path)
