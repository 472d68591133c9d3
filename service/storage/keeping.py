"""Keep, read and delete files under a key, in a folder or in an S3-compatible store.

A kept file is whole or not there: a folder gets it by rename, after it reached the disk; a store by one PUT.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from service.config import SettingsRefused, is_loopback
from service.errors import Problem
from service.text import N_

if TYPE_CHECKING:
    from obstore.store import S3Config

KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
PARTIAL = re.compile(r".*#\d+")
PIECE = 8 * 1024 * 1024
S3_OPTIONS = {"endpoint", "region"}

used_in: set[int] = set()
"""The process that has used a store. The threads of obstore do not survive a fork: a child would wait for ever."""


class FileNotKept(Problem):
    """No file is kept under this key."""

    status, code, message = 404, "file_not_found", N_("This file cannot be found.")


class KeyRefused(Problem):
    """The key could lead out of the store, or two spellings of it could name one file."""

    status, code, message = 400, "file_key_refused", N_("A file cannot have this name.")


class StoreUnavailable(Problem):
    """The folder or the store does not answer, refuses us or is full; trying again later may help."""

    status, code, message = 503, "storage_unavailable", N_("Files cannot be reached just now. Please try again later.")


class Store:
    """Files under keys such as `kozani/0197…/large.jpg`. Made by `open_store`; safe to share between threads.

    Every method raises KeyRefused for a key that is not plain letters, digits, `.`, `_`, `-` between single slashes,
    and StoreUnavailable when the folder or the store does not answer.
    """

    def __init__(self, files: LocalStore | S3Store, folder: Path | None = None) -> None:
        self.files = files
        self.folder = folder

    def keep(self, key: str, content: bytes) -> None:
        """Keep this content under this key, in place of any earlier one. When it returns, a crash loses nothing."""
        with answering(key):
            obstore.put(self.files, key, content, use_multipart=False)
            if self.folder:
                reach_the_disk(self.folder, key)

    def keep_stream(self, key: str, content: IO[bytes]) -> None:
        """The same for a file that is too large for the memory, read piece by piece from where it stands."""
        with answering(key):
            obstore.put(
                self.files,
                key,
                iter(lambda: content.read(PIECE), b""),
                use_multipart=True,
                chunk_size=PIECE,
                max_concurrency=2,
            )
            if self.folder:
                reach_the_disk(self.folder, key)

    def read_to(self, key: str, path: Path) -> None:
        """Copy the file to a path, piece by piece. Raises FileNotKept."""
        with answering(key), path.open("wb") as file:
            for piece in obstore.get(self.files, key).stream(min_chunk_size=PIECE):
                file.write(piece)

    def read(self, key: str) -> bytes:
        """The whole file. Raises FileNotKept."""
        with answering(key):
            return bytes(obstore.get(self.files, key).bytes())

    def open(self, key: str) -> tuple[int, Iterator[bytes]]:
        """Length and bytes of the file, piece by piece. Raises FileNotKept."""
        with answering(key):
            found = obstore.get(self.files, key)
            return found.meta["size"], (bytes(piece) for piece in found.stream(min_chunk_size=PIECE))

    def delete(self, key: str) -> None:
        """Let go of the file; nothing happens when it is not there."""
        try:
            with answering(key):
                obstore.delete(self.files, key)
        except FileNotKept:
            pass

    def keys_with_age(self, prefix: str = "") -> Iterator[tuple[str, datetime, int]]:
        """(key, last modified, bytes) of every whole file in this folder of the store, in no particular order."""
        with answering(prefix or "all"):
            for batch in obstore.list(self.files, prefix=prefix or None):
                for meta in batch:
                    yield meta["path"], meta["last_modified"], meta["size"]

    def check(self) -> None:
        """Ask the store for one of its keys, if it has any. Raises StoreUnavailable when it does not answer."""
        next(self.keys_with_age(), None)

    def drop_partials(self, before: datetime) -> int:
        """Delete what a killed process left half written in a folder before that moment; how many there were.

        Such a file is invisible to every other method. An S3 store has none: a PUT happens or does not.
        """
        if self.folder is None:
            return 0
        left = [path for path in self.folder.rglob("*#*") if is_partial(path, before)]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


@contextmanager
def answering(key: str) -> Iterator[None]:
    """Check the key, and turn what obstore raises into our Problems."""
    if not KEY.fullmatch(key):
        raise KeyRefused()
    refuse_after_fork()
    try:
        yield
    except FileNotFoundError as fault:
        raise FileNotKept() from fault
    except (BaseError, OSError) as fault:
        raise StoreUnavailable() from fault


def refuse_after_fork() -> None:
    """Fail loudly where obstore would hang."""
    used_in.add(os.getpid())
    if len(used_in) > 1:
        raise RuntimeError("this process was forked from one that had used the file store: fork earlier, or spawn")


def reach_the_disk(folder: Path, key: str) -> None:
    """Wait until the file and the folders that name it survive a power cut, as the row about it will."""
    path = folder / key
    for part in (path, *path.parents):
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if part == folder:
            return


def is_partial(path: Path, before: datetime) -> bool:
    """Whether this is the half of a file whose writer died, last touched before that moment."""
    try:
        return bool(PARTIAL.fullmatch(path.name)) and path.is_file() and path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def open_store(url: str) -> Store:
    """The store behind a URL: `file:///folder` or a plain path, or `s3://bucket/prefix?endpoint=…&region=…`.

    S3 credentials come from the usual AWS_* variables. A plain-http endpoint is accepted on a loopback address only.
    Nothing is contacted yet. Raises SettingsRefused.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return Store(open_bucket(parts))
    if parts.scheme not in ("", "file") or parts.netloc:
        raise SettingsRefused(f"Files are kept in a folder (file:///…) or in S3 (s3://…), not in {url!r}.")
    folder = Path(unquote(parts.path) if parts.scheme else url).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return Store(LocalStore(folder, automatic_cleanup=True), folder)


def open_bucket(parts: SplitResult) -> S3Store:
    """The bucket that an s3:// URL names, with the time limits of a service that people wait for."""
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := set(options) - S3_OPTIONS:
        raise SettingsRefused(f"An s3:// URL takes endpoint and region, not {', '.join(sorted(unknown))}.")
    if not parts.netloc:
        raise SettingsRefused("An s3:// URL names its bucket: s3://bucket/prefix")
    config: S3Config = {}
    if "region" in options:
        config["region"] = options["region"]
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={
            "allow_http": may_speak_http(options.get("endpoint", "")),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=30),
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
    )


def may_speak_http(endpoint: str) -> bool:
    """Whether this endpoint is plain http on this machine; refuses plain http to anywhere else."""
    parts = urlsplit(endpoint)
    if parts.scheme != "http":
        return False
    if not is_loopback(parts.hostname or ""):
        raise SettingsRefused("An S3 endpoint is reached by https; plain http is for a loopback address only.")
    return True
