"""Codes that people read and type: no letter that looks like a digit, and what is typed wrongly is read as meant."""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MEANT = str.maketrans("OIL", "011", " -\u2013\u2014")


def new_code(length: int) -> str:
    """A random code; each character is worth five bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def shown(code: str) -> str:
    """The code in groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def meant(typed: str) -> str:
    """The code that somebody typed (Crockford's base 32)."""
    return typed.strip().upper().translate(MEANT)
