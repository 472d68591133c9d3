"""Finished files and graphs of results, kept for a day, so that who asks for the same again makes no work."""

from service.storage.keeping import Store
from service.storage.making import Make, Opened, made_once

FOLDER = "result-files"


def kept(store: Store, municipality_id: int, name: str, make: Make) -> Opened:
    """The file of this name, which names all that it is made of; made where it is not kept, once for all who ask.

    Raises StoreUnavailable.
    """
    return made_once(store, municipality_id, f"{FOLDER}/{name}", make)
