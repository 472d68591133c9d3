"""A Redis of its own for a test, on loopback, that keeps nothing on the disk."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PROGRAMS = ("redis-server", "valkey-server", "redis-check-rdb")
"""The last is the same program in Debian's redis-tools, and a server when it is called like one."""


def server_program() -> str | None:
    """The path of a Redis server on this machine."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@dataclass
class RedisServer:
    """A server that can be stopped and started again at the same address."""

    program: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it takes connections."""
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            ["redis-server", *options], executable=self.program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        limit = time.monotonic() + 20
        while not is_listening(self.port):
            assert self.process.poll() is None and time.monotonic() < limit, "the Redis server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill it; what it has counted is gone."""
        if self.process:
            self.process.kill()
            self.process.wait()


@contextmanager
def redis_server(program: str) -> Iterator[RedisServer]:
    """A server that runs, gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = RedisServer(program, probe.getsockname()[1])
    server.start()
    try:
        yield server
    finally:
        server.stop()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
