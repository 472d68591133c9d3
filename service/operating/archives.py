"""What a backup looks like: a tar file that is written and read in one go, in constant memory.

head.json                              format, revision of the schema, tables with their columns and kinds
tables/reports/000001.jsonl.gz …       the rows of each table, in parts
files/kozani/0197…/large.jpg …         what the rows name
manifest.json                          rows and SHA-256 of each table and of the files; the last, so that a
                                       backup that was cut short has none
"""

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from service.operating.shapes import Counted, Row, Shape, Tally
from service.operating.snapshots import Refused

FORMAT = 1
FILES = "files"
UNREADABLE = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Head:
    """What must be known before the first row."""

    revision: str
    tables: list[Shape]
    made_at: str

    def as_json(self) -> bytes:
        tables = [{"name": each.name, "columns": each.columns, "key": each.key} for each in self.tables]
        content = {"format": FORMAT, "revision": self.revision, "made_at": self.made_at, "tables": tables}
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)


@dataclass(frozen=True)
class Manifest:
    """What a whole backup holds. `files` counts the files: their keys, sizes and digests, in their order.

    `gone` names the photos (UUID) that were deleted between the snapshot and the copying of their files; `lost` those
    whose rows are there and whose files are not.
    """

    head_sha256: str
    tables: list[Counted]
    files: Counted
    gone: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Writer:
    """A backup that is being written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.tar = tarfile.TarFile(fileobj=stream, mode="w")
        self.files = Tally(FILES)
        self.parts = 0

    def add(self, name: str, content: bytes) -> None:
        """Append one entry."""
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
        self.tar.addfile(info, io.BytesIO(content))
        forget_entries(self.tar)

    def add_rows(self, table: str, lines: bytes) -> None:
        self.parts += 1
        self.add(f"tables/{table}/{self.parts:06d}.jsonl.gz", gzip.compress(lines, compresslevel=3, mtime=0))

    def add_file(self, key: str, content: bytes) -> None:
        self.files.add([file_line(key, content)])
        self.add(f"{FILES}/{key}", content)

    def finish(self, manifest: Manifest) -> None:
        content = asdict(manifest)
        self.add("manifest.json", orjson.dumps({"sha256": sha256_of(content), "manifest": content}))
        self.tar.close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of(content: dict[str, Any]) -> str:
    """The digest of the content as JSON with sorted keys."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def file_line(key: str, content: bytes) -> Row:
    return [key, len(content), sha256(content)]


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, under its name only when it is whole. Raises Refused where one is."""
    if path.exists():
        raise Refused(f"{path} is there already.")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(path)
        finally:
            Path(stream.name).unlink(missing_ok=True)


def entries(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Each entry's name and a way to read it, which is good until the next. Raises Refused for a damaged file."""
    with not_damaged(path), tarfile.open(path, "r:") as tar:
        while (info := tar.next()) is not None:
            yield info.name, content_of(tar, info)
            forget_entries(tar)


def forget_entries(tar: tarfile.TarFile) -> None:
    """A tar remembers every entry that it has seen, and there may be millions."""
    tar.members.clear()  # type: ignore[attr-defined]


def content_of(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    return lambda: tar.extractfile(info).read()  # type: ignore[union-attr]


@contextmanager
def not_damaged(path: Path) -> Iterator[None]:
    """Whatever cannot be read is one refusal."""
    try:
        yield
    except UNREADABLE as error:
        raise Refused(f"{path} is not a whole backup ({type(error).__name__}: {error}).") from error


def read_head(path: Path) -> Head:
    """What the backup says of itself. Raises Refused."""
    with not_damaged(path):
        for name, content in entries(path):
            if name == "head.json":
                return head_of(content())
            break
    raise Refused(f"{path} is not a backup.")


def head_of(content: bytes) -> Head:
    read = orjson.loads(content)
    if read["format"] != FORMAT:
        raise Refused(f"The backup has format {read['format']}, this program reads {FORMAT}.")
    tables = [
        Shape(each["name"], tuple((name, kind) for name, kind in each["columns"]), tuple(each["key"]))
        for each in read["tables"]
    ]
    return Head(read["revision"], tables, read["made_at"])


def rows_in(path: Path, tables: list[Shape]) -> Iterator[tuple[Shape, list[Row]]]:
    """All rows of a backup, in parts. Raises Refused."""
    by_name = {each.name: each for each in tables}
    for name, content in entries(path):
        if name.startswith("tables/"):
            yield by_name[name.split("/")[1]], [orjson.loads(line) for line in gzip.decompress(content()).splitlines()]


def files_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every kept file of a backup under its key. Raises Refused."""
    for name, content in entries(path):
        if name.startswith(f"{FILES}/"):
            yield name.removeprefix(f"{FILES}/"), content()


def check(path: Path) -> tuple[Head, Manifest]:
    """Read a whole backup and compare every digest, before anything is changed by it. Raises Refused."""
    head = read_head(path)
    tallies = {each.name: Tally(each.name) for each in head.tables}
    files, head_sha256, manifest = Tally(FILES), "", None
    with not_damaged(path):
        for name, content in entries(path):
            kind, _, rest = name.partition("/")
            if kind == "head.json":
                head_sha256 = sha256(content())
            elif kind == "tables":
                lines = gzip.decompress(content())
                tallies[rest.split("/")[0]].add_lines(lines)
            elif kind == FILES:
                files.add([file_line(rest, content())])
            else:
                manifest = manifest_of(content())
    found = [each.counted() for each in (*tallies.values(), files)]
    if manifest is None or [*manifest.tables, manifest.files] != found or manifest.head_sha256 != head_sha256:
        raise Refused(f"{path} is not a whole backup: its contents are not those that its manifest names.")
    return head, manifest


def manifest_of(content: bytes) -> Manifest:
    """Raises ValueError for a manifest that is not as it was written."""
    read: dict[str, Any] = orjson.loads(content)
    inner = read["manifest"]
    if sha256_of(inner) != read["sha256"]:
        raise ValueError("manifest.json is damaged")
    tables = [Counted(**each) for each in inner["tables"]]
    return Manifest(inner["head_sha256"], tables, Counted(**inner["files"]), inner["gone"], inner["lost"])
