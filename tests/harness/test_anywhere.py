"""Nothing in the repository depends on, or tells of, the machine where it was written."""

import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

REGISTRY = re.compile(
    r"\b(pypi|pythonhosted|npmjs|yarnpkg|crates|rubygems)\.(org|com|io)\b|\b(deb|security)\.debian\.org\b"
)
SOURCE_OPTION = re.compile(r"--(extra-)?index-url[ =]|--find-links[ =]|--trusted-host[ =]")
MACHINE_PATH = re.compile(r"(?<![\w./}>])/(root|work|opt/pypi|home/\w+|Users/\w+)/")


def tracked() -> list[Path]:
    """Return the files of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return [CHECKOUT / name for name in listed.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def found(pattern: re.Pattern[str], path: Path) -> list[str]:
    """Return the lines of a text file in which the pattern occurs; none where it is no text."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    lines = text.splitlines() if pattern.search(text) else []
    return [f"{path.relative_to(CHECKOUT)}: {line[:200]}" for line in lines if pattern.search(line)]


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["a registry's host", "a path of a machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    assert [line for path in tracked() for line in found(pattern, path)] == []


@pytest.mark.parametrize("name", ["run.lock", "test.lock"])
def test_a_lock_says_nothing_of_where_packages_come_from(name: str) -> None:
    lock = (CHECKOUT / "requirements" / name).read_text()
    assert "://" not in lock
    assert not SOURCE_OPTION.search(lock)


@pytest.mark.parametrize("name", ["run.lock", "test.lock"])
def test_every_package_of_a_lock_is_pinned_and_hashed(name: str) -> None:
    lock = (CHECKOUT / "requirements" / name).read_text().replace("\\\n", "")
    packages = [line for line in lock.splitlines() if line and not line.startswith("#")]
    assert packages
    assert [line[:80] for line in packages if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_tests_hold_the_service_in_the_same_versions() -> None:
    assert versions("run.lock").items() <= versions("test.lock").items()


def versions(name: str) -> dict[str, str]:
    """Return the pinned version, with its marker, of each package of a lock."""
    lines = re.findall(r"^(\S+)==([^\\\n]+)", (CHECKOUT / "requirements" / name).read_text(), re.MULTILINE)
    return {f"{package} {version.partition(';')[2]}": version.partition(";")[0].strip() for package, version in lines}
