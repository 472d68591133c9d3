"""A worker as a process of its own: `python -m tests.outbox.a_worker`, set up by PLATEIA_… in its environment.

It knows one kind of event, `moved`, and one kind of job, `count`, which writes one event per step.
"""

import os
import threading

from service.app import create_app
from service.config import Settings
from service.db import transaction
from service.jobs.working import Progress, Work
from service.outbox.posting import owe
from service.worker import Duties, stop_on_signals, work
from tests.outbox.scene import told

STEPS = 5


def count_up(job: Work, progress: Progress) -> dict[str, int]:
    """Owe one event per step; step and progress are one transaction."""
    for step in range((progress.value or {"steps": 0})["steps"], STEPS):
        with transaction():
            owe(job.payload["municipality"], "moved", "counted", step, {"targets": []})
            progress.note({"steps": step + 1})
    return {"steps": STEPS}


def main() -> None:
    settings = Settings.from_environment()
    stop = threading.Event()
    stop_on_signals(stop)
    handlers = {"count": count_up} if os.environ.get("WITH_JOBS") else {}
    work(create_app(settings), stop, Duties(events=told(), jobs=handlers))


if __name__ == "__main__":
    main()
