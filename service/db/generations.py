"""What processes keep in memory follows the database: a counter per subject grows with each change.

A process asks at most once in `PATIENCE` seconds, with one statement for all subjects; what it has built from an
older generation serves until the newer one is ready.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar, cast
from weakref import WeakKeyDictionary, WeakSet

from flask import current_app
from sqlalchemy import BigInteger, String, select
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, session, writing
from service.db.upserts import insert

PATIENCE = 1.0
GROWN_IN = "grown_in"

Value = TypeVar("Value")


class Generation(Base):
    """How many times the rows of a subject have changed."""

    __tablename__ = "generations"

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Known:
    """The generations of an application's database as this process last saw them."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.asked_at = float("-inf")
        self.lock = threading.Lock()
        with changing_every:
            every.add(self)

    def refresh(self) -> None:
        """Ask, unless it was asked lately or another thread is asking."""
        if time.monotonic() - self.asked_at <= PATIENCE or not self.lock.acquire(
            blocking=self.values == {} or building.get()
        ):
            return
        try:
            self.asked_at = time.monotonic()
            read = as_read_here()
            self.values |= {subject: max(value, self.values.get(subject, 0)) for subject, value in read.items()}
        finally:
            self.lock.release()


def as_read_here() -> dict[str, int]:
    """The generations as the open snapshot of this session shows them; it may be older than what is known."""
    rows = session.execute(select(Generation.subject, Generation.value)).all()
    return {row.subject: row.value for row in rows}


every: WeakSet[Known] = WeakSet()
changing_every = threading.Lock()


def known_here() -> Known:
    """What is known of the database of this application."""
    known: Known | None = current_app.extensions.get("generations")
    return known or cast("Known", current_app.extensions.setdefault("generations", Known()))


def grow(subject: str) -> None:
    """Say inside a transaction that the rows of this subject change; other processes see it when it commits."""
    statement = insert(Generation).values(subject=subject, value=1)
    session.execute(
        statement.on_conflict_do_update(index_elements=[Generation.subject], set_={"value": Generation.value + 1})
    )
    session().info[GROWN_IN] = session().get_transaction()
    forget()


def may_be_undone() -> bool:
    """Whether the transaction that is open has changed what processes remember."""
    open_now = session().get_transaction()  # None before its first statement
    return writing.get() and open_now is not None and session().info.get(GROWN_IN) is open_now


def generation(subject: str) -> int:
    """The newest generation that this process knows of."""
    return generations([subject])[0]


def generations(subjects: Iterable[str]) -> tuple[int, ...]:
    """The newest generations that this process knows of."""
    known = known_here()
    known.refresh()
    return tuple(known.values.get(subject, 0) for subject in subjects)


def forget() -> None:
    """Ask the database at the next look, whenever the last one was."""
    with changing_every:
        all_known = list(every)
    for known in all_known:
        known.asked_at = float("-inf")


building: ContextVar[bool] = ContextVar("building", default=False)


def looked_up(look: Callable[[], Value | None]) -> Value:
    """What `look` finds in what is remembered; where it finds nothing it looks once more, in what is read anew.

    Another process may have made a moment ago what a row names already. Raises KeyError.
    """
    found = look()
    if found is None:
        forget()
        token = building.set(True)  # waits for who is just reading
        try:
            found = look()
        finally:
            building.reset(token)
    if found is None:
        raise KeyError
    return found


class Remembered(Generic[Value]):
    """What `build` makes of the rows of some subjects, kept until one of them grows.

    `also` is whatever else it is made of, such as the day. One thread builds; meanwhile the others are served what
    was there before, unless they build something of it. The value must not be changed.
    """

    def __init__(self, build: Callable[[], Value], *subjects: str, also: Callable[[], Hashable] = lambda: None) -> None:
        self.build = build
        self.subjects = subjects
        self.also = also
        self.kept: WeakKeyDictionary[Known, tuple[Any, Value]] = WeakKeyDictionary()
        self.lock = threading.Lock()

    def get(self) -> Value:
        """The value of the newest known generation, or the one before while a new one is being built.

        Inside a transaction that has let something grow nothing is kept, because what it has written may still be
        undone: what was kept before is served, and where nothing was, a value is built for this one caller.
        """
        known = known_here()
        kept = self.kept.get(known)
        if may_be_undone():
            return self.build() if kept is None else kept[1]
        newest = generations(self.subjects)
        also = self.also()
        if kept is not None and (kept[0] == (newest, also) or not self.lock.acquire(blocking=building.get())):
            return kept[1]
        if kept is None:
            self.lock.acquire()
        try:
            kept = self.kept.get(known)
            if kept is None or kept[0] != (newest, also):
                read, value = self.built()
                kept = ((tuple(map(min, newest, read)), also), value)
                self.kept[known] = kept
            return kept[1]
        finally:
            self.lock.release()

    def served(self) -> Hashable:
        """Of which generations the value is that `get` gives now; what it gives later is as new or newer."""
        self.get()
        kept = self.kept.get(known_here())
        return None if kept is None else kept[0]

    def built(self) -> tuple[tuple[int, ...], Value]:
        """The value, and the generations of which it was made at least: an old snapshot shows old rows."""
        token = building.set(True)
        try:
            read = as_read_here()
            return tuple(read.get(subject, 0) for subject in self.subjects), self.build()
        finally:
            building.reset(token)
