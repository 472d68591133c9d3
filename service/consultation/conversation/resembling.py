"""Which contributions say nearly the same, found without comparing each with each, the same way on both databases.

A text is the set of how its longer words and its negations begin, in Latin letters without accents. BANDS marks are
made of it (MinHash with banding; Broder 1997, Leskovec, Rajaraman and Ullman 3.4): two texts share a mark by a chance
that grows with what they have in common, 0.94 for one of them at a likeness of ALIKE. Marks stand in an index; of each
the newest AT_ONCE contributions are looked at, and of all those that share the most marks MOST_COMPARED are compared,
so that the cost does not grow with the consultation, be it a campaign of thousands.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, CompoundSelect, bindparam, delete, insert, select, union_all

from service.consultation.conversation.finding import DUTIES, contributions
from service.consultation.conversation.models import Mark
from service.db import session
from service.db.prepared import Prepared
from service.db.types import AnyRow, AnySelect
from service.gis.romanising import in_latin

BANDS, IN_BAND = 24, 2
ALIKE = 0.5
"""From what likeness on two contributions are shown as similar; two equal sets of words have 1."""
AT_ONCE = 50
MOST_COMPARED = 200
SHORTEST, LONGEST = 4, 40
BEGINNING = 5
"""Letters of a word that are compared: endings differ, and have different lengths."""
NEGATIONS = {
    "el": ("δε", "δεν", "μη", "μην", "όχι"),
    "bg": ("не", "без"),
    "lt": ("ne", "nei", "nė"),
    "en": ("no", "not", "nor"),
}
"""Short words that count all the same, so that a wish and its opposite differ."""
NEGATING = frozenset(in_latin(word) for words in NEGATIONS.values() for word in words)

Numbers = NDArray[np.uint64]


def numbers(name: str) -> Numbers:
    """Odd numbers below 2^64, always the same ones. Multiplied by them words stand in another order each time, because
    only the last 64 bits of a product are kept.
    """
    made = hashlib.shake_128(name.encode()).digest(8 * BANDS * IN_BAND)
    return np.frombuffer(made, "<u8").astype(np.uint64) | np.uint64(1)


FACTORS, ADDENDS = numbers("factors"), numbers("addends")
HALF = np.uint64(32)


@dataclass(frozen=True)
class Similar:
    """A contribution with its answer, and how alike it is: ALIKE to 1."""

    row: AnyRow
    likeness: float


def words_of(text: str) -> frozenset[str]:
    """What a text is compared by; of one that has no longer words and negates nothing all of them."""
    found = {word for part in text.split() for word in in_latin(part[:LONGEST]).split()}
    longer = {word for word in found if len(word) >= SHORTEST or word in NEGATING}
    return frozenset(word[:BEGINNING] for word in longer or found)


def marks_of(text: str) -> Sequence[int]:
    """The marks of a text, below 2^63; none of one without words. It may last: before `transaction()`."""
    words = words_of(text)
    if not words:
        return []
    hashed = np.array([crc32(word.encode()) for word in words], np.uint64)
    least = ((hashed[:, None] * FACTORS + ADDENDS) >> HALF).min(axis=0).reshape(BANDS, IN_BAND)
    return [mark(band, found.tobytes()) for band, found in enumerate(least)]


def mark(band: int, least: bytes) -> int:
    digest = hashlib.blake2b(bytes([band]) + least, digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def keep_marks(consultation_id: int, marks: Mapping[int, Sequence[int]]) -> None:
    """Let contributions, which are the keys, be found by these; inside `transaction()`."""
    if rows := [
        {"consultation_id": consultation_id, "contribution_id": contribution_id, "mark": one}
        for contribution_id, its in marks.items()
        for one in its
    ]:
        session.execute(insert(Mark.__table__), rows)  # type: ignore[arg-type]


def forget_marks(contribution_id: int) -> None:
    """Its words are gone; inside `transaction()`."""
    gone = delete(Mark).where(Mark.contribution_id == contribution_id)
    session.execute(gone, execution_options={"synchronize_session": False})


def similar_to(found: AnyRow, before: int | None = None) -> tuple[Sequence[Similar], int | None, bool]:
    """What says nearly the same as this contribution, the most alike first; the key before which to go on; and whether
    some of these keys were not compared, being more than MOST_COMPARED.

    Only contributions to the same consultation, neither the municipality's own nor withdrawn; `before` this key.
    """
    shared = sharing(found, before)
    reached = max((min(ids) for ids in shared.values() if len(ids) == AT_ONCE), default=None)
    counted = Counter(one for ids in shared.values() for one in ids if reached is None or one >= reached)
    del counted[found.id]
    words = words_of(found.text)
    rows = rows_with([one for one, _ in counted.most_common(MOST_COMPARED)])
    alike = [Similar(row, likeness(words, words_of(row.text))) for row in rows]
    close = [one for one in alike if one.likeness >= ALIKE]
    ordered = sorted(close, key=lambda one: (-one.likeness, -one.row.id))
    return ordered, reached, len(counted) > MOST_COMPARED


def sharing(found: AnyRow, before: int | None) -> Mapping[int, Sequence[int]]:
    """The newest AT_ONCE contributions of each mark, by mark: one range of the index for each."""
    marks = marks_of(found.text)
    shared: dict[int, list[int]] = defaultdict(list)
    if marks:
        asked = {f"mark_{number}": one for number, one in enumerate(marks)} | {"consultation": found.consultation_id}
        for one, contribution_id in NEWEST[before is not None].rows(asked | ({"before": before} if before else {})):
            shared[one].append(contribution_id)
    return shared


def newest_of_each(later: bool) -> CompoundSelect[Any]:
    """The newest contributions of each of BANDS marks; `later`: those before some key."""
    return union_all(*(newest_with(bindparam(f"mark_{number}"), later) for number in range(BANDS)))


def newest_with(mark: BindParameter[int], later: bool) -> AnySelect:
    """The newest contributions that have this mark."""
    one = Mark.__table__.c
    query = select(one.mark, one.contribution_id).where(
        one.consultation_id == bindparam("consultation"), one.mark == mark
    )
    if later:
        query = query.where(one.contribution_id < bindparam("before"))
    found = query.order_by(one.contribution_id.desc()).limit(AT_ONCE).subquery()
    return select(found.c.mark, found.c.contribution_id)


NEWEST = {later: Prepared(newest_of_each(later)) for later in (False, True)}


def rows_with(ids: Sequence[int]) -> Sequence[AnyRow]:
    one = contributions.c
    there = DUTIES.where(one.id.in_(ids), one.withdrawn_at.is_(None), one.official.is_(False))
    return session.execute(there.order_by(one.id)).all() if ids else []


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of what either says both do, 0 to 1 (Dice)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0
