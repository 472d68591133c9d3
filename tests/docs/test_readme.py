"""The README's tour is typed into a shell, as a newcomer would, against `plateia run --samples`.

Each line of an answer that the README shows must come out of the command before it, whatever the ids and the moments
are; a line with "…" stands for what was left out. Nothing is replaced but the port, the token, and the moment that the
reader waits for the worker, by waiting until it is done.
"""

import re
import shutil
import subprocess

import pytest

from tests.docs.running import CHECKOUT, Running, environment

README = (CHECKOUT / "README.md").read_text("utf-8")
TOUR = README.split("\n## Ten minutes\n", 1)[1].split("\n## ", 1)[0]
PARTS = re.findall(r"^```(\w*)\n(.*?)^```$", TOUR, re.MULTILINE | re.DOTALL)
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
