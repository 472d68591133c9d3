"""Processes that are measured: servers of ours and of the database, with the processor time that they have used."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from bench.filling import Filled, plain

PATIENCE = 60.0
THREADS = 8
WAITRESS, GUNICORN = "waitress", "gunicorn gthread"


@dataclass(frozen=True)
class Server:
    """A server that runs: its port and its first process; `database` names the backends that work for it."""

    port: int
    process: subprocess.Popen[bytes]
    backends: Callable[[], Sequence[int]]

    def seconds(self) -> float:
        """Processor seconds so far, of all its processes and of the database's processes that work for it."""
        first = psutil.Process(self.process.pid)
        ours = [first.pid, *(child.pid for child in first.children(recursive=True))]
        return processor_seconds([*ours, *self.backends()])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def forget_peak() -> None:
    """From now on `peak_megabytes` tells of what comes (Linux; proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    """The most memory that this process has held since `forget_peak`.

    Not `getrusage`: a program inherits the most that the process held which started it.
    """
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def processor_seconds(pids: Iterable[int]) -> float:
    """Processor time of these processes with all their threads, in nanosecond steps: clock_getcpuclockid(3)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def backends_of(url: str, but: Callable[[], Sequence[int]] = tuple) -> Callable[[], Sequence[int]]:
    """Asks for the processes of PostgreSQL that serve a database, except some."""
    name = plain(url).rsplit("/", 1)[-1].partition("?")[0]
    watching = psycopg.connect(plain(url).replace(f"/{name}", "/postgres"), autocommit=True)

    def pids() -> Sequence[int]:
        found = watching.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> ALL(%s)", [name, [*but()]]
        )
        return [pid for (pid,) in found.fetchall()]

    return pids


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nobody() -> Sequence[int]:
    return ()


def start_service(filled: Filled, but: Callable[[], Sequence[int]] = nobody, workers: int = 1) -> Server:
    """The service as it is installed: with the embedded server on SQLite, with gunicorn and its `workers` on PostGIS.

    It stands behind a proxy of which it trusts the word, so that its limits of how often see many addresses.
    """
    port = free_port()
    told = {
        "PLATEIA_HOME": str(filled.home),
        "PLATEIA_DATABASE_URL": filled.url,
        "PLATEIA_SECRET_KEY": "the key of the measurements that all know",
        "PLATEIA_PORT": str(port),
        "PLATEIA_THREADS": str(THREADS),
        "PLATEIA_TRUSTED_PROXIES": "1",
    }
    if filled.is_sqlite:
        return started([sys.executable, "-m", "service.cli", "serve"], port, told, filled.home)
    command = gunicorn("service.wsgi:app", port, workers)
    server = started(command, port, told, filled.home)
    return replace(server, backends=backends_of(filled.url, but))


def start_floor(kind: str, home: Path) -> Server:
    """The smallest application behind the same server."""
    port = free_port()
    command = (
        [sys.executable, "-m", "bench.floor", str(port)] if kind == WAITRESS else gunicorn("bench.floor:app", port)
    )
    return started(command, port, {}, home)


def gunicorn(application: str, port: int, workers: int = 1) -> list[str]:
    """Processes with threads, connections kept open."""
    options = ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(THREADS), "--keep-alive", "60"]
    return [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", application]


def started(command: list[str], port: int, told: dict[str, str], home: Path) -> Server:
    """Start it, with its log in a file, and wait until it answers."""
    log = home / f"{command[2]}-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | told, stdout=file, stderr=file)
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Server(port, process, nobody)
        time.sleep(0.05)
    process.kill()
    raise SystemExit(f"{' '.join(command)} does not answer:\n{log.read_text()[-2000:]}")
