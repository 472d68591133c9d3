"""What has changed from one version of an article to another, so that it can be read before it is published."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from service.news.content import Written

SAME, ADDED, REMOVED = "same", "added", "removed"
MARKS = {"  ": SAME, "+ ": ADDED, "- ": REMOVED}
TEXTS = ("title", "summary")
FLAT = ("main_language", "categories", "districts", "links", "pictures", "attachments", "expires_at")


def differences(before: Written, after: Written) -> list[dict[str, Any]]:
    """Each part that is not the same: {"where", "before", "after"}, of a body {"where", "lines": [{"change", "text"}]}.

    `where` is "title.el", "facts.place", "body.en", "categories" …; None stands for what is not there.
    """
    return [*in_texts(before, after), *in_facts(before, after), *in_bodies(before.body, after.body)]


def in_texts(before: Written, after: Written) -> Iterator[dict[str, Any]]:
    for name in TEXTS:
        yield from in_mapping(name, before.content[name], after.content[name])


def in_facts(before: Written, after: Written) -> Iterator[dict[str, Any]]:
    yield from in_mapping("facts", before.content["facts"], after.content["facts"])
    for name in FLAT:
        old, new = (one.content.get(name, []) for one in (before, after))
        if old != new:
            yield {"where": name, "before": old, "after": new}


def in_mapping(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield {"where": f"{name}.{key}", "before": before.get(key), "after": after.get(key)}


def in_bodies(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for language in sorted({*before, *after}):
        old, new = before.get(language, ""), after.get(language, "")
        if old != new:
            compared = difflib.ndiff(old.splitlines(), new.splitlines())
            lines = [{"change": MARKS[line[:2]], "text": line[2:]} for line in compared if line[:2] in MARKS]
            yield {"where": f"body.{language}", "lines": lines}
