"""Signed heads of the log, as text in the format of C2SP's checkpoints (tlog-checkpoint, signed-note), Ed25519.

After origin, size and root come two lines of our own: how many people have taken part, and the root before.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.consultation.tree import EMPTY
from service.sealing import pseudonym

ED25519 = b"\x01"


@dataclass(frozen=True)
class Head:
    """What is signed."""

    origin: str
    size: int
    root: bytes
    participations: int
    previous: bytes = EMPTY

    def text(self) -> str:
        """The text whose bytes are signed."""
        lines = (
            self.origin,
            str(self.size),
            encoded(self.root),
            f"participations {self.participations}",
            f"previous {encoded(self.previous)}",
        )
        return "".join(f"{line}\n" for line in lines)


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def signing_key(municipality_id: int, consultation: str) -> Ed25519PrivateKey:
    """The key of one consultation, made from the installation's."""
    return Ed25519PrivateKey.from_private_bytes(pseudonym("consultation heads", municipality_id, consultation))


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes with which signatures are checked."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(name: str, public: bytes) -> bytes:
    """Four bytes that say which key signed (signed-note)."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def checkpoint(head: Head, key: Ed25519PrivateKey) -> str:
    """The head with its signature; the name of the key is the origin."""
    text = head.text()
    signature = key_id(head.origin, public_bytes(key)) + key.sign(text.encode())
    return f"{text}\n\u2014 {head.origin} {encoded(signature)}\n"
