"""The program with which everybody can check a bundle, as it is given out."""

from functools import cache
from pathlib import Path

PROGRAM = Path(__file__).parent / "verify_consultation.py"


@cache
def verifier() -> str:
    """Its text."""
    return PROGRAM.read_text(encoding="utf-8")
