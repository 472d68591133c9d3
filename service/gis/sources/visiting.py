"""One visit to a layer's source: one question after the other, within bounds for each answer and for all together."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from service.errors import Problem
from service.fetching.fetching import Answer, Bounds, Credentials, Fetcher
from service.text import N_

LARGEST_ANSWER = 32 * 1024 * 1024
LARGEST_VISIT = 200 * 1024 * 1024
LONGEST_ANSWER = 120.0
LONGEST_VISIT = 900.0
MOST_ANSWERS = 1000
MOST_FEATURES = 200_000
LONGEST_QUOTE = 300


class SourceBroken(Problem):
    """What the source answers cannot be all of its features.

    `reason`: `not_json`, `not_xml`, `no_features_answer`, `error_answer` (`said`), `no_geojson`, `truncated`
    (`expected`, `got`), `repeated`, `changed_meanwhile`, `crs_differs`, `too_many_answers`, `too_many_features`,
    `too_slow`, `too_large`.
    """

    status, code, message = 502, "source_broken", N_("The source of the layer does not answer as it should.")


class SourceEmpty(Problem):
    """The source has no features; the layer keeps what it has."""

    status, code, message = 502, "source_empty", N_("The source of the layer is empty. The layer stays as it is.")


@dataclass(frozen=True)
class Place:
    """What to ask: `wanted` as the layer's source has it, `key` the attribute that holds the keys, where one is named.

    `etag`, `last_modified` and `digest` are those of the content that was read last.
    """

    url: str
    wanted: Mapping[str, Any]
    key: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


@dataclass
class Visit:
    """Asks with the source's credentials, keeps each answer in the folder, and tells `after_answer` of each."""

    fetcher: Fetcher
    folder: Path
    credentials: Credentials | None = None
    after_answer: Callable[[int], None] | None = None
    answers: int = 0
    bytes: int = 0
    ends_at: float = field(default_factory=lambda: time.monotonic() + LONGEST_VISIT)

    def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        most: int = LARGEST_ANSWER,
    ) -> tuple[Answer, Path]:
        """The answer and the file that it is in. Raises AddressRefused, FetchFailed, SourceBroken."""
        bounds = self.bounds(most)
        path = self.folder / f"answer-{self.answers}"
        with path.open("wb") as file:
            answer = self.fetcher.fetch(url, file, bounds, headers, self.credentials, form)
        self.answers += 1
        self.bytes += path.stat().st_size
        if self.after_answer is not None:
            self.after_answer(self.answers)
        return answer, path

    def bounds(self, most: int) -> Bounds:
        """What the next answer may take. Raises SourceBroken."""
        seconds = min(LONGEST_ANSWER, self.ends_at - time.monotonic())
        if self.answers >= MOST_ANSWERS:
            raise SourceBroken(reason="too_many_answers", most=MOST_ANSWERS)
        if seconds <= 0:
            raise SourceBroken(reason="too_slow")
        if self.bytes >= LARGEST_VISIT:
            raise SourceBroken(reason="too_large", most=LARGEST_VISIT)
        return Bounds(bytes=min(most, LARGEST_VISIT - self.bytes), seconds=seconds)

    def json(
        self, url: str, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], Answer, Path]:
        """The object of JSON that is answered, the answer, its file. Raises what `get` raises."""
        answer, path = self.get(url, headers, form)
        return object_in(path), answer, path


def object_in(path: Path) -> dict[str, Any]:
    """The object of JSON that the file holds, with or without a byte order mark. Raises SourceBroken."""
    try:
        found = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise SourceBroken(reason="not_json")
    return found


def with_query(url: str, **values: Any) -> str:
    """The URL with these parameters in place of its own of the same name, whatever the case; None takes one out."""
    parts = urlsplit(url)
    names = {name.lower() for name in values}
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name.lower() not in names]
    query = kept + [(name, str(value)) for name, value in values.items() if value is not None]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def quoted(text: Any) -> str:
    """What the source says of a fault, short and in one line."""
    return " ".join(str(text).replace("\0", "").split())[:LONGEST_QUOTE]
