"""What must be read back or recognised is sealed, or made a pseudonym, with the one key of the installation.

The key is PLATEIA_SECRET_KEY, or the file `secret-key` in PLATEIA_HOME. It may be a list: the first seals, all open,
and the last makes pseudonyms, since those must stay the same for as long as they are to be recognised.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from service.config import SECRET_FILE


class NotSealedHere(Exception):
    """None of the installation's keys opens this."""


def seal(text: str) -> str:
    """The text, readable only with the installation's key."""
    return str(box(keys()).encrypt(text.encode()), "ascii")


def unseal(sealed: str) -> str:
    """The text that was sealed, whoever brings it. Raises NotSealedHere."""
    try:
        return box(keys()).decrypt(sealed).decode()
    except (InvalidToken, ValueError):  # the latter for letters that no sealed text has
        raise NotSealedHere("the key that sealed this is not in PLATEIA_SECRET_KEY") from None


def pseudonym(purpose: str, municipality: int, text: str) -> bytes:
    """32 bytes that stand for the text in this municipality and for this purpose only, and say nothing of it."""
    return hmac.digest(derived(keys()[-1], purpose), f"{municipality}:{text}".encode(), hashlib.sha256)


def keys() -> tuple[str, ...]:
    """The keys of the application that runs."""
    found: tuple[str, ...] = current_app.config["SECRET_KEYS"]
    return found


@lru_cache(maxsize=8)
def box(of: Sequence[str]) -> MultiFernet:
    """What seals with the first key and opens with any."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derived(key, "seal"))) for key in of])


@lru_cache(maxsize=64)
def derived(key: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF, RFC 5869)."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"plateia {purpose}".encode()).derive(key.encode())


def split_keys(setting: str) -> tuple[str, ...]:
    """The keys that the setting lists, with commas between."""
    return tuple(key.strip() for key in setting.split(",") if key.strip())


def keys_of(setting: str, home: Path) -> tuple[str, ...]:
    """The keys that are set, or the one in the file, which is made when it is not there."""
    return split_keys(setting) or (key_in(home),)


def key_in(home: Path) -> str:
    """The key in the file of this folder. Of processes that make it at once all get the same."""
    path = home / SECRET_FILE
    if not path.exists():
        fresh = home / f"{SECRET_FILE}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
