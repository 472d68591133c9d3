"""Finished files and graphs of results, kept for a day, so that who asks for the same again makes no work."""

from collections.abc import Callable

from service.db import stop_reading
from service.storage.keeping import FileNotKept, Store

FOLDER = "result-files"


def kept(store: Store, name: str, make: Callable[[], bytes]) -> bytes:
    """The file of this name, which names all that it is made of; made where it is not kept.

    `make` may read before it works, and holds no connection while it works. Raises StoreUnavailable.
    """
    key = f"{FOLDER}/{name}"
    stop_reading()
    try:
        return store.read(key)
    except FileNotKept:
        content = make()
    store.keep(key, content)
    return content
