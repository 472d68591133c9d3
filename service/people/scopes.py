"""What an API key may be good for. A table that can be read aloud."""

from collections.abc import Collection

from service.text import N_

READ, SEND = "read_public", "send_reports"

SCOPES = {
    READ: N_("read what everybody may read"),
    SEND: N_("send reports and photos"),
    "see_reports": N_("read the reports of the queue with everything that is not public"),
    "see_map": N_("see drafts and versions of layers and the rules that route reports"),
    "manage_map": N_("draft and publish layers, and order and try the rules that route reports"),
}
"""A scope that is called like a permission of staff opens the routes of that permission."""


def opens(scopes: Collection[str], access: str, method: str) -> bool:
    """Whether a key with these scopes may call a route with this access mark by this method.

    What is a person's own, their inbox or their account, no key opens.
    """
    if access == "public":
        return (READ if method in ("GET", "HEAD") else SEND) in scopes
    return access in scopes
