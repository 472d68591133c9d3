"""What can be moderated: each feature says of its kinds of things what they are; moderation knows only their names."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from service.errors import NotFound
from service.municipalities.directory import Municipality


@dataclass(frozen=True)
class Shown:
    """A thing as its author wrote it: who that is (None: nobody is known), text, its language, photos, its address, and
    which members of staff entered it for somebody, the first and the second.
    """

    author_id: int | None
    text: str
    language: str | None
    photos: Sequence[uuid.UUID]
    path: str
    entered_by_id: int | None = None
    second_by_id: int | None = None


Look = Callable[[Municipality, Collection[uuid.UUID]], Mapping[uuid.UUID, Shown]]
Looks = Mapping[str, Look]
"""Kind of thing → what some of them are; those that are not here are left out."""


def look_at(looks: Looks, municipality: Municipality, kind: str, target: uuid.UUID) -> Shown:
    """What the thing is. Raises NotFound where there is none, or none of this kind."""
    found = looks[kind](municipality, [target]) if kind in looks else {}
    if target not in found:
        raise NotFound
    return found[target]


def look_at_each(
    looks: Looks, municipality: Municipality, things: Collection[tuple[str, uuid.UUID]]
) -> dict[tuple[str, uuid.UUID], Shown]:
    """The same of many things, one question for each kind; those that are gone are left out."""
    found: dict[tuple[str, uuid.UUID], Shown] = {}
    for kind in {kind for kind, _ in things} & set(looks):
        wanted = [target for one, target in things if one == kind]
        found |= {(kind, target): shown for target, shown in looks[kind](municipality, wanted).items()}
    return found
