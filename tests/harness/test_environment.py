"""`scripts/environment.py`: an environment is whole and from the lock of today, or it is made so."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each makes a virtual environment or asks one

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose locks ask for nothing, with its environment made."""
    checkout = tmp_path_factory.mktemp("made") / "my checkout"
    (checkout / "requirements").mkdir(parents=True)
    (checkout / "scripts").mkdir()
    for name in ("environment.py", "python.sh"):
        shutil.copy(SCRIPTS / name, checkout / "scripts")
    for name in ("run.lock", "test.lock"):
        (checkout / "requirements" / name).write_text(f"# {name}\n")
    (checkout / "service").mkdir()
    (checkout / "service" / "cli.py").write_text("import sys\n\ndef main():\n    print('served', sys.argv[1:])\n")
    process = environment(checkout, "test")
    assert process.returncode == 0, process.stdout + process.stderr
    return checkout


@pytest.fixture
def made(finished: Path) -> Iterator[Path]:
    """The same, with its locks and its stamp put back afterwards."""
    files = [finished / "requirements" / name for name in ("run.lock", "test.lock")]
    before = {file: file.read_text() for file in [*files, stamp(finished)]}
    yield finished
    for file, text in before.items():
        file.write_text(text)


def environment(checkout: Path, purpose: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "environment.py"), purpose]
    given = {name: value for name, value in os.environ.items() if name != "PYTHON"} | variables
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)


def holds(checkout: Path, **variables: str) -> bool:
    """Tell whether the next call would find all in order."""
    command = [sys.executable, "-c", "import environment; print(environment.holds('test'))"]
    given = {name: value for name, value in os.environ.items() if name != "PYTHON"} | variables
    process = subprocess.run(command, cwd=checkout / "scripts", env=given, capture_output=True, text=True, check=True)
    return process.stdout == "True\n"


def stamp(checkout: Path) -> Path:
    return checkout / ".venv" / "plateia.json"


def test_a_second_call_does_nothing(made: Path) -> None:
    assert environment(made, "test").stdout == ""


def test_what_serves_the_tests_serves_the_service(made: Path) -> None:
    assert environment(made, "run").stdout == ""


def test_the_command_runs_from_anywhere_and_hands_on_its_arguments(made: Path, tmp_path: Path) -> None:
    plateia = made / ".venv" / "bin" / "plateia"
    finished = subprocess.run([plateia, "run", "a b"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert finished.stdout == "served ['run', 'a b']\n"


def test_a_lock_that_changed_is_installed_into_the_environment_that_is_there(made: Path) -> None:
    (made / ".venv" / "kept").touch()
    (made / "requirements" / "test.lock").write_text("# another\n")
    assert environment(made, "test").stdout == "Installing requirements/test.lock into .venv …\n"
    assert (made / ".venv" / "kept").exists()
    assert environment(made, "test").stdout == ""


def test_the_lock_of_the_service_alone_does_not_serve_the_tests(made: Path) -> None:
    (made / "requirements" / "run.lock").write_text("# another\n")
    environment(made, "run")
    assert "Installing requirements/test.lock" in environment(made, "test").stdout


def test_a_lock_that_cannot_be_installed_leaves_no_stamp(made: Path) -> None:
    lock = made / "requirements" / "test.lock"
    lock.write_text("nothing-of-this-name @ file:///nowhere --hash=sha256:" + "0" * 64 + "\n")
    finished = environment(made, "test")
    assert finished.returncode != 0
    assert "could not be installed" in finished.stderr
    assert not stamp(made).exists()
    lock.write_text("# test.lock\n")
    assert not holds(made)


def test_an_environment_that_was_cut_short_is_made_anew(made: Path) -> None:
    stamp(made).unlink()
    (made / ".venv" / "left").touch()
    assert "Making .venv" in environment(made, "test").stdout
    assert not (made / ".venv" / "left").exists()


def test_a_stamp_that_cannot_be_read_counts_as_none(made: Path) -> None:
    stamp(made).write_text('{"run": ')
    assert not holds(made)


def test_another_python_asked_for_by_name_is_not_passed_over(made: Path) -> None:
    assert holds(made, PYTHON=sys.executable)
    held = json.loads(stamp(made).read_text())
    stamp(made).write_text(json.dumps(held | {"python": "Python 3.11.0"}))
    assert not holds(made, PYTHON="python3")


def test_a_checkout_that_moved_gets_an_environment_of_its_own_place(made: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(made, moved, symlinks=True)
    assert "Making .venv" in environment(moved, "test").stdout
    finished = subprocess.run([moved / ".venv" / "bin" / "plateia"], capture_output=True, text=True, check=True)
    assert finished.stdout == "served []\n"


def test_a_python_without_venv_is_told_what_to_install(made: Path, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError('shipped apart')\n")
    (tmp_path / "apt-get").write_text("#!/bin/sh\n")
    (tmp_path / "apt-get").chmod(0o755)
    stamp(made).unlink()
    finished = environment(made, "test", PYTHONPATH=str(tmp_path), PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert finished.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install python{version}-venv" in finished.stderr


def test_a_machine_with_an_old_python_only_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    script = [shutil.which("sh") or "/bin/sh", str(SCRIPTS / "python.sh"), "anything.py"]
    finished = subprocess.run(script, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "Plateia needs Python 3.11 or later" in finished.stderr
