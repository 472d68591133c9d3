"""Links from one thing to another across features: `(kind, id)`. The application says what each kind is (`LINKS`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from service.errors import Problem
from service.municipalities.directory import Municipality
from service.text import N_


class LinkNotFound(Problem):
    """Some of the links lead to nothing that everybody may see; `links` are which."""

    status, code, message = 422, "link_not_found", N_("A link leads to something that is not there.")


Words = Mapping[str, Mapping[str, str]]
"""Language → {"title", "body"}."""


def no_words(_municipality: Municipality, _key: str) -> Words:
    """Nobody has said in what words this kind of thing can be told of."""
    return {}


@dataclass(frozen=True)
class Linked:
    """A kind of thing: whether one with this id is there for everybody to see, its public address from the root, and
    the words in which one that is there can be told of.
    """

    exists: Callable[[Municipality, str], bool]
    address: Callable[[Municipality, str], str]
    words: Callable[[Municipality, str], Words] = no_words


Links = Mapping[str, Linked]
"""Kind → what it is."""


def ensure_linked(table: Links, municipality: Municipality, links: Iterable[Mapping[str, str]]) -> None:
    """Refuse links of unknown kinds and to what is not there; reads only. Raises LinkNotFound."""
    lost = [
        dict(link)
        for link in links
        if link["kind"] not in table or not table[link["kind"]].exists(municipality, link["id"])
    ]
    if lost:
        raise LinkNotFound(links=lost)


def with_addresses(
    table: Links, municipality: Municipality, links: Iterable[Mapping[str, str]]
) -> list[dict[str, str]]:
    """The links with `address`, but for those of kinds that are unknown by now, and to what has none any more."""
    return [
        dict(link) | {"address": address}
        for link in links
        if link["kind"] in table and (address := table[link["kind"]].address(municipality, link["id"]))
    ]
