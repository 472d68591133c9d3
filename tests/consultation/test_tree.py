"""The hash tree against RFC 6962's recursion and the vectors of transparency-dev/merkle (testdata, Apache-2.0)."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.consultation.tree import (
    EMPTY,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

ENTRIES = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
CONSISTENT = {
    (2, 5): ["Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=", "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="],
    (6, 7): [
        "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
        "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
    ],
    (6, 8): [
        "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
        "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
    ],
}


def recursive(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, as it is written there."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(recursive(leaves[:half]), recursive(leaves[half:]))


def test_the_roots_are_those_of_the_vectors() -> None:
    assert root_of([]) == EMPTY
    assert [root_of(LEAVES[:size]).hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("before", "after"), CONSISTENT)
def test_consistency_proofs_are_those_of_the_vectors(before: int, after: int) -> None:
    proof = [base64.b64decode(part) for part in CONSISTENT[before, after]]
    old, new = bytes.fromhex(ROOTS[before - 1]), bytes.fromhex(ROOTS[after - 1])
    assert consistency_proof(LEAVES[:after], before) == proof
    assert is_consistent(before, after, proof, old, new)
    for wrong in (after * 2, after // 2, 0, before):
        assert not is_consistent(before, wrong, proof, old, new), "another second size"
    for wrong in (before * 2, before + 1, before - 1, 0):
        assert not is_consistent(wrong, after, proof, old, new), "another first size"
    assert not is_consistent(before, after, proof, new, old)
    assert not is_consistent(before, after, proof, EMPTY, new)
    assert not is_consistent(before, after, proof, old, EMPTY)
    for spoilt in ([], proof[:-1], [*proof, EMPTY], [EMPTY, *proof], [old, *proof], [*proof, new]):
        assert not is_consistent(before, after, spoilt, old, new)
    for place in range(len(proof)):
        flipped = [*proof[:place], bytes([proof[place][0] ^ 16]) + proof[place][1:], *proof[place + 1 :]]
        assert not is_consistent(before, after, flipped, old, new)


def test_an_inclusion_proof_is_that_of_the_vectors() -> None:
    assert inclusion_proof(LEAVES[:3], 2) == [base64.b64decode("+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=")]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 70), st.data())
def test_every_leaf_is_shown_to_be_there_and_every_tree_to_have_grown(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root = recursive(leaves)
    assert root_of(leaves) == root
    assert is_consistent(size, size, [], root, root)
    for place in (-1, size):
        assert not is_included(EMPTY, place, size, [], root)
        with pytest.raises(IndexError):
            inclusion_proof(leaves, place)
    if size:
        place = data.draw(st.integers(0, size - 1))
        proof = inclusion_proof(leaves, place)
        assert is_included(leaves[place], place, size, proof, root)
        assert not is_included(leaves[place], place, size, [*proof, root], root)
        assert not is_included(node_hash(EMPTY, EMPTY), place, size, proof, root), "a node is no leaf"
        before = data.draw(st.integers(1, size))
        grown = consistency_proof(leaves, before)
        assert is_consistent(before, size, grown, recursive(leaves[:before]), root)
        assert is_consistent(before, size, grown, EMPTY, root) is False


def test_a_tree_goes_on_from_what_is_kept_of_it() -> None:
    tree = Frontier()
    for leaf in LEAVES[:5]:
        tree.add(leaf)
    again = Frontier(tree.size, tree.parts)
    for leaf in LEAVES[5:]:
        again.add(leaf)
    assert again.root().hex() == ROOTS[7]


def test_a_doubled_last_leaf_is_another_tree() -> None:
    """CVE-2012-2459: trees that double the last leaf of an odd row have one root for two lists."""
    assert root_of(LEAVES[:3]) != root_of([*LEAVES[:3], LEAVES[2]])


def test_no_consistency_is_shown_with_trees_that_are_not_there() -> None:
    for before in (0, 9):
        with pytest.raises(IndexError):
            consistency_proof(LEAVES, before)
