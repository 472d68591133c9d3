"""Makes `.venv` from one of the hashed locks: `environment.py run` or `environment.py test`.

It runs before anything is installed, so it needs the standard library alone. The lock of the tests holds every
package of the lock of the service in the same version, so both share one environment.

A stamp in the environment says which locks it holds. The stamp is taken away before anything changes and written
when everything is there: an environment without a stamp was cut short and is made anew.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
STAMP = ENVIRONMENT / "plateia.json"
HELD = {"run": ("run",), "test": ("run", "test")}
"""Which locks are satisfied once the lock of this name is installed."""

LAUNCHER = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from service.cli import main

sys.exit(main())
"""


def main(purpose: str) -> None:
    """Return when the environment holds the lock of `purpose`, `run` or `test`."""
    with (CHECKOUT / ".venv.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not holds(purpose):
            prepare(purpose)


def holds(purpose: str) -> bool:
    """Tell whether the environment is whole, of this checkout, and made from the lock as it is now."""
    stamp = read_stamp()
    return stamp.get(purpose) == digest(purpose) and is_usable(stamp)


def prepare(purpose: str) -> None:
    """Install the lock; into the environment that is there if it is a good one, else into a new one."""
    stamp = read_stamp()
    STAMP.unlink(missing_ok=True)
    if not is_usable(stamp):
        make_empty()
    print(f"Installing requirements/{purpose}.lock into {ENVIRONMENT.name} …", flush=True)
    install(purpose)
    add_the_project()
    write_stamp(purpose)


def read_stamp() -> dict[str, str]:
    """Return what the stamp says; nothing where there is none or it cannot be read."""
    with suppress(OSError, ValueError):
        stamp = json.loads(STAMP.read_text())
        if isinstance(stamp, dict):
            return stamp
    return {}


def write_stamp(purpose: str) -> None:
    """Write down what the environment now holds, in one step."""
    stamp = {name: digest(name) for name in HELD[purpose]}
    stamp |= {"checkout": str(CHECKOUT), "python": python_version(own_python())}
    unfinished = STAMP.with_suffix(".new")
    unfinished.write_text(json.dumps(stamp, indent=2))
    unfinished.replace(STAMP)


def digest(purpose: str) -> str:
    """Return the SHA-256 of a lock."""
    return hashlib.sha256((CHECKOUT / "requirements" / f"{purpose}.lock").read_bytes()).hexdigest()


def is_usable(stamp: dict[str, str]) -> bool:
    """Tell whether the environment was finished, was not moved, and its Python still runs and is the one wanted."""
    python = python_version(own_python())
    wanted = f"Python {sys.version.split()[0]}" if os.environ.get("PYTHON") else python
    return stamp.get("checkout") == str(CHECKOUT) and stamp.get("python") == python == wanted


def own_python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def python_version(python: Path) -> str:
    """Return the version that `python` reports, empty where it does not run."""
    try:
        answer = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def make_empty() -> None:
    """Make the environment anew, with nothing but pip in it."""
    try:
        import ensurepip  # noqa: F401  Debian and Ubuntu ship it apart from Python
        import venv
    except ImportError:
        sys.exit(how_to_get_venv())
    remove()
    print(f"Making {ENVIRONMENT.name} with Python {sys.version.split()[0]} …", flush=True)
    venv.create(ENVIRONMENT, with_pip=True, symlinks=True)


def remove() -> None:
    """Remove the environment; one that is half removed never has its name."""
    leftover = ENVIRONMENT.with_name(".venv.old")
    shutil.rmtree(leftover, ignore_errors=True)
    if ENVIRONMENT.exists():
        ENVIRONMENT.rename(leftover)
        shutil.rmtree(leftover)


def how_to_get_venv() -> str:
    """Return what to tell a person whose Python cannot make a virtual environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    told = f"{sys.executable} (Python {version}) cannot make a virtual environment: it lacks venv or ensurepip.\n"
    if not shutil.which("apt-get"):
        return told + "Install them from where this Python came, or name another: make PYTHON=/path/to/python3 …"
    command = f"apt-get update && {sudo()}apt-get install python{version}-venv"
    return told + f"Type this, then try again:\n\n    {sudo()}{command}\n"


def sudo() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def install(purpose: str) -> None:
    """Install exactly the packages of the lock, each checked against its hash.

    Exits with pip's own code where it fails; the next call then starts anew.
    """
    pip: list[str | Path] = [own_python(), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    lock = CHECKOUT / "requirements" / f"{purpose}.lock"
    finished = subprocess.run([*pip, "--require-hashes", "--no-deps", "--requirement", lock], check=False)
    if finished.returncode:
        sys.exit(f"The packages could not be installed; pip says above why (exit code {finished.returncode}).")


def add_the_project() -> None:
    """Make the checkout importable and put the `plateia` command beside the environment's Python, without a build."""
    packages = next((ENVIRONMENT / "lib").glob("python3*/site-packages"))
    (packages / "plateia.pth").write_text(f"{CHECKOUT}\n")
    launcher = ENVIRONMENT / "bin" / "plateia"
    launcher.write_text(LAUNCHER.format(python=own_python()))
    launcher.chmod(0o755)


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        sys.exit("environment.py run|test")
    main(sys.argv[1])
