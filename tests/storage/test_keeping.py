"""A folder and an S3-compatible store (moto on loopback) behave alike."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from service.config import SettingsRefused
from service.storage.keeping import FileNotKept, KeyRefused, Store, StoreUnavailable, open_store

WRITER = """
import sys
from service.storage.keeping import open_store
store, number = open_store(sys.argv[1]), 0
print("writing", flush=True)
while True:
    number += 1
    store.keep(f"kozani/{number % 7}.jpg", bytes([number % 256]) * 6_000_000)
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "alice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    name = f"plateia-{uuid.uuid4().hex}"
    requests.put(f"{s3}/{name}", timeout=10).raise_for_status()
    return f"s3://{name}/files?endpoint={s3}&region=us-east-1"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return open_store(request.getfixturevalue("bucket"))
    return open_store(f"file://{tmp_path / 'files'}")


@pytest.mark.parametrize("size", [0, 10, 20_000_000])
def test_a_large_file_is_kept_and_read_piece_by_piece(store: Store, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    store.keep_stream("layers/a.gpkg", BytesIO(content))
    store.read_to("layers/a.gpkg", tmp_path / "a.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == content == store.read("layers/a.gpkg")
    with pytest.raises(FileNotKept):
        store.read_to("layers/b.gpkg", tmp_path / "b.gpkg")


def test_what_is_kept_can_be_read_whole(store: Store) -> None:
    content = os.urandom(300_000)
    store.keep("kozani/a/large.jpg", content)
    assert store.read("kozani/a/large.jpg") == content


def test_an_empty_file_is_a_file(store: Store) -> None:
    store.keep("kozani/empty", b"")
    assert store.read("kozani/empty") == b""


def test_keeping_again_replaces(store: Store) -> None:
    store.keep("kozani/a.jpg", b"first, and longer")
    store.keep("kozani/a.jpg", b"second")
    assert store.read("kozani/a.jpg") == b"second"


def test_what_was_never_kept_is_refused_with_a_stable_code(store: Store) -> None:
    with pytest.raises(FileNotKept) as refusal:
        store.read("kozani/nothing.jpg")
    assert (refusal.value.status, refusal.value.code) == (404, "file_not_found")


def test_what_is_deleted_is_gone_and_deleting_twice_is_no_fault(store: Store) -> None:
    store.keep("kozani/a.jpg", b"x")
    store.delete("kozani/a.jpg")
    store.delete("kozani/a.jpg")
    with pytest.raises(FileNotKept):
        store.read("kozani/a.jpg")


def test_the_list_says_key_age_and_size(store: Store) -> None:
    store.keep("kozani/a/large.jpg", b"12345")
    store.keep("heraklion/b/small.jpg", b"1")
    [(key, modified, size)] = store.keys_with_age("kozani")
    assert (key, size) == ("kozani/a/large.jpg", 5)
    assert abs(datetime.now(UTC) - modified) < timedelta(minutes=1)
    assert {key for key, _, _ in store.keys_with_age()} == {"kozani/a/large.jpg", "heraklion/b/small.jpg"}


def test_an_empty_store_has_no_keys(store: Store) -> None:
    assert list(store.keys_with_age()) == []


def test_files_can_be_deleted_while_they_are_listed(store: Store) -> None:
    keys = {f"kozani/{number}/large.jpg" for number in range(60)}
    for key in keys:
        store.keep(key, b"x")
    listed = set()
    for key, _, _ in store.keys_with_age():
        listed.add(key)
        store.delete(key)
    assert listed == keys
    assert list(store.keys_with_age()) == []


@pytest.mark.parametrize(
    "key", ["../a", "a/../b", "/a", "a//b", "a/", "./a", "a/./b", "a\\b", "a b", "a%2e", "é", "a#1", "", "a\x00", ".a"]
)
def test_keys_that_could_lead_elsewhere_are_refused(store: Store, key: str) -> None:
    for attempt in (lambda: store.keep(key, b"x"), lambda: store.read(key), lambda: store.delete(key)):
        with pytest.raises(KeyRefused):
            attempt()


def test_a_prefix_is_checked_like_a_key(store: Store) -> None:
    with pytest.raises(KeyRefused):
        list(store.keys_with_age("../"))


def test_two_prefixes_of_one_bucket_do_not_see_each_other(bucket: str) -> None:
    one, other = open_store(bucket), open_store(bucket.replace("/files?", "/other?"))
    one.keep("kozani/a.jpg", b"x")
    assert list(other.keys_with_age()) == []


def test_a_folder_may_be_given_as_a_plain_path_with_any_letters(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "Αρχεία 1"))
    store.keep("kozani/a.jpg", b"x")
    assert (tmp_path / "Αρχεία 1" / "kozani" / "a.jpg").read_bytes() == b"x"
    assert open_store((tmp_path / "Αρχεία 1").as_uri()).read("kozani/a.jpg") == b"x"


@pytest.mark.parametrize("killing", range(4))
def test_a_killed_writer_leaves_no_half_file(tmp_path: Path, killing: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == b"writing\n"
    time.sleep(0.15 + 0.05 * killing)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    store = open_store(str(tmp_path))
    for key, _, size in store.keys_with_age():
        content = store.read(key)
        assert size == len(content) == 6_000_000
        assert len(set(content)) == 1
    store.drop_partials(datetime.now(UTC) + timedelta(seconds=1))
    assert not list(tmp_path.rglob("*#*"))


def test_only_old_halves_are_dropped(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.keep("kozani/a.jpg", b"whole")
    (tmp_path / "kozani" / "b.jpg#1").write_bytes(b"ha")
    assert [key for key, _, _ in store.keys_with_age()] == ["kozani/a.jpg"]
    assert store.drop_partials(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.drop_partials(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert store.read("kozani/a.jpg") == b"whole"


def test_a_bucket_has_no_halves(bucket: str) -> None:
    assert open_store(bucket).drop_partials(datetime.now(UTC)) == 0


def test_a_store_that_does_not_answer_is_a_refusal_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "alice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    store = open_store("s3://plateia/files?endpoint=http://127.0.0.1:9&region=us-east-1")
    with pytest.raises(StoreUnavailable) as refusal:
        store.keep("kozani/a.jpg", b"x")
    assert (refusal.value.status, refusal.value.code) == (503, "storage_unavailable")


def test_a_folder_where_a_file_should_be_is_unavailable_and_no_crash(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.keep("kozani", b"x")
    with pytest.raises(StoreUnavailable):
        store.keep("kozani/a.jpg", b"x")


FORKED = """
import os, sys
from service.storage.keeping import open_store
store = open_store(sys.argv[1])
if sys.argv[2] == "used":
    store.keep("kozani/parent.jpg", b"x")
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    store.keep("kozani/child.jpg", b"x")
except RuntimeError:
    os._exit(3)
os._exit(0)
"""


@pytest.mark.parametrize(("before", "code"), [("unused", 0), ("used", 3)])
def test_a_forked_process_works_or_fails_and_never_hangs(tmp_path: Path, before: str, code: int) -> None:
    command = [sys.executable, "-c", FORKED, str(tmp_path), before]
    assert subprocess.run(command, timeout=20, check=False).returncode == code


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://plateia?endpoint=http://files.example.org&region=x", "loopback"),
        ("s3://plateia?endpoint=http://127.0.0.1.example.org&region=x", "loopback"),
        ("s3://plateia?endpoint=http://alice@files.example.org&region=x", "loopback"),
        ("s3://plateia?acl=public", "acl"),
        ("s3:///files", "bucket"),
        ("gs://plateia/files", "s3://"),
        ("file://files.example.org/plateia", "file:///"),
    ],
)
def test_an_unsafe_or_unknown_url_is_refused_at_start(url: str, says: str) -> None:
    with pytest.raises(SettingsRefused, match=says):
        open_store(url)


def test_http_to_elsewhere_stays_shut_when_the_environment_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "alice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):
        open_store("s3://plateia?region=us-east-1").read("kozani/a.jpg")
    assert time.monotonic() - begun < 4, "it tried to connect"
