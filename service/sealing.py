"""Keep secrets that must be used again, so that the database alone does not tell them.

Sealed with Fernet (AES and HMAC) under the first of the installation's keys, opened with any of them: to change the
key, put a new one in front.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class NoKey(Exception):
    """The installation has no key to seal with."""


class NotOurs(Exception):
    """None of the keys opens this."""


def seal(secret: str, keys: Sequence[str]) -> str:
    """The secret as it may be kept. Raises NoKey."""
    if not keys:
        raise NoKey
    return MultiFernet([Fernet(key) for key in keys]).encrypt(secret.encode()).decode()


def unseal(sealed: str, keys: Sequence[str]) -> str:
    """The secret. Raises NotOurs."""
    if not keys:
        raise NotOurs
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(sealed).decode()
    except InvalidToken:
        raise NotOurs from None


def new_key() -> str:
    """A key to be kept outside the database."""
    return Fernet.generate_key().decode()
