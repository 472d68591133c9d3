"""A server and workers as processes of their own over one database and one folder, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests

from service.supervising import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
COMMANDS = {"server": "serve", "worker": "worker"}


class NotReady(AssertionError):
    """The server does not answer; the message says where its log is."""


@dataclass
class House:
    """The processes by name: "server", "worker", "worker-2" …; a name begins with what the process is."""

    home: Path
    database_url: str
    fcm_url: str
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    parts: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str, crash_at: str | None = None) -> None:
        """Start this process, to die at the named crash point if there is one; its log is added to `<name>.log`."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PLATEIA_", "COVERAGE_"))}
        environment |= self.environment() | ({"PLATEIA_CRASH_AT": crash_at} if crash_at else {})
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            self.parts[name] = subprocess.Popen(
                [sys.executable, "-m", "service.cli", COMMANDS[name.split("-", maxsplit=1)[0]]],
                cwd=CHECKOUT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def environment(self) -> dict[str, str]:
        return {
            "PLATEIA_HOME": str(self.home),
            "PLATEIA_DATABASE_URL": self.database_url,
            "PLATEIA_FCM_BASE_URL": self.fcm_url,
            "PLATEIA_PORT": str(self.port),
            "PLATEIA_LIMITS": "0",
            "PLATEIA_SECRET_KEY": os.environ.get("PLATEIA_SECRET_KEY", "the key of a house that is torn down soon"),
            "PLATEIA_LOG_LEVEL": "WARNING",
        } | self.settings

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def kill(self, name: str) -> int:
        """Kill the process as a power cut would; its id."""
        process = self.parts[name]
        process.kill()
        process.wait()
        return process.pid

    def wait_until_ready(self) -> None:
        """Return when the server answers. Raises NotReady."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        raise NotReady(f"the server does not answer; see {self.log('server')}")

    def stop(self) -> dict[str, int]:
        """Ask every process to finish; how each ended (0 when it did as it was asked)."""
        for process in self.parts.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        return {name: process.wait(PATIENCE) for name, process in self.parts.items()}

    def clear(self) -> None:
        """Leave nothing running, whatever happened."""
        for process in self.parts.values():
            if process.poll() is None:
                process.kill()
            process.wait()
