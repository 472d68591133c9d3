"""What a process keeps in memory never stays behind the database, however threads meet while it is being built."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import delete, select

from service.db import session, transaction
from service.db.generations import Generation, Remembered, forget, generation, grow

SUBJECT = "a subject of this test"


@pytest.fixture
def grown(app: Flask) -> Iterator[Callable[[], int]]:
    """Lets the rows of the subject change once more; the new generation, which stands for what the rows say."""

    def again() -> int:
        with transaction():
            grow(SUBJECT)
        return what_the_rows_say()

    again()
    yield again
    with transaction():
        session.execute(delete(Generation).where(Generation.subject == SUBJECT))


def what_the_rows_say() -> int:
    return session.scalars(select(Generation.value).where(Generation.subject == SUBJECT)).one()


@contextmanager
def elsewhere(app: Flask, what: Callable[[], object]) -> Iterator[threading.Thread]:
    """Another thread with a request of its own; it has ended when the block has."""

    def run() -> None:
        with app.app_context():
            what()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join()


def test_what_is_built_from_another_thing_waits_until_that_is_up_to_date(app: Flask, grown: Callable[[], int]) -> None:
    begun, go_on = threading.Event(), threading.Event()
    go_on.set()

    def slowly() -> int:
        begun.set()
        go_on.wait(10)
        return what_the_rows_say()

    inner = Remembered(slowly, SUBJECT)
    outer = Remembered(lambda: inner.get(), SUBJECT)
    assert outer.get() == inner.get()
    begun.clear()
    go_on.clear()
    newest = grown()
    with elsewhere(app, inner.get):
        assert begun.wait(10)
        with elsewhere(app, outer.get) as second:
            second.join(0.3)
            go_on.set()
    assert inner.get() == newest
    assert outer.get() == newest


def test_what_was_built_from_an_old_snapshot_is_built_again(app: Flask, grown: Callable[[], int]) -> None:
    remembered = Remembered(what_the_rows_say, SUBJECT)
    remembered.get()
    reading, go_on = threading.Event(), threading.Event()

    def read_and_ask() -> None:
        what_the_rows_say()
        reading.set()
        go_on.wait(10)
        remembered.get()

    with elsewhere(app, read_and_ask):
        assert reading.wait(10)
        newest = grown()
        assert generation(SUBJECT) == newest
        go_on.set()
    session.rollback()
    assert remembered.get() == newest


def test_an_old_snapshot_does_not_turn_what_is_known_back(app: Flask, grown: Callable[[], int]) -> None:
    reading, go_on = threading.Event(), threading.Event()

    def read_and_ask() -> None:
        what_the_rows_say()
        reading.set()
        go_on.wait(10)
        ask_anew()

    def ask_anew() -> int:
        forget()
        return generation(SUBJECT)

    with elsewhere(app, read_and_ask):
        assert reading.wait(10)
        newest = grown()
        assert ask_anew() == newest
        go_on.set()
    assert generation(SUBJECT) == newest


def test_what_is_served_is_never_called_newer_than_it_is(app: Flask, grown: Callable[[], int]) -> None:
    """An answer that is made of it would be confirmed for ever under the newer name."""
    begun, go_on = threading.Event(), threading.Event()
    go_on.set()

    def build() -> int:
        value = what_the_rows_say()
        begun.set()
        go_on.wait(10)
        return value

    remembered = Remembered(build, SUBJECT)
    before = remembered.get()
    named = remembered.served()
    begun.clear()
    go_on.clear()
    newest = grown()
    with elsewhere(app, remembered.get):
        assert begun.wait(10)
        assert (remembered.served(), remembered.get()) == (named, before)
        go_on.set()
    assert remembered.get() == newest
    assert remembered.served() != named


def test_what_is_asked_first_in_a_transaction_is_as_new_as_anything(app: Flask, grown: Callable[[], int]) -> None:
    remembered, asked = Remembered(what_the_rows_say, SUBJECT), []
    remembered.get()
    newest = grown()

    def ask() -> None:
        with transaction():
            asked.append(remembered.get())

    with elsewhere(app, ask):
        pass
    assert asked == [newest]
