"""The hash tree of an append-only log (RFC 6962, section 2.1; RFC 9162, section 2.1): roots, and proofs for two things.

An inclusion proof shows that a leaf is in a tree; a consistency proof that a tree only grew. Hashes are 32 bytes.
"""

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """What stands in the tree for an entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands above two others. Its first byte is another than a leaf's, so that neither passes for the other."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree to which leaves are only added: its size, and the roots of its full parts from left to right."""

    def __init__(self, size: int = 0, parts: Sequence[bytes] = ()) -> None:
        self.size, self.parts = size, list(parts)

    def add(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        self.size += 1
        self.parts.append(leaf)
        full = self.size
        while full % 2 == 0:
            right, left = self.parts.pop(), self.parts.pop()
            self.parts.append(node_hash(left, right))
            full //= 2

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.parts:
            return EMPTY
        *before, found = self.parts
        for left in reversed(before):
            found = node_hash(left, found)
        return found


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    tree = Frontier()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """What is needed beside the leaf at this place (from 0) to reach the root. Raises IndexError for no place."""
    if not 0 <= place < len(leaves):
        raise IndexError("no leaf is there")
    return path(leaves, place)


def path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    if place < half:
        return [*path(leaves[:half], place), root_of(leaves[half:])]
    return [*path(leaves[half:], place - half), root_of(leaves[:half])]


def consistency_proof(leaves: Sequence[bytes], before: int) -> list[bytes]:
    """What shows that the tree of the first `before` leaves is the beginning of this one. Raises IndexError."""
    if not 0 < before <= len(leaves):
        raise IndexError("no tree of this size is there")
    return grown(leaves, before, whole=True)


def grown(leaves: Sequence[bytes], before: int, whole: bool) -> list[bytes]:
    if before == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = split(len(leaves))
    if before <= half:
        return [*grown(leaves[:half], before, whole), root_of(leaves[half:])]
    return [*grown(leaves[half:], before - half, False), root_of(leaves[:half])]


def split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def is_included(leaf: bytes, place: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows this leaf at this place of the tree of this size (RFC 9162, section 2.1.3.2)."""
    if not 0 <= place < size:
        return False
    at, last, found = place, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(other, found)
            while not (at & 1 or at == 0):
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, other)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(before: int, after: int, proof: Sequence[bytes], old: bytes, new: bytes) -> bool:
    """Whether the proof shows that the tree of `after` leaves begins with that of `before` (RFC 9162, 2.1.4.2)."""
    if before == after:
        return not proof and old == new
    if not 0 < before < after or not proof:
        return False
    proof = list(proof) if before & (before - 1) else [old, *proof]
    at, last = before - 1, after - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = proof[0]
    for other in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not (at & 1 or at == 0):
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, other)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old and second == new
