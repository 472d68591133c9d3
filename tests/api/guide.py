"""The examples of the mobile guide: read from its pages, sent to a running service, compared with what they say.

A block that begins with ```http is a request, an empty line, its body; then `HTTP` and a status, headers, an empty
line and what the JSON of the answer has. `{{name}}` stands for a value: in an answer it is remembered where it was not
known before, otherwise it must be the same. `…` fits anything; an answer may have more members than the example, and
a list that ends with `…` may be longer. ```http again asks until the answer fits, for a quarter of a minute.

A block of ```json push is what reached the phone last; its members, as of answers.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

GUIDE = Path(__file__).parent.parent.parent / "mobile_api_docs"
FILES = Path(__file__).parent.parent.parent / "service" / "samples" / "files"
PAGES = sorted(GUIDE.glob("[0-9][0-9]-*.md"))
BLOCK = re.compile(r"^```(http|http again|json push)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"{{([a-z_]+)}}")
PATIENCE = 15.0


@dataclass(frozen=True)
class Example:
    """One block of a page: `asked` is the request, None where it is about a push."""

    page: str
    line: int
    again: bool
    asked: str | None
    expected: str


def examples() -> Iterator[Example]:
    """All of them, in the order in which a reader meets them."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            kind, content = found.groups()
            if kind == "json push":
                yield Example(page.name, line, True, None, content)
                continue
            asked, separator, expected = content.partition("\nHTTP ")
            assert separator, f"{page.name}:{line} says no status"
            yield Example(page.name, line, kind == "http again", asked.strip(), expected.strip())


AT_ONCE = 3
"""So many pushes may have gone out since the one that is looked for."""


class Differs(AssertionError):
    """The service does something else than the guide says."""


@dataclass
class Reader:
    """Somebody who types in every example of the guide, from the first to the last."""

    url: str
    pushes: Path
    known: dict[str, str] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)

    def follow(self, example: Example) -> None:
        """Try the example. Raises Differs, KeyError where it names a value that nothing has brought."""
        limit = time.monotonic() + (PATIENCE if example.again else 0)
        while True:
            before = dict(self.known)
            try:
                return self.compare_push(example) if example.asked is None else self.send(example)
            except Differs:
                self.known = before
                if time.monotonic() > limit:
                    raise
                time.sleep(0.2)

    def send(self, example: Example) -> None:
        head, _, body = self.filled(str(example.asked)).partition("\n\n")
        first, *lines = head.splitlines()
        method, path = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        parts: dict[str, Any] = {"data": body.encode()}
        if headers.get("Content-Type") == "multipart/form-data":
            del headers["Content-Type"]
            parts = {"files": [part_of(line) for line in body.splitlines()]}
        answer = requests.request(method, self.url + path, headers=headers, timeout=30, **parts)
        self.compare(example.expected, answer)

    def filled(self, text: str) -> str:
        return NAME.sub(lambda found: self.known[found[1]], text)

    def compare(self, expected: str, answer: requests.Response) -> None:
        head, _, body = expected.partition("\n\n")
        status, *lines = head.splitlines()
        if answer.status_code != int(status):
            raise Differs(f"{answer.status_code} {answer.text[:600]}")
        for line in lines:
            name, value = line.split(": ", 1)
            self.same(value, answer.headers.get(name), name)
        if body:
            self.same(json.loads(body), answer.json(), "the answer")
        elif answer.status_code in (204, 304) and answer.content:
            raise Differs(f"a body with {answer.status_code}")

    def compare_push(self, example: Example) -> None:
        """With the newest ones: several may go out at the same time, in any order. Each is shown once in the guide."""
        lines = self.pushes.read_text("utf-8").splitlines() if self.pushes.exists() else []
        newest = [number for number in range(len(lines)) if number not in self.shown][: -AT_ONCE - 1 : -1]
        before, expected = dict(self.known), json.loads(example.expected)
        differs = Differs("there is no push")
        for number in newest:
            try:
                self.same(expected, json.loads(lines[number]), "the push")
                self.shown.add(number)
                return
            except Differs as difference:
                differs, self.known = difference, dict(before)
        raise differs

    def same(self, expected: Any, found: Any, where: str) -> None:
        """Raises Differs where something else was found."""
        if expected == "…":
            return
        if isinstance(expected, str) and isinstance(found, str) and NAME.search(expected):
            self.remember(expected, found, where)
        elif isinstance(expected, dict) and isinstance(found, dict):
            for name, value in expected.items():
                if name not in found:
                    raise Differs(f"{where} has no {name}")
                self.same(value, found[name], f"{where}.{name}")
        elif isinstance(expected, list) and isinstance(found, list):
            self.same_list(expected, found, where)
        elif expected != found or type(expected) is not type(found):
            raise Differs(f"{where} is {found!r}, not {expected!r}")

    def same_list(self, expected: list[Any], found: list[Any], where: str) -> None:
        more = expected[-1:] == ["…"]
        wanted = expected[:-1] if more else expected
        if len(found) < len(wanted) or (len(found) > len(wanted) and not more):
            raise Differs(f"{where} has {len(found)} members, not {len(wanted)}")
        for position, value in enumerate(wanted):
            self.same(value, found[position], f"{where}[{position}]")

    def remember(self, expected: str, found: str, where: str) -> None:
        parts = NAME.split(expected)
        pattern = "".join(self.pattern_of(part) if odd else re.escape(part) for part, odd in odd_ones(parts))
        match = re.fullmatch(pattern, found, re.S)
        if not match:
            raise Differs(f"{where} is {found!r}, not {self.known_in(expected)!r}")
        self.known |= match.groupdict()

    def pattern_of(self, name: str) -> str:
        return re.escape(self.known[name]) if name in self.known else f"(?P<{name}>.+)"

    def known_in(self, text: str) -> str:
        return NAME.sub(lambda found: self.known.get(found[1], found[0]), text)


def odd_ones(parts: list[str]) -> Iterator[tuple[str, bool]]:
    """Each part, and whether it is the name of a value."""
    yield from ((part, position % 2 == 1) for position, part in enumerate(parts))


def part_of(line: str) -> tuple[str, Any]:
    """A part of a multipart body: `name=value`, or `name=@file` of the samples."""
    name, _, value = line.partition("=")
    if value.startswith("@"):
        return name, (value[1:], (FILES / value[1:]).read_bytes(), "image/jpeg")
    return name, (None, value)
