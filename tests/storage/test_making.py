"""Of many who ask for a file, one makes it: threads of one process, processes, and when the maker dies or fails."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest
from flask import Flask
from sqlalchemy import select

from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.municipalities.directory import Municipality
from service.storage import making
from service.storage.keeping import PIECE, Store, open_store
from service.storage.making import FileMaking, forget_dead, made_once

KEY = "result-files/one.csv"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def claims() -> int:
    found = len(session.scalars(select(FileMaking.id)).all())
    session.remove()
    return found


def somebody_is_at_it(here: Municipality, seconds: float) -> None:
    """Another process has claimed the file."""
    with transaction():
        until = seconds_from_now(seconds)
        session.add(FileMaking(municipality_id=here.id, key=KEY, owner=uuid.uuid4(), until=until))


def test_of_many_threads_one_makes_the_file(app: Flask, here: Municipality, store: Store) -> None:
    made: list[int] = []
    begun, together = threading.Event(), threading.Barrier(24)

    def make(target: IO[bytes]) -> None:
        made.append(threading.get_ident())
        assert begun.wait(10)
        target.write(b"the file")

    def ask(_: int) -> bytes:
        together.wait(10)
        with app.app_context():
            length, pieces = made_once(store, here.id, KEY, make)
            content = b"".join(pieces)
        assert length == len(content)
        return content

    with ThreadPoolExecutor(24) as pool:
        answers = pool.map(ask, range(24))
        time.sleep(0.2)
        begun.set()
        assert set(answers) == {b"the file"}
    assert len(made) == 1 and claims() == 0


def test_who_waits_for_another_process_gets_what_it_keeps(app: Flask, here: Municipality, store: Store) -> None:
    somebody_is_at_it(here, 60)
    threading.Timer(0.5, lambda: store.keep(KEY, b"theirs")).start()
    _, pieces = made_once(store, here.id, KEY, never)
    assert b"".join(pieces) == b"theirs"
    assert claims() == 1, "it is not ours to give back"


def test_a_maker_that_died_blocks_nobody_for_ever(app: Flask, here: Municipality, store: Store) -> None:
    somebody_is_at_it(here, 1)
    begun = time.monotonic()
    _, pieces = made_once(store, here.id, KEY, writing(b"ours"))
    assert b"".join(pieces) == b"ours" and claims() == 0
    assert time.monotonic() - begun > 0.5, "it might have been alive"


def test_a_maker_that_fails_lets_the_next_one_try(app: Flask, here: Municipality, store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        made_once(store, here.id, KEY, failing)
    assert claims() == 0
    assert b"".join(made_once(store, here.id, KEY, writing(b"whole"))[1]) == b"whole"


def test_a_large_file_goes_to_the_store_in_pieces(app: Flask, here: Municipality, store: Store) -> None:
    content = b"0123456789abcdef" * (PIECE // 16 + 1000)
    length, pieces = made_once(store, here.id, KEY, writing(content))
    assert length == len(content) and b"".join(pieces) == content


def test_claims_of_the_dead_are_forgotten(app: Flask, here: Municipality, store: Store) -> None:
    somebody_is_at_it(here, -1)
    with transaction():
        assert forget_dead() == 1
    somebody_is_at_it(here, making.LEASE)
    with transaction():
        assert forget_dead() == 0


def writing(content: bytes) -> Callable[[IO[bytes]], None]:
    def make(target: IO[bytes]) -> None:
        target.write(content)

    return make


def never(target: IO[bytes]) -> None:
    raise AssertionError("somebody else makes it")


def failing(target: IO[bytes]) -> None:
    target.write(b"half")
    raise ZeroDivisionError
