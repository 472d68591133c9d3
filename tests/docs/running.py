"""`plateia run --samples`, as a newcomer starts it, in a folder that looks like a checkout."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60  # seconds, for a start with the migrations and four municipalities


@dataclass
class Running:
    """A running service: what it printed, in which folder it was started, and its port."""

    printed: str
    folder: Path
    port: int


@contextmanager
def started(folder: Path) -> Iterator[Running]:
    """`plateia run --samples` on a free port; the folder, which is empty, gets a `var` of its own."""
    (folder / "service").symlink_to(CHECKOUT / "service")
    command = folder / ".venv" / "bin" / "plateia"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service.cli "$@"\n')
    command.chmod(0o755)
    port, printed = free_port(), folder / "printed"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [command, "run", "--samples"], cwd=folder, env=environment(PORT=str(port)), stdout=output, stderr=output
        )
    try:
        wait_for_greeting(process, printed)
        yield Running(printed.read_text(), folder, port)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Plateia has stopped." in printed.read_text()


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of the tests; Python finds `service` in the checkout and not by the folder's link."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATEIA_")}
    return kept | {"PYTHONPATH": str(CHECKOUT), "PYTHONSAFEPATH": "1"} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_greeting(process: subprocess.Popen[bytes], printed: Path) -> None:
    """Return when all that a newcomer reads has been printed."""
    limit = time.monotonic() + PATIENCE
    while "Ctrl-C stops it." not in printed.read_text():
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < limit, printed.read_text()
        time.sleep(0.1)
