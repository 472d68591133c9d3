"""What `prepare` costs beside the bare codec's own work on the same photo, measured in turns in one run.

The codec's own work: open the file, decode it at the reduced scale that `prepare` asks for, and encode the three
finished renditions with its quality, nothing else: no resampling, no turning, no colours, no digest. Where a photo has
a profile of its own, what littlecms needs to convert the large rendition once, with a transform that is ready, is
measured in the same turns; it is not in the floor, and the last column says the ratio with it in there.
Run `python -m bench.photo`: a table, then the same figures as one line of JSON. Figures are milliseconds of processor.
"""

import io
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms

from service.media.decoding import format_of, make_ready
from service.media.preparing import QUALITY, converted, draft_size, prepare
from service.media.renditions import Rendition

ROUNDS = 11
TARGET = 1.3


def photo(width: int, height: int, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture with the soft areas and the grain of a real photo; 3 megapixels are about 0.9 MB as JPEG."""
    random.seed(width)
    soft = Image.effect_noise((width // 16, height // 16), 90).resize((width, height), Image.Resampling.BICUBIC)
    slope = Image.linear_gradient("L").resize((width, height))
    grain = Image.blend(soft, Image.effect_noise((width, height), 20), 0.35)
    file = io.BytesIO()
    Image.merge("RGB", (grain, Image.blend(grain, slope, 0.4), Image.blend(soft, slope, 0.7))).save(
        file, kind, quality=88, **options
    )
    return file.getvalue()


def held_sideways() -> Image.Exif:
    """What a phone writes when it was held upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def wide_gamut() -> bytes:
    """A colour profile other than sRGB: what it costs does not depend on which."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(profile.replace(b"s\0R\0G\0B", b"w\0i\0d\0e").replace(b"sRGB built-in", b"wide built-in"))


def cases() -> dict[str, bytes]:
    """Photos by what is special about them."""
    return {
        "JPEG 3 MP": photo(2048, 1536),
        "JPEG 3 MP, sideways": photo(2048, 1536, exif=held_sideways()),
        "JPEG 3 MP, wide gamut": photo(2048, 1536, icc_profile=wide_gamut()),
        "JPEG 5 MP": photo(2592, 1944),
        "JPEG 8 MP": photo(3264, 2448),
        "JPEG 12 MP": photo(4032, 3024),
        "JPEG 12 MP, sideways": photo(4032, 3024, exif=held_sideways()),
        "PNG 3 MP": photo(2048, 1536, "PNG"),
        "WebP 3 MP": photo(2048, 1536, "WEBP"),
        "HEIC 3 MP": photo(2048, 1536, "HEIF"),
        "AVIF 3 MP": photo(2048, 1536, "AVIF", speed=10),
    }


@dataclass(frozen=True)
class Floor:
    """The codec's own work on one photo, that of littlecms, and the size of the large rendition."""

    codec: Callable[[], None]
    colours: Callable[[], object]
    size: tuple[int, int]


def floor_of(data: bytes) -> Floor:
    """What to compare `prepare` with."""
    kind = format_of(data)
    finished = [decoded(file) for file in prepare(data).renditions.values()]

    def codec() -> None:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            image.draft(None, draft_size(image.size))
            image.load()
        for rendition in finished:
            rendition.save(io.BytesIO(), "JPEG", quality=QUALITY)

    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        profile = image.info.get("icc_profile")
    large = decoded(prepare(data).renditions[Rendition.LARGE])
    return Floor(codec, lambda: converted(large, profile) if profile else None, large.size)


def decoded(file: bytes) -> Image.Image:
    """The pixels of a file."""
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of the whole process, all its threads included."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


def compare(data: bytes) -> dict[str, float]:
    """Our work and the floor's on one photo, taken in turns: the medians, and the medians of the ratios in a round."""
    floor = floor_of(data)
    works = (floor.codec, floor.colours, lambda: prepare(data))
    rounds = [[milliseconds(work) for work in works] for _ in range(ROUNDS)]
    codec, colours, whole = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "bytes": len(data),
        "large_width": floor.size[0],
        "large_height": floor.size[1],
        "codec_ms": round(codec, 2),
        "colours_ms": round(colours, 2),
        "prepare_ms": round(whole, 2),
        "ratio": round(statistics.median(ours / bare for bare, _, ours in rounds), 3),
        "ratio_with_colours": round(statistics.median(ours / (bare + extra) for bare, extra, ours in rounds), 3),
    }


def measure() -> dict[str, dict[str, float]]:
    """All cases by name."""
    make_ready()
    return {name: compare(data) for name, data in cases().items()}


def main() -> None:
    """Print the table and the JSON."""
    figures = measure()
    sys.stdout.write(table(figures) + json.dumps({"benchmark": "photo", "rounds": ROUNDS, "cases": figures}) + "\n")


def table(figures: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    columns = f"{'kB':>6}{'large':>12}{'codec ms':>10}{'colours ms':>12}{'prepare ms':>12}{'/ codec':>9}{'/ both':>8}"
    lines = [f"{'photo':24}{columns}   (target for JPEG: {TARGET} × codec)"]
    for name, case in figures.items():
        large = f"{case['large_width']} × {case['large_height']}"
        sizes = f"{case['bytes'] / 1000:6.0f}{large:>12}{case['codec_ms']:10.1f}{case['colours_ms']:12.1f}"
        ratios = f"{case['ratio']:9.2f}{case['ratio_with_colours']:8.2f}"
        lines.append(f"{name:24}{sizes}{case['prepare_ms']:12.1f}{ratios}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
