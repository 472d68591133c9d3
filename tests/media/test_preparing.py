"""What comes out of a photo: upright, in sRGB, small enough, and nothing but pixels."""

import hashlib
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from service.media import preparing
from service.media.decoding import PhotoFormatUnknown
from service.media.preparing import PhotosBusy, prepare
from service.media.renditions import Rendition
from tests.media.photos import (
    BLUE,
    CORNERS,
    FORMATS,
    GREEN,
    OWN_WORDS,
    RED,
    WHITE,
    colour_in,
    corners,
    decoded,
    encoded,
    exif,
    scene,
    segments,
    talkative,
    wide_gamut_profile,
)

PIXELS_ALONE = {0xE0, 0xDB, 0xC0, 0xC4}
"""JFIF header, quantisation tables, frame header and Huffman tables."""
HOW_IT_WAS_HELD = {
    1: (RED, GREEN, BLUE, WHITE),
    2: (GREEN, RED, WHITE, BLUE),
    3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN),
    5: (RED, BLUE, GREEN, WHITE),
    6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED),
    8: (GREEN, WHITE, RED, BLUE),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_becomes_three_jpegs(kind: str) -> None:
    photo = prepare(encoded(scene(1600, 1200), kind))
    sizes = {size: decoded(file).size for size, file in photo.renditions.items()}
    assert sizes == {Rendition.LARGE: (1600, 1200), Rendition.MEDIUM: (800, 600), Rendition.SMALL: (267, 200)}
    assert (photo.width, photo.height) == (1600, 1200)
    assert all(corners(decoded(file)) == CORNERS for file in photo.renditions.values())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", HOW_IT_WAS_HELD)
def test_a_photo_is_turned_upright_however_the_phone_was_held(kind: str, orientation: int) -> None:
    photo = prepare(talkative(kind, orientation))
    assert corners(decoded(photo.renditions[Rendition.LARGE])) == HOW_IT_WAS_HELD[orientation]
    assert (photo.width, photo.height) == ((640, 480) if orientation < 5 else (480, 640))
    assert all(corners(decoded(file)) == HOW_IT_WAS_HELD[orientation] for file in photo.renditions.values())


def test_in_heif_the_container_says_which_way_is_up_and_exif_does_not_count() -> None:
    """ISO/IEC 23008-12, 6.5.10: what the container turns, the decoder has turned already."""
    exif_alone = encoded(scene(), "HEIF", exif=exif(6))
    assert corners(decoded(prepare(exif_alone).renditions[Rendition.LARGE])) == CORNERS


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (5, 8), (301, 203)])
@pytest.mark.parametrize("turn", Image.Transpose)
def test_turning_strip_by_strip_is_turning(turn: Image.Transpose, size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 90).convert("RGB")
    expected = image.transpose(turn)
    made = preparing.turned(image, turn)
    assert (made.size, made.tobytes()) == (expected.size, expected.tobytes())


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    assert corners(decoded(prepare(talkative("JPEG", orientation)).renditions[Rendition.LARGE])) == CORNERS


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_pixels_comes_out(kind: str) -> None:
    original = talkative(kind, 6)
    assert OWN_WORDS.encode() in original
    for file in prepare(original).renditions.values():
        assert {marker for marker, _ in segments(file)} <= PIXELS_ALONE
        assert OWN_WORDS.encode() not in file
        assert b"Exif" not in file
        assert b"ICC_PROFILE" not in file
        assert b"adobe" not in file
        image = Image.open(io.BytesIO(file))
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("kind", FORMATS)
def test_colours_of_a_wide_gamut_are_converted_before_the_profile_is_dropped(kind: str) -> None:
    muted = Image.new("RGB", (64, 64), (200, 100, 100))
    plain, wide = (encoded(muted, kind), encoded(muted, kind, icc_profile=wide_gamut_profile()))
    red, green, blue = colour_in(decoded(prepare(wide).renditions[Rendition.LARGE]))
    before = colour_in(decoded(prepare(plain).renditions[Rendition.LARGE]))
    assert sum(abs(a - b) for a, b in zip(before, (200, 100, 100), strict=True)) < 12
    assert red - before[0] > 8, "P3 red is stronger than the same numbers in sRGB"
    assert green - before[1] < -4
    assert abs(green - blue) < 12


def test_a_profile_that_is_srgb_changes_nothing_and_a_broken_one_is_ignored() -> None:
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = prepare(encoded(scene())).renditions
    assert prepare(encoded(scene(), icc_profile=srgb)).renditions == plain
    assert prepare(encoded(scene(), icc_profile=b"no profile at all" * 20)).renditions == plain
    assert prepare(encoded(scene(), icc_profile=wide_gamut_profile()[:200])).renditions == plain


def test_the_transform_of_a_small_profile_is_kept_and_gives_the_same_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    preparing.transform_of.cache_clear()
    wide = encoded(scene(), icc_profile=wide_gamut_profile())
    first = prepare(wide)
    assert (prepare(wide), preparing.transform_of.cache_info().hits) == (first, 1)
    monkeypatch.setattr(preparing, "LARGEST_PROFILE", 0)
    assert (prepare(wide), preparing.transform_of.cache_info().hits) == (first, 1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "HEIF"])
def test_what_is_transparent_becomes_white(kind: str) -> None:
    glass = Image.new("RGBA", (2200, 300), (255, 0, 0, 0))
    large = decoded(prepare(encoded(glass, kind)).renditions[Rendition.LARGE])
    assert min(colour_in(large)) >= 250


@pytest.mark.parametrize(("mode", "colour", "expected"), [
    ("1", 1, 255), ("L", 90, 90), ("LA", (90, 255), 90), ("P", 0, 0), ("I;16", 90 * 257, 90), ("I;16", 65535, 255),
])  # fmt: skip
def test_every_kind_of_png_keeps_its_brightness(mode: str, colour: int, expected: int) -> None:
    large = decoded(prepare(encoded(Image.new(mode, (40, 30), colour), "PNG")).renditions[Rendition.LARGE])
    assert all(abs(value - expected) <= 3 for value in colour_in(large))


def test_a_printers_jpeg_becomes_rgb() -> None:
    large = decoded(prepare(encoded(Image.new("CMYK", (40, 30), (0, 0, 0, 0)))).renditions[Rendition.LARGE])
    assert large.mode == "RGB"
    assert min(colour_in(large)) > 250


def test_of_an_animation_the_first_picture_counts() -> None:
    frames = [Image.new("RGB", (60, 40), GREEN), Image.new("RGB", (60, 40), RED)]
    for kind in ("PNG", "WEBP", "AVIF", "HEIF", "MPO"):
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert corners(decoded(prepare(moving).renditions[Rendition.LARGE])) == (GREEN,) * 4


@pytest.mark.parametrize(
    ("size", "large"),
    [
        ((1, 1), (1, 1)),
        ((2048, 1536), (2048, 1536)),
        ((2049, 1537), (2048, 1536)),
        ((2600, 1950), (2048, 1536)),
        ((4032, 3024), (2016, 1512)),
        ((3024, 4032), (1512, 2016)),
        ((8064, 6048), (2016, 1512)),
        ((20000, 8), (2048, 1)),
        ((3, 30000), (1, 2048)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_large_rendition_is_at_most_2048_and_never_enlarged(
    kind: str, size: tuple[int, int], large: tuple[int, int]
) -> None:
    photo = prepare(encoded(Image.new("RGB", size, BLUE), kind))
    for rendition, file in photo.renditions.items():
        width, height = decoded(file).size
        assert max(width, height) <= rendition.side
        assert max(width, height) >= min(max(size), rendition.side) * preparing.CLOSE_ENOUGH
    made = decoded(photo.renditions[Rendition.LARGE]).size
    assert all(abs(a - b) <= max(1, 0.24 * b) for a, b in zip(made, large, strict=True))
    assert min(size) < 1000 or abs(made[0] / made[1] - size[0] / size[1]) < 0.01


def test_the_digest_is_of_the_uploaded_bytes() -> None:
    data = talkative("JPEG")
    assert prepare(data).sha256 == hashlib.sha256(data).hexdigest()


def test_the_same_photo_gives_the_same_bytes() -> None:
    data = talkative("WEBP")
    assert prepare(data) == prepare(data)


def test_many_threads_get_what_one_gets() -> None:
    photos = [talkative(kind, 6) for kind in FORMATS]
    expected = [prepare(photo) for photo in photos]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(prepare, photos * 4)) == expected * 4


def test_a_forked_process_decodes_too() -> None:
    assert prepare(encoded(scene()))
    child = os.fork()
    if child == 0:
        threading.Timer(20, os._exit, (1,)).start()
        os._exit(0 if prepare(encoded(scene())).width == 640 else 2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_when_no_turn_comes_the_phone_is_asked_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "PATIENCE", 0.05)
    others = threading.Event()
    for _ in range(preparing.AT_ONCE):
        preparing.decoders.submit(others.wait, 20)
    with pytest.raises(PhotosBusy) as refusal:
        prepare(encoded(scene()))
    assert (refusal.value.status, refusal.value.code) == (503, "photos_busy")
    others.set()
    assert prepare(encoded(scene()))


def test_a_photo_whose_turn_has_come_is_finished_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "PATIENCE", 0.1)
    assert prepare(encoded(Image.effect_noise((2500, 2000), 40), "PNG")).width == 2048


def test_what_is_no_photo_is_refused_without_waiting_for_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "PATIENCE", 0.05)
    others = threading.Event()
    for _ in range(preparing.AT_ONCE):
        preparing.decoders.submit(others.wait, 20)
    with pytest.raises(PhotoFormatUnknown):
        prepare(b"GIF89a")
    others.set()
