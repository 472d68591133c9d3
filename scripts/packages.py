"""The system packages that the tests want, and how they are had on Debian and Ubuntu."""

import os
import re
import shutil
import subprocess
from pathlib import Path

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}

SERVERS = ("redis-server", "valkey-server", "redis-check-rdb")
"""Names of a program that is a Redis server when it is called `redis-server`."""

NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/plateia.conf")
"""While it is there, the package of PostgreSQL makes no cluster of its own."""

INSTALL = f"""
set -e
apt-get -qq update
mkdir -p {NO_CLUSTER.parent}
trap 'rm -f {NO_CLUSTER}' EXIT
echo 'create_main_cluster = false' > {NO_CLUSTER}
apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@" > /dev/null
"""


def postgis(version: str | None) -> list[str]:
    """Return the packages of PostgreSQL with PostGIS: for the version that is there, or for the archive's own."""
    if version:
        return [f"postgresql-{version}", f"postgresql-{version}-postgis-3"]
    return ["postgresql", "postgresql-postgis"]


def for_comparison() -> list[str]:
    """Return the packages still missing whose programs our spatial functions and files are compared with."""
    missing = [] if shutil.which("ogrinfo") else ["gdal-bin"]
    if not shutil.which("spatialite"):
        missing.append("spatialite-bin")
    if not any(Path("/usr/lib").glob("*/mod_spatialite.so")):
        missing.append("libsqlite3-mod-spatialite")
    return missing


def for_limits() -> list[str]:
    """Return the package still missing that holds a Redis server, by whatever name.

    Debian's redis-tools holds the same program as its redis-server, and starts no service.
    """
    return [] if any(map(shutil.which, SERVERS)) else ["redis-tools"]


def may_install() -> bool:
    """Tell whether packages can be installed from here without asking anybody for a password."""
    return bool(shutil.which("apt-get")) and (os.geteuid() == 0 or has_free_sudo())


def has_free_sudo() -> bool:
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0


def install(packages: list[str]) -> bool:
    """Install Debian packages, saying so first; True where all went well."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print(f"Installing with apt-get what the tests want: {' '.join(packages)} …", flush=True)
    settings = [f"{name}={value}" for name, value in QUIET.items()]
    script = ["env", *settings, "sh", "-c", INSTALL, "sh", "--yes", *packages]
    return subprocess.run([*root, *script], check=False, stdin=subprocess.DEVNULL).returncode == 0


def command(packages: list[str]) -> str:
    """Return what a person types to have the packages; on other systems than Debian's, the nearest thing."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    if shutil.which("apt-get"):
        return f"{sudo}apt-get update && {sudo}apt-get install {' '.join(packages)}"
    if shutil.which("dnf"):
        return f"{sudo}dnf install postgresql-server postgresql-contrib postgis gdal libspatialite valkey"
    if shutil.which("brew"):
        return "brew install postgis gdal libspatialite redis"
    return f"(install PostgreSQL with PostGIS; on Debian: {' '.join(packages)})"


def version_of(programs: Path | None) -> str | None:
    """Return the major version in the path of Debian's PostgreSQL programs, `/usr/lib/postgresql/15/bin`."""
    found = re.fullmatch(r"/usr/lib/postgresql/(\d+)/bin", str(programs))
    return found.group(1) if found else None
