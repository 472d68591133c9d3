"""The README's tour is typed into a shell, as a newcomer would, against `plateia run --samples`.

Each line of an answer that the README shows must come out of the command before it, whatever the ids and the moments
are; a line with "…" stands for what was left out. Nothing is replaced but the port, the token, and the moment that the
reader waits for the worker, by waiting until it is done.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text("utf-8")
TOUR = README.split("\n## Ten minutes\n", 1)[1].split("\n## ", 1)[0]
PARTS = re.findall(r"^```(\w*)\n(.*?)^```$", TOUR, re.MULTILINE | re.DOTALL)
PATIENCE = 60  # seconds, for a start with the migrations and four municipalities
A_MOMENT = "sleep 3\n"
UNTIL_ALL_IS_PUSHED = "until [ $(wc -l < var/pushes.jsonl) -ge 4 ]; do sleep 0.1; done\n"
MARK = "--- the next command of the README ---"

VARIABLE = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<moment>"),
    (re.compile(r"KOZ-\d{4}-"), "KOZ-<year>-"),
    (re.compile(r'"(ttl|apns-expiration)": "\d+s?"'), r'"\1": "<time>"'),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("python3")), reason="no curl or python3 here"),
]


@dataclass
class Running:
    """A running service: what it printed, in which folder it was started, and its port."""

    printed: str
    folder: Path
    port: int


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`plateia run --samples` on a free port, in a folder that looks like a checkout and has a `var` of its own."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "service").symlink_to(CHECKOUT / "service")
    command = folder / ".venv" / "bin" / "plateia"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service.cli "$@"\n')
    command.chmod(0o755)
    port, printed = free_port(), folder / "printed"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [command, "run", "--samples"], cwd=folder, env=environment(PORT=str(port)), stdout=output, stderr=output
        )
    try:
        wait_for_greeting(process, printed)
        yield Running(printed.read_text(), folder, port)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Plateia has stopped." in printed.read_text()


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of the tests; Python finds `service` in the checkout and not by the folder's link."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLATEIA_")}
    return kept | {"PYTHONPATH": str(CHECKOUT), "PYTHONSAFEPATH": "1"} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_greeting(process: subprocess.Popen[bytes], printed: Path) -> None:
    """Return when all that a newcomer reads has been printed."""
    limit = time.monotonic() + PATIENCE
    while "Ctrl-C stops it." not in printed.read_text():
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < limit, printed.read_text()
        time.sleep(0.1)


def printed_command(printed: str) -> str:
    """The command that sends a report."""
    return printed[printed.index("curl ") : printed.index("Ctrl-C")].rstrip()


def typed(running: Running) -> str:
    """All that is typed: the printed command, then the commands of the README, with a mark before each block."""
    command = printed_command(running.printed)
    (token,) = re.findall(r"Bearer ([\w-]+)", command)
    blocks = [text for kind, text in PARTS if kind == "sh"]
    tour = f"echo '{MARK}'\n".join(["set -eu\n", f"{command} > report.json\n", *blocks])
    for written, meant in (
        ("PASTE-THE-TOKEN", token),
        ("http://127.0.0.1:8000", f"http://127.0.0.1:{running.port}"),
        (A_MOMENT, UNTIL_ALL_IS_PUSHED),
    ):
        assert written in tour
        tour = tour.replace(written, meant)
    return tour


@pytest.fixture(scope="module")
def answers(running: Running) -> list[str]:
    """What each block of commands of the README printed."""
    finished = subprocess.run(
        ["sh", "-c", typed(running)], cwd=running.folder, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stderr == ""
    return finished.stdout.split(f"{MARK}\n")[2:]


def shown() -> list[tuple[int, str]]:
    """(number of the block of commands, answer that the README shows after it)."""
    pairs, block = [], -1
    for kind, text in PARTS:
        if kind == "sh":
            block += 1
        else:
            pairs.append((block, text))
    return pairs


def alike(text: str) -> list[str]:
    """The lines of an answer without what differs from run to run."""
    for pattern, name in VARIABLE:
        text = pattern.sub(name, text)
    return [line.strip().rstrip(",") for line in text.splitlines() if line.strip()]


def test_the_tour_has_commands_and_answers() -> None:
    assert sum(kind == "sh" for kind, _ in PARTS) >= 6
    assert len(shown()) >= 6


@pytest.mark.parametrize(("block", "answer"), shown(), ids=[f"answer {n}" for n, _ in enumerate(shown(), start=1)])
def test_the_answer_that_is_shown_is_the_answer_that_comes(answers: list[str], block: int, answer: str) -> None:
    real = iter(alike(answers[block]))
    missing = [line for line in alike(answer) if "…" not in line and line not in real]
    assert missing == [], answers[block]


def test_every_step_was_pushed_and_recorded(answers: list[str]) -> None:
    sent = [line.split("\t") for line in answers[-1].splitlines() if "\tpush\t" in line]
    assert [(version, state) for _, _, version, _, state, *_ in sent] == [(n, "sent") for n in ("4", "3", "2", "1")]


def test_the_printed_command_is_the_one_of_the_tour(running: Running) -> None:
    command = printed_command(running.printed)
    assert "reports/with-photos" in command
    assert "service/samples/files/dark-lamp-post.jpg" in command
