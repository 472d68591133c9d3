"""What is sealed with the key of the installation, and what stands for a person."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from service.config import Settings, SettingsRefused
from service.sealing import NotSealedHere, key_in, keys_of, pseudonym, seal, split_keys, unseal

OLD, NEW = "the old key of 32 characters and more", "the new key of 32 characters and more"


@contextmanager
def having(*keys: str) -> Iterator[None]:
    app = Flask("sealing")
    app.config["SECRET_KEYS"] = keys
    with app.app_context():
        yield


def test_what_is_sealed_says_nothing_and_opens_again() -> None:
    with having(OLD):
        sealed = seal("the seed Ω")
        assert "seed" not in sealed and sealed != seal("the seed Ω") and unseal(sealed) == "the seed Ω"
    with having(NEW), pytest.raises(NotSealedHere):
        unseal(sealed)


@pytest.mark.parametrize("text", ["", "sealed", "a" * 140, "gAAAAA==", "ψευδές", "\ud800", "\x00"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with having(OLD), pytest.raises(NotSealedHere):
        unseal(text)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens() -> None:
    with having(OLD):
        sealed = seal("kept")
    with having(NEW, OLD):
        assert unseal(sealed) == "kept"
        fresh = seal("kept")
    with having(NEW):
        assert unseal(fresh) == "kept"


def test_a_pseudonym_is_of_one_purpose_and_municipality_and_outlives_a_new_key() -> None:
    with having(OLD):
        first = pseudonym("residents", 1, "AB123")
        others = [pseudonym("residents", 2, "AB123"), pseudonym("letters", 1, "AB123"), pseudonym("residents", 1, "x")]
    assert len(first) == 32 and len({first, *others}) == 4
    with having(NEW, OLD):
        assert pseudonym("residents", 1, "AB123") == first


def test_the_key_of_a_file_is_made_once_however_many_begin(tmp_path: Path) -> None:
    found: list[str] = []
    begin = threading.Barrier(8)

    def start() -> None:
        begin.wait()
        found.append(key_in(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1 and len(found[0]) >= 32
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600 and keys_of("", tmp_path) == (path.read_text(),)


def test_the_setting_goes_before_the_file_and_lists_several(tmp_path: Path) -> None:
    assert keys_of(f"{NEW}, {OLD}", tmp_path) == split_keys(f"{NEW},{OLD}") == (NEW, OLD)
    assert list(tmp_path.iterdir()) == []


def test_a_short_key_is_refused_and_a_missing_one_with_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsRefused, match="32"):
        Settings(home=tmp_path, secret_key=f"{NEW},short")
    monkeypatch.setenv("PLATEIA_HOME", str(tmp_path))
    monkeypatch.setenv("PLATEIA_DATABASE_URL", "postgresql://db/plateia?sslmode=require")
    monkeypatch.delenv("PLATEIA_SECRET_KEY")
    with pytest.raises(SettingsRefused, match="PLATEIA_SECRET_KEY"):
        Settings.from_environment()
    key_in(tmp_path)  # as after a move from the embedded database, in the same home
    assert Settings.from_environment().secret_key == ""
    monkeypatch.setenv("PLATEIA_SECRET_KEY", NEW)
    assert NEW not in repr(Settings.from_environment())
