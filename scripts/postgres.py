"""Runs a command with a PostgreSQL of its own: `postgres.py -- COMMAND [ARGUMENT…]`.

The command finds the database's address in PLATEIA_TEST_POSTGRES_URL; its role may create databases and extensions.
Where that variable is already set, the database named there is used and nothing is started. The cluster lives in a
temporary folder, belongs to an unprivileged user, listens on loopback alone, and is gone when the command has ended,
however it ended. It does not wait for the disk (fsync=off): what is committed survives every kill of a program of
ours, and of a server process of PostgreSQL, but not a failure of the machine.

Exits with the command's own code. Where there can be no PostGIS the command runs without it, and the last lines say
so; with PLATEIA_REQUIRE_ALL=1 that is a failure.
"""

import contextlib
import os
import pwd
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import packages

VARIABLE = "PLATEIA_TEST_POSTGRES_URL"
ROLE = "plateia"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "fsync": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """A cluster to be: where its programs are, its folder, its port, and the password of its one role."""

    programs: Path
    folder: Path
    port: int
    password: str

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{ROLE}"


class StartError(Exception):
    """PostgreSQL did not start; the text says why."""


def main(command: list[str]) -> int:
    """Run the command with a database, or without where there can be none; return the exit code."""
    if os.environ.get(VARIABLE):
        return run(command)
    programs = find_programs()
    install_what_is_missing(programs)
    programs = find_programs()
    if programs is None or not has_postgis(programs):
        return run_without(command, why_not(programs))
    try:
        with running(programs) as url:
            return run(command, {VARIABLE: url})
    except StartError as problem:
        return run_without(command, f"PostgreSQL in {programs} did not start:\n{problem}")


# --- what is on the machine ---------------------------------------------------------------------------------------


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs: one with PostGIS before one without, then the newest."""
    folders = [folder for folder in places() if (folder / "initdb").exists() and (folder / "postgres").exists()]
    return max(folders, key=lambda folder: (has_postgis(folder), version(folder)), default=None)


def places() -> Iterator[Path]:
    """Yield where PostgreSQL's server programs may be."""
    if os.environ.get("PLATEIA_POSTGRES_PROGRAMS"):
        yield Path(os.environ["PLATEIA_POSTGRES_PROGRAMS"])
        return
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    yield from Path("/usr").glob("pgsql-*/bin")
    if shutil.which("pg_config"):
        yield Path(answer(["pg_config", "--bindir"]))
    initdb = shutil.which("initdb")
    if initdb:
        yield Path(initdb).resolve().parent


def version(programs: Path) -> int:
    """Return the major version of the programs in a folder."""
    number = re.search(r"\d+", answer([programs / "postgres", "--version"]))
    return int(number.group()) if number else 0


def has_postgis(programs: Path) -> bool:
    """Tell whether the PostgreSQL in this folder could create the extension."""
    shared = [Path(f"/usr/share/postgresql/{version(programs)}")]
    if (programs / "pg_config").exists():
        shared.append(Path(answer([programs / "pg_config", "--sharedir"])))
    return any((folder / "extension" / "postgis.control").exists() for folder in shared)


def answer(command: list[str | Path]) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def install_what_is_missing(programs: Path | None) -> None:
    """Install PostgreSQL, PostGIS, Redis and the programs of the comparisons where they are missing and we may.

    Where we may not, all but PostGIS are told of here; without PostGIS there is more to tell, see `why_not`.
    """
    missing = missing_packages(programs)
    if not missing:
        return
    if packages.may_install():
        if not packages.install(missing):
            print("apt-get could not install all of it; see above.", flush=True)
    elif programs and has_postgis(programs):
        told = "The comparisons with GDAL and SpatiaLite, and the limits in Redis, want more"
        print(f"{told}:\n\n    {packages.command(missing)}\n", flush=True)


def missing_packages(programs: Path | None) -> list[str]:
    missing = packages.for_comparison() + packages.for_limits()
    if programs is None or not has_postgis(programs):
        missing = packages.postgis(packages.version_of(programs)) + missing
    return missing


def why_not(programs: Path | None) -> str:
    """Return the reason that there is no PostGIS here, and the exact command that mends it."""
    lacking = "PostgreSQL" if programs is None else f"PostGIS for the PostgreSQL in {programs}"
    return (
        f"{lacking} is not installed. Type this, then try again:\n\n    {packages.command(missing_packages(programs))}"
    )


# --- the cluster --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(programs: Path) -> Iterator[str]:
    """Start a cluster and yield its URL; it is gone afterwards.

    A keeper in a process of its own makes and runs the cluster. It stops it when its standard input closes, which
    happens at our end even when we are killed.
    """
    cluster = plan(programs)
    keeper = subprocess.Popen(
        [sys.executable, __file__, "--keep", cluster.programs, cluster.folder, str(cluster.port)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_until_ready(cluster, keeper)
        print(f"PostgreSQL {version(programs)} with PostGIS runs on 127.0.0.1:{cluster.port} (fsync=off).", flush=True)
        yield cluster.url
    finally:
        assert keeper.stdin
        keeper.stdin.close()
        keeper.wait()
        shutil.rmtree(cluster.folder, ignore_errors=True)


def plan(programs: Path) -> Cluster:
    """Make the temporary folder of a cluster, with the password in it that its role shall have."""
    folder = Path(tempfile.mkdtemp(prefix="plateia-postgres-"))
    cluster = Cluster(programs, folder, free_port(), secrets.token_urlsafe(16))
    (folder / "password").write_text(cluster.password)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            os.chown(path, *identity())
    return cluster


def identity() -> tuple[int, int]:
    """Return user and group for the cluster when we are root, whom PostgreSQL refuses."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    raise StartError("There is no user named postgres or nobody to run it.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(cluster: Cluster, keeper: subprocess.Popen[bytes]) -> None:
    """Return when the role's own database is there; raise StartError when the server ended or takes too long."""
    create: list[str | Path] = [
        cluster.programs / "createdb",
        "--host=127.0.0.1",
        f"--port={cluster.port}",
        f"--username={ROLE}",
        ROLE,
    ]
    environment = os.environ | {"PGPASSWORD": cluster.password}
    until = time.monotonic() + 60
    while time.monotonic() < until and keeper.poll() is None:
        if subprocess.run(create, check=False, env=environment, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise StartError(cluster.log.read_text() if cluster.log.exists() else "It took more than a minute.")


def keep(cluster: Cluster) -> None:
    """Make the cluster and run it until standard input closes; then stop it and remove its folder.

    Exits with 1 when it could not be made or ended by itself; the log stays for the other side to read.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    with cluster.log.open("w") as log:
        if start(cluster, initdb(cluster), log).wait():
            sys.exit(1)
        server = start(cluster, postgres(cluster), log)
        while not is_closed(sys.stdin.fileno()):
            if server.poll() is not None:
                sys.exit(1)
    server.send_signal(signal.SIGQUIT)
    server.wait()
    shutil.rmtree(cluster.folder, ignore_errors=True)


def is_closed(stdin: int) -> bool:
    """Tell within half a second whether the other side has closed, without which nothing is ever sent."""
    return bool(select.select([stdin], [], [], 0.5)[0])


def start(cluster: Cluster, command: list[str | Path], log: IO[str]) -> subprocess.Popen[bytes]:
    """Start a program of the cluster as an unprivileged user, in a folder that this user can enter."""
    user, group = identity() if os.geteuid() == 0 else (None, None)
    return subprocess.Popen(
        command,
        cwd=cluster.folder,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def initdb(cluster: Cluster) -> list[str | Path]:
    program: list[str | Path] = [cluster.programs / "initdb", "--pgdata", cluster.data]
    role = [f"--username={ROLE}", f"--pwfile={cluster.folder / 'password'}", "--auth=scram-sha-256"]
    return [*program, *role, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]


def postgres(cluster: Cluster) -> list[str | Path]:
    settings = SETTINGS | {"port": str(cluster.port), "unix_socket_directories": str(cluster.folder)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [cluster.programs / "postgres", "-D", cluster.data, *options]


# --- the command --------------------------------------------------------------------------------------------------


def run(command: list[str], more: dict[str, str] | None = None) -> int:
    """Run the command to its end and return its exit code; what asks us to stop is passed on to it."""
    process = subprocess.Popen(command, env=os.environ | (more or {}))

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGHUP, pass_on)
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to the command as well
    code = process.wait()
    return code if code >= 0 else 128 - code


def run_without(command: list[str], reason: str) -> int:
    """Run the command on SQLite alone and say at the end what did not run."""
    print(f"{reason}\n\nWithout it the tests run on SQLite alone.\n", flush=True)
    code = run(command)
    print(f"\nTHE POSTGIS HALF DID NOT RUN. {reason}", flush=True)
    if os.environ.get("PLATEIA_REQUIRE_ALL") == "1":
        print("That is a failure, because PLATEIA_REQUIRE_ALL=1.", flush=True)
        return code or 1
    return code


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--keep", programs, folder, port]:
            keep(Cluster(Path(programs), Path(folder), int(port), password=""))
        case ["--", *command] if command:
            sys.exit(main(command))
        case _:
            sys.exit("postgres.py -- COMMAND [ARGUMENT…]")
