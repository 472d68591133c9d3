"""Lines are added to the log, and what is added is signed at once. Inside a transaction, the consultation locked."""

from collections.abc import Sequence

from sqlalchemy import select

from service.consultation.heads import Head, checkpoint, signing_key
from service.consultation.models import Consultation, LogHead, LogLeaf
from service.consultation.tree import EMPTY, Frontier, leaf_hash
from service.db import session
from service.db.clock import now


def origin_of(slug: str, consultation: str) -> str:
    """The name of a consultation's log, which is the name of its key too."""
    return f"plateia/{slug}/{consultation}"


def append(consultation: Consultation, slug: str, lines: Sequence[str], participations: int) -> int:
    """Add the lines behind all others and sign the new head; the place of the first line.

    `participations` is how many took part so far.
    """
    newest = session.scalar(
        select(LogHead).filter_by(consultation_id=consultation.id).order_by(LogHead.size.desc()).limit(1)
    )
    tree = Frontier(newest.size, [bytes.fromhex(part) for part in newest.parts]) if newest else Frontier()
    first, previous = tree.size, tree.root() if newest else EMPTY
    for line in lines:
        session.add(LogLeaf(consultation_id=consultation.id, place=tree.size, line=line))
        tree.add(leaf_hash(line.encode()))
    name = consultation.uid.hex
    head = Head(origin_of(slug, name), tree.size, tree.root(), participations, previous)
    session.add(
        LogHead(
            consultation_id=consultation.id,
            size=tree.size,
            checkpoint=checkpoint(head, signing_key(consultation.municipality_id, name)),
            parts=[part.hex() for part in tree.parts],
            signed_at=now(),
        )
    )
    session.flush()
    return first
