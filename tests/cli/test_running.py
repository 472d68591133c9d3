"""`plateia run` as a newcomer meets it: it starts, keeps the data, stops cleanly, and says what is in its way."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from service.config import Settings
from service.supervising import Failed, ensure_free, free_port, local_url
from tests.cli.commands import environment, program

pytestmark = pytest.mark.slow
PATIENCE = 90


class Running:
    """A service that runs, with all its processes."""

    def __init__(self, home: Path, port: int, *options: str, **settings: str) -> None:
        self.home, self.url = home, f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "run", *options],
            env=environment(PLATEIA_HOME=str(home), PORT=str(port), **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.greeting = ""

    def wait_for_greeting(self) -> str:
        """What it prints when it is ready."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.greeting += line
            if line.startswith("Ctrl-C"):
                return self.greeting
        raise AssertionError(self.process.stderr.read() if self.process.stderr else "")

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def part(self, name: str) -> psutil.Process:
        return next(one for one in self.family() if one.cmdline()[-1] == name)

    def end(self, number: int) -> tuple[int, str, str]:
        """Send it a signal; its status and what else it said. Nothing of it may be left."""
        family = self.family()
        os.kill(self.process.pid, number)
        said, complained = self.process.communicate(timeout=PATIENCE)
        assert psutil.wait_procs(family, timeout=5)[1] == []
        return self.process.returncode, said, complained

    def ask(self, path: str, body: Any = None, method: str | None = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
        with urlopen(Request(self.url + path, data, headers, method=method), timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def running(home: Path, *options: str, **settings: str) -> Iterator[Running]:
    """A service that has greeted; whatever the test does, nothing of it stays."""
    service = Running(home, free_port(), *options, **settings)
    try:
        service.wait_for_greeting()
        yield service
    finally:
        if service.process.poll() is None:
            for process in service.family():
                process.kill()
            service.process.wait()


def in_database(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "plateia.sqlite")) as connection:
        return [row[0] for row in connection.execute(query)]


def wait_until(home: Path, query: str, wanted: list[Any]) -> None:
    limit = time.monotonic() + PATIENCE
    while in_database(home, query) != wanted:
        assert time.monotonic() < limit, in_database(home, query)
        time.sleep(0.1)


def send_report(service: Running) -> str:
    """A new phone sends a report; its number."""
    phone = {"installation": str(uuid.uuid4()), "secret": "s" * 32, "platform": "android", "app_version": "1.0"}
    token = service.ask("/api/v1/kozani/devices", phone)["token"]
    own = {"Authorization": f"Bearer {token}"}
    target = {"kind": "token", "value": f"phone-{phone['installation']}"}
    service.ask("/api/v1/kozani/me/push-target", target, method="PUT", **own)
    report = {"category": "lamp-out", "longitude": 21.7883, "latitude": 40.3005, "answers": {"extent": "one"}}
    sent = service.ask("/api/v1/kozani/reports", report, **own, **{"Idempotency-Key": str(uuid.uuid4())})
    number: str = sent["number"]
    return number


def test_a_newcomer_starts_it_twice_and_stops_it_twice_and_keeps_the_data(tmp_path: Path) -> None:
    with running(tmp_path, "--samples") as service:
        for word in (service.url, "dispatcher@staff.kozani.example", "curl", str(tmp_path)):
            assert word in service.greeting
        assert service.ask("/ready")["channels"]["push"] == "ready"
        number = send_report(service)
        wait_until(tmp_path, "SELECT state FROM deliveries WHERE channel = 'push'", ["sent"])
        pushes = [json.loads(line) for line in (tmp_path / "pushes.jsonl").read_text().splitlines()]
        assert len(pushes) == 1 and number in json.dumps(pushes, ensure_ascii=False)
        second = program("run", home=tmp_path, PORT=service.url.rsplit(":", 1)[1])
        assert second.returncode == 1 and "choose another with PORT" in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1 and service.ask("/health") == {"status": "ok"}
        status, said, complained = service.end(signal.SIGTERM)
        assert (status, said.strip(), complained) == (0, "Plateia has stopped.", "")
    loaded = in_database(tmp_path, "SELECT id FROM layer_versions")
    with running(tmp_path, "--samples") as service:
        assert in_database(tmp_path, "SELECT number FROM reports") == [number]
        assert in_database(tmp_path, "SELECT id FROM layer_versions") == loaded
        assert service.end(signal.SIGINT)[0] == 0
    keeps_what_it_cannot_send(tmp_path)


def keeps_what_it_cannot_send(home: Path) -> None:
    """Without credentials nothing is sent, nothing is recorded as sent, and `/ready` says so."""
    with running(home) as service:
        channels = service.ask("/ready")["channels"]
        assert channels["push"] == channels["email"] == "not configured"
        send_report(service)
        wait_until(home, "SELECT count(*) FROM events WHERE state = 'new'", [0])
        time.sleep(1.5)
        states = in_database(home, "SELECT state FROM deliveries WHERE channel = 'push' ORDER BY id")
        assert states == ["sent", "pending"]
        assert in_database(home, "SELECT attempt FROM deliveries ORDER BY id DESC LIMIT 1") == [0]
        family = service.family()
        service.part("worker").kill()
        _, complained = service.process.communicate(timeout=PATIENCE)
        assert service.process.returncode == 1 and "worker ended" in complained and "worker.log" in complained
        assert psutil.wait_procs(family, timeout=5)[1] == []


def test_it_is_ready_before_the_proxy_that_leads_to_it(tmp_path: Path) -> None:
    public = "https://plateia.example"
    dead_proxy = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    with running(tmp_path, PLATEIA_PUBLIC_URL=public, PLATEIA_HOST="0.0.0.0", **dead_proxy) as service:
        assert f"Plateia is ready at {public}" in service.greeting
        assert service.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
        ("10.0.0.1", "http://10.0.0.1:80"),
    ],
)
def test_the_server_is_asked_where_it_listens(tmp_path: Path, host: str, url: str) -> None:
    assert local_url(Settings(home=tmp_path, host=host, port=80)) == url


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"port {port} cannot be had on 127.0.0.1"):
            ensure_free("127.0.0.1", port)
    ensure_free("127.0.0.1", port)
