"""The commands of the pages for who keeps the map and the rules do what the pages say, typed one after the other."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.running import CHECKOUT, Running, environment

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASTED = "PASTE-THE-ID"
REFUSED = "urn:plateia:problem:"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl or bash here"),
]


def blocks(page: str) -> list[str]:
    return BLOCK.findall((CHECKOUT / "docs" / page).read_text("utf-8"))


def typed(running: Running, commands: list[str]) -> str:
    """All that is printed by these commands; none of them fails."""
    text = "\n".join(commands).replace("http://127.0.0.1:8000", f"http://127.0.0.1:{running.port}")
    assert PASTED not in text
    finished = subprocess.run(
        ["bash", "-euc", text], cwd=running.folder, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


def a_file_of_benches(folder: Path) -> None:
    (folder / "benches.csv").write_text("KOD,X,Y\n1,312500,4463300\n2,312600,4463300\n")


def test_layers_are_made_described_drafted_and_uploaded_as_the_page_says(running: Running) -> None:
    a_file_of_benches(running.folder)
    begin, keep, upload, *_ = blocks("map.md")
    of_benches = [line for line in upload.splitlines() if "@benches.csv" in line]
    assert len(of_benches) == 1
    printed = typed(running, [begin, keep, *of_benches])
    assert REFUSED not in printed, printed
    assert '"key_attribute":"bin"' in printed
    (uid,) = re.findall(r'"id":"([0-9a-f-]{36})","name":"benches.csv"', printed)
    wait = f"until layers /benches/uploads/{uid} | tee said | grep -qE 'drafted|refused|failed'; do sleep 0.2; done"
    read = typed(running, [begin, wait, "cat said"])
    assert '"state":"drafted","step":null' in read and '"taken":2' in read, read
    (compare,) = (line for block in blocks("map.md") for line in block.splitlines() if "/changes" in line)
    compare = compare.replace("/bins/", "/benches/").replace("versions/2", "versions/1")
    assert '"added":2' in typed(running, [begin, compare])


def test_the_rules_are_listed_changed_and_tried_as_the_page_says(running: Running) -> None:
    begin, change, attempt, *_ = blocks("routing.md")
    printed = typed(running, [begin, change, attempt])
    assert REFUSED not in printed, printed
    kinds = re.findall(r'"number":\d,"kind":"(\w+)"', printed)
    assert kinds == ["deleted", "disabled", "moved", "replaced", "added", "set"]
