"""The guide for mobile developers is true: every example is sent to a running service, every error code explained."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
import requests

import service
from service.errors import Problem
from service.openapi.refusals import descendants
from tests.api.guide import GUIDE, PAGES, Differs, Reader, examples

DOCUMENT: dict[str, Any] = json.loads((GUIDE / "openapi.json").read_text("utf-8"))
CODES = GUIDE / "08-errors.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| ([0-9]{3}|–) \| (.+?) \| (.+?) \| (.+?) \|$", re.M)
OPERATOR = re.compile(r"^- `([a-z_]+)`", re.M)
LINK = re.compile(r"\]\(([^)#]+)")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The service as `make run` starts it: server, worker, samples and the stand-in of FCM."""
    home = tmp_path_factory.mktemp("running")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLATEIA_")}
    environment |= {"PLATEIA_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(GUIDE.parent)}
    with (home / "run.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "run", "--samples"], env=environment, stdout=log, stderr=log
        )
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}/ready", home / "run.log")
        yield Reader(f"http://127.0.0.1:{port}", home / "pushes.jsonl")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    limit = time.monotonic() + 90
    while time.monotonic() < limit and process.poll() is None:
        try:
            if requests.get(url, timeout=2).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.2)
    pytest.fail(f"the service does not start: {log.read_text('utf-8')[-2000:]}")


@pytest.mark.slow
def test_every_example_does_what_the_guide_says(running: Reader) -> None:
    for example in examples():  # in their order: each may need what an earlier one has brought
        try:
            running.follow(example)
        except (Differs, KeyError) as difference:
            pytest.fail(f"{example.page}:{example.line}: {difference!r}")


@pytest.mark.slow
def test_a_body_that_is_too_large_is_told_so_in_a_problem_document(running: Reader) -> None:
    body, kind = bytes(65 * 1024 * 1024), {"Content-Type": "application/json"}
    answer = requests.post(f"{running.url}/api/v1/kozani/devices", data=body, headers=kind, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_every_page_has_examples_that_are_tried() -> None:
    tried = {example.page for example in examples()}
    assert {page.name for page in PAGES} <= tried
    fences = sum(len(re.findall(r"^```http", page.read_text("utf-8"), re.M)) for page in PAGES)
    assert fences == sum(example.asked is not None for example in examples()), "a block of http is not read"


def all_problems() -> dict[str, type[Problem]]:
    """Every refusal that is defined anywhere in the service."""
    for module in walk_packages(service.__path__, "service."):
        if module.name != "service.wsgi":  # which makes an application of the environment
            import_module(module.name)
    return {problem.code: problem for problem in descendants(Problem)}


def test_every_error_code_is_explained_with_its_status_and_none_that_is_gone() -> None:
    text = CODES.read_text("utf-8")
    rows = {code: status for code, status, *_ in ROW.findall(text)}
    operators = set(OPERATOR.findall(text))
    problems = all_problems()
    assert set(rows) | operators == set(problems), set(rows) ^ operators ^ set(problems)
    assert not set(rows) & operators
    for code, status in rows.items():
        assert status == str(problems[code].status), code


def test_codes_that_a_phone_can_meet_are_in_the_table() -> None:
    met: set[str] = set()
    for response in DOCUMENT["components"]["responses"].values():
        schema: dict[str, Any] = response["content"]["application/problem+json"]["schema"]
        met |= set(schema["allOf"][1]["properties"]["code"]["enum"])
    assert met <= {code for code, *_ in ROW.findall(CODES.read_text("utf-8"))}


def test_every_operation_has_its_place_in_the_guide() -> None:
    text = (GUIDE / "README.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([a-zA-Z]+)` \|", text, re.M))
    known = {
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert named == known, named ^ known
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                short = path.removeprefix("/api/v1").replace("/{municipality}", "/…")
                assert f"| `{operation['operationId']}` | `{method.upper()} {short}` |" in text, path


def test_every_link_of_the_guide_leads_somewhere() -> None:
    for page in [GUIDE / "README.md", *PAGES]:
        for target in LINK.findall(page.read_text("utf-8")):
            assert "://" in target or (GUIDE / target).exists(), f"{page.name}: {target}"
    contents = (GUIDE / "README.md").read_text("utf-8")
    assert all(f"({page.name})" in contents for page in PAGES)
