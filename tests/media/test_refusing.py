"""What is no photo, or no longer one, or far too much of one, is refused; nothing crashes and memory stays small."""

import io
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from service.media.decoding import (
    PhotoDamaged,
    PhotoEmpty,
    PhotoFormatUnknown,
    PhotoTooLarge,
    PhotoTooManyPixels,
    format_of,
)
from service.media.limits import PhotoLimits
from service.media.preparing import prepare
from service.media.renditions import Rendition
from tests.media.photos import FORMATS, OWN_WORDS, encoded, scene, segments, talkative

REFUSALS = (PhotoDamaged, PhotoFormatUnknown, PhotoTooManyPixels, PhotoEmpty, PhotoTooLarge)
SMALL = {kind: encoded(scene(96, 72), kind) for kind in FORMATS}
TOLD = {kind: talkative(kind, 6) for kind in FORMATS}

MEASURE = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from service.errors import Problem
from service.media.decoding import make_ready
from service.media.preparing import prepare
make_ready()
most, threads, paths = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
resource.setrlimit(resource.RLIMIT_AS, (most, most))
def outcome(path):
    try:
        return str(prepare(open(path, "rb").read()).width)
    except Problem as refusal:
        return refusal.code
with ThreadPoolExecutor(threads) as pool:
    print(*pool.map(outcome, paths))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def measured(paths: list[Path], address_space: int, threads: int = 1) -> tuple[list[str], int]:
    """Outcome of each photo (width or code) in a process that may not have more memory, and the most that it had."""
    command = [sys.executable, "-c", MEASURE, str(address_space), str(threads), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    outcomes, most = done.stdout.splitlines()
    return outcomes.split(), int(most)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of one grey pixel, over and over: the data are complete, and small."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((1, 0, 0, 0, 0))
    packer, row = zlib.compressobj(9), bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose frame header lies about its size."""
    data = bytearray(SMALL["JPEG"])
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    """A small animation whose canvas lies about its size."""
    frames = [scene(40, 30), scene(40, 30).rotate(180)]
    data = bytearray(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def isobmff_claiming(kind: str, width: int, height: int) -> bytes:
    """A small HEIF or AVIF whose image spatial extents lie about its size."""
    data = bytearray(SMALL[kind])
    at = data.index(b"ispe") + 8
    data[at : at + 8] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    "png": lambda: png_claiming(30000, 30000),
    "png just over the limit": lambda: png_claiming(10000, 5001),
    "jpeg": lambda: jpeg_claiming(65500, 65500),
    "jpeg just over the limit": lambda: jpeg_claiming(10000, 5001),
    "webp": lambda: webp_claiming(16383, 16383),
    "heif": lambda: isobmff_claiming("HEIF", 30000, 30000),
    "avif": lambda: isobmff_claiming("AVIF", 16000, 16000),
}

STRANGERS = {
    "gif": encoded(scene(20, 20), "GIF"),
    "ico": encoded(scene(32, 32), "ICO"),
    "tiff": encoded(scene(20, 20), "TIFF"),
    "bmp": encoded(scene(20, 20), "BMP"),
    "jpeg 2000": encoded(scene(20, 20), "JPEG2000"),
    "gif that claims 65535 × 65535": b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00;",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "pdf": b"%PDF-1.7\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "page": b"<!doctype html><script>alert(1)</script>",
    "film": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2",
    "sound": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "text": b"photo.jpg",
    "one byte": b"\xff",
}


def test_no_bytes_are_no_photo() -> None:
    with pytest.raises(PhotoEmpty):
        prepare(b"")


@pytest.mark.parametrize("name", STRANGERS)
def test_other_formats_are_refused_whatever_they_are_called(name: str) -> None:
    with pytest.raises(PhotoFormatUnknown):
        prepare(STRANGERS[name])


@pytest.mark.parametrize("kind", FORMATS)
def test_the_content_says_which_format_it_is(kind: str) -> None:
    assert format_of(SMALL[kind]) == kind


def test_a_start_like_a_photo_does_not_make_one() -> None:
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"):
        for rest in (b"", b"<script>" * 50, STRANGERS["gif"]):
            with pytest.raises(PhotoDamaged):
                prepare(start + rest)


def test_a_photo_may_have_so_many_bytes_and_no_more() -> None:
    data = SMALL["JPEG"]
    assert prepare(data, PhotoLimits(bytes=len(data)))
    with pytest.raises(PhotoTooLarge) as refusal:
        prepare(data, PhotoLimits(bytes=len(data) - 1))
    assert refusal.value.details == {"most": len(data) - 1}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_may_have_so_many_pixels_and_no_more(kind: str) -> None:
    assert prepare(SMALL[kind], PhotoLimits(pixels=96 * 72))
    with pytest.raises(PhotoTooManyPixels) as refusal:
        prepare(SMALL[kind], PhotoLimits(pixels=96 * 72 - 1))
    assert refusal.value.details == {"most": 96 * 72 - 1}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_that_was_cut_off_is_refused(kind: str) -> None:
    whole = encoded(Image.effect_noise((300, 200), 80).convert("RGB"), kind)
    for part in (0.05, 0.3, 0.6, 0.9, 0.97):
        with pytest.raises(PhotoDamaged):
            prepare(whole[: int(len(whole) * part)])


def test_a_cut_off_progressive_jpeg_is_refused() -> None:
    whole = encoded(Image.effect_noise((300, 200), 80).convert("RGB"), progressive=True)
    for part in (0.3, 0.6, 0.9, 0.97):
        with pytest.raises(PhotoDamaged):
            prepare(whole[: int(len(whole) * part)])


def test_a_jpeg_of_endless_scans_is_refused_without_decoding_them() -> None:
    data = encoded(scene(), progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(PhotoDamaged):
        prepare(data[:-2] + data[last:-2] * 5000 + data[-2:])


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_its_pixels_are_made(name: str, tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(BOMBS[name]())
    (tmp_path / "photo").write_bytes(SMALL["JPEG"])
    [outcome, _], most = measured([tmp_path / "bomb", tmp_path / "photo"], address_space=1 << 30)
    _, usual = measured([tmp_path / "photo"], address_space=1 << 30)
    assert outcome in {"photo_too_many_pixels", "photo_damaged"}
    assert name in {"heif", "avif"} or outcome == "photo_too_many_pixels"
    assert most - usual < 60_000_000


def test_text_that_unpacks_to_gigabytes_does_no_harm() -> None:
    packed = zlib.compress(bytes(80_000_000), 9)

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    png = SMALL["PNG"]
    for name, head in ((b"zTXt", b"Comment\0\0"), (b"iCCP", b"icc\0\0")):
        try:
            prepare(png[:33] + chunk(name, head + packed) + png[33:])
        except PhotoDamaged:
            continue


def test_many_large_photos_at_once_are_decoded_two_at_a_time(tmp_path: Path) -> None:
    Image.new("RGBA", (6000, 4000), (9, 9, 9, 128)).save(tmp_path / "large.png", compress_level=1)
    _, one = measured([tmp_path / "large.png"], address_space=4 << 30)
    outcomes, eight = measured([tmp_path / "large.png"] * 8, address_space=4 << 30, threads=8)
    assert outcomes == ["2000"] * 8
    assert eight < 2.6 * one, "decoded two at a time, the eighth needs no more than the second"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", *(data[:40] for data in SMALL.values())]))
def test_random_bytes_are_refused_and_nothing_else_happens(noise: bytes, start: bytes) -> None:
    with pytest.raises(REFUSALS):
        prepare(start[:12] + noise)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([*SMALL.values(), *TOLD.values()]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6)), max_size=5),
    st.floats(0, 1),
    st.booleans(),
)
def test_a_photo_that_was_tampered_with_is_refused_or_comes_out_clean(
    original: bytes, changes: list[tuple[float, bytes]], end: float, cut: bool
) -> None:
    data = bytearray(original)
    for place, content in changes:
        at = int(place * len(data))
        data[at : at + len(content)] = content
    if cut:
        del data[int(end * len(data)) :]
    try:
        photo = prepare(bytes(data), PhotoLimits(pixels=4_000_000))
    except REFUSALS:
        return
    for file in photo.renditions.values():
        assert {marker for marker, _ in segments(file)} <= {0xE0, 0xDB, 0xC0, 0xC4}
        assert OWN_WORDS.encode() not in file
    assert Image.open(io.BytesIO(photo.renditions[Rendition.LARGE])).size == (photo.width, photo.height)
