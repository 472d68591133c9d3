"""`plateia run`: migrate, load the samples where asked for, then server and worker as one, until Ctrl-C or SIGTERM."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from urllib.request import ProxyHandler, build_opener

from service.config import Settings, in_url
from service.samples.loading import FOLDER, PASSWORD

PATIENCE = 30.0
REPORT = {
    "category": "lamp-out",
    "longitude": 21.7883,
    "latitude": 40.3005,
    "description": "Το φως είναι σβηστό",
    "answers": {"extent": "one"},
    "language": "el",
}
CURL = """curl -sS {url}/api/v1/kozani/reports/with-photos -H 'Idempotency-Key: {key}' \\
  -H 'Authorization: Bearer {token}' \\
  -F 'report={report};type=application/json' \\
  -F 'photos=@{photo}'"""


class Failed(Exception):
    """A part of the service did not start; the message says which."""


@dataclass
class Part:
    """A process of the service."""

    name: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ensure_free(host: str, port: int) -> None:
    """Raises Failed when something listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(f"port {port} cannot be had on {host} ({error.strerror}); choose another with PORT") from None


def local_url(settings: Settings) -> str:
    """Where this machine reaches the server; its public URL may lead through a proxy that is not there yet."""
    host = settings.host
    with suppress(ValueError):  # a name
        if ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{in_url(host)}:{settings.port}"


def environment_of(settings: Settings) -> dict[str, str]:
    """What the parts are told of the settings."""
    told = {
        "PLATEIA_HOME": str(settings.home),
        "PLATEIA_DATABASE_URL": settings.database_url,
        "PLATEIA_FILES_URL": settings.files_url,
        "PLATEIA_HOST": settings.host,
        "PLATEIA_PORT": str(settings.port),
        "PLATEIA_SAMPLES": "1" if settings.samples else "0",
    }
    if settings.fcm_base_url:
        told["PLATEIA_FCM_BASE_URL"] = settings.fcm_base_url
    if settings.sms_url:
        told["PLATEIA_SMS_URL"] = settings.sms_url
    return os.environ | told


class Service:
    """The parts that run, started in order and stopped in the opposite one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parts: list[Part] = []
        self.stopping = False

    def start(self) -> None:
        """Start the stand-in of FCM with the samples, then the worker, then the server. Raises Failed."""
        ensure_free(self.settings.host, self.settings.port)
        logs = self.settings.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        if self.settings.samples:
            port = free_port()
            stand_in = f"http://127.0.0.1:{port}"
            self.settings = replace(
                self.settings, fcm_base_url=stand_in, sms_url=self.settings.sms_url or f"{stand_in}/sms"
            )
            self.add("loopback-fcm", "--port", str(port), "--record", str(self.settings.home / "pushes.jsonl"))
        self.add("worker")
        self.add("serve")
        self.wait_until_ready()

    def add(self, name: str, *arguments: str) -> None:
        """Start a part; what it logs goes to a file of its name. In a session of its own, so that Ctrl-C reaches only
        us and we stop everything in order."""
        with (self.settings.home / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", name, *arguments],
                env=environment_of(self.settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.parts.append(Part(name, process))

    def wait_until_ready(self) -> None:
        """Return when the server answers. Raises Failed."""
        url = f"{local_url(self.settings)}/ready"
        opener = build_opener(ProxyHandler({}))
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and not self.stopping:
            self.check()
            try:
                with opener.open(url, timeout=2):
                    return
            except (OSError, ValueError, HTTPException):
                time.sleep(0.05)
        if not self.stopping:
            raise Failed(f"the server does not answer at {url}; see {self.settings.home}/logs")

    def check(self) -> None:
        """Raises Failed when a part has ended."""
        for part in self.parts:
            if part.process.poll() is not None:
                log = self.settings.home / "logs" / f"{part.name}.log"
                raise Failed(f"{part.name} ended with {part.process.returncode}; see {log}")

    def stop(self) -> None:
        """Ask each part to finish, the server first, and wait for it."""
        for part in reversed(self.parts):
            if part.process.poll() is None:
                part.process.terminate()
            try:
                part.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                part.process.kill()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def run(self, greeting: str) -> int:
        """Run until a signal comes (0) or a part ends by itself (1)."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask_to_stop)
        try:
            self.start()
            if not self.stopping:
                print(greeting, flush=True)  # noqa: T201
            while not self.stopping:
                time.sleep(0.2)
                self.check()
        except Failed as error:
            print(f"Plateia stops: {error}", file=sys.stderr, flush=True)  # noqa: T201
            return 1
        finally:
            self.stop()
        print("Plateia has stopped.", flush=True)  # noqa: T201
        return 0


def greeting(settings: Settings, token: str | None) -> str:
    """Addresses, sample accounts, and one command that sends a report with the token of the sample resident."""
    url = settings.public_url
    lines = [
        "",
        f"Plateia is ready at {url}",
        f"  documents     {url}/api/v1/docs",
        f"  health        {url}/health and {url}/ready",
        f"  data          {settings.home} (database, files, logs)",
    ]
    if token is not None:
        lines += sample_lines(url, settings.home, token)
    lines += ["", "Ctrl-C stops it.", ""]
    return "\n".join(lines)


def sample_lines(url: str, home: Path, token: str) -> list[str]:
    """What a newcomer can do at once."""
    photo = FOLDER / "files" / "dark-lamp-post.jpg"
    command = CURL.format(
        url=url,
        token=token,
        key=f"first-report-{int(time.time())}",
        report=json.dumps(REPORT, ensure_ascii=False),
        photo=os.path.relpath(photo),
    )
    return [
        f"  pushes sent   {home}/pushes.jsonl (by the stand-in of FCM)",
        "",
        f"Sample staff, password “{PASSWORD}” (they work on this machine only):",
        "  lighting@staff.kozani.example      the street lighting crew of Kozani",
        "  dispatcher@staff.kozani.example    sees all departments of Kozani",
        "",
        "Send a report from Kozani's square, as the sample resident:",
        "",
        command,
    ]
