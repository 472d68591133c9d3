"""Who applies, freezes or publishes a plan, or approves a report, and dies: all of it is there or nothing."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.db import session
from service.municipalities.directory import Municipality
from tests.kills.plan_driver import ACTS
from tests.kills.test_crash_points import OF_PLANS

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_death_at_any_point_of_a_plan_leaves_nothing_and_another_try_does_it(
    here: Municipality, database_url: str
) -> None:
    session.remove()
    command = [sys.executable, "-m", "tests.kills.plan_driver", database_url]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert tuple(ACTS) == OF_PLANS
    assert json.loads(done.stdout) == {point: [signal.SIGKILL, False, True] for point in OF_PLANS}
