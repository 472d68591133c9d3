"""How large an uploaded photo may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoLimits:
    """`bytes` of the uploaded file and `pixels` (width × height) that it may claim."""

    bytes: int = 20 * 1024 * 1024
    pixels: int = 50_000_000


USUAL = PhotoLimits()
