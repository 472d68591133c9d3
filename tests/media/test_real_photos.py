"""Photos that real phones and cameras made, and broken and dangerous ones, from the shared data."""

import csv
import os
from pathlib import Path

import pytest
from PIL import Image

from service.media.decoding import PhotoDamaged, PhotoFormatUnknown
from service.media.preparing import prepare
from service.media.renditions import Rendition
from tests.media.photos import decoded, segments

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PLATEIA_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
FOLDER = SHARED / "photos"
TABLE = FOLDER / "expected.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8"))) if TABLE.exists() else []
TAKEN = ("JPEG", "PNG", "HEIC", "AVIF", "Extended WEBP")
SIGHTS = [row for row in ROWS if row["decodes_pillow"] == "ok" and row["type"] in TAKEN]
REFUSED = [row for row in ROWS if row not in SIGHTS]


def test_the_shared_photos_are_there() -> None:
    if ROWS:
        assert len(SIGHTS) >= 40
        assert len(REFUSED) >= 5
    elif os.environ.get("PLATEIA_REQUIRE_ALL") == "1":
        pytest.fail(f"{TABLE} is not there; PLATEIA_SHARED_DATA says where the shared data are")
    else:
        pytest.skip(f"{TABLE} is not there; PLATEIA_SHARED_DATA says where the shared data are")


@pytest.mark.parametrize("row", SIGHTS, ids=[row["file"] for row in SIGHTS])
def test_a_real_photo_becomes_three_clean_upright_jpegs(row: dict[str, str]) -> None:
    photo = prepare((FOLDER / row["file"]).read_bytes())
    assert photo.sha256 == row["sha256"]
    width, height = int(row["width"]), int(row["height"])
    if row["pillow_orientation"] in {"5", "6", "7", "8"}:
        width, height = height, width
    assert (photo.width > photo.height) == (width > height)
    assert abs(photo.width / photo.height - width / height) < 0.02 * width / height
    assert max(width, height) > 2048 or (photo.width, photo.height) == (width, height)
    for rendition, file in photo.renditions.items():
        assert max(decoded(file).size) <= rendition.side
        assert {marker for marker, _ in segments(file)} <= {0xE0, 0xDB, 0xC0, 0xC4}
        assert_nothing_of_the_maker_is_left(file, row["make_model"])


def assert_nothing_of_the_maker_is_left(file: bytes, make_model: str) -> None:
    for word in ("Exif", "GPS", "http", "ICC", *make_model.split()):
        assert len(word) < 4 or word.encode() not in file
    assert not decoded(file).getexif()


@pytest.mark.parametrize("row", REFUSED, ids=[row["file"] for row in REFUSED])
def test_a_broken_or_dangerous_file_is_refused(row: dict[str, str]) -> None:
    expected = PhotoDamaged if row["file"].startswith("corrupt/") else PhotoFormatUnknown
    with pytest.raises(expected):
        prepare((FOLDER / row["file"]).read_bytes())


@pytest.mark.skipif(not ROWS, reason=f"{TABLE} is not there")
@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_the_same_picture_held_in_eight_ways_looks_the_same(shape: str) -> None:
    looks = []
    for orientation in range(1, 9):
        data = (FOLDER / "orientation" / f"{shape}_{orientation}.jpg").read_bytes()
        tiny = decoded(prepare(data).renditions[Rendition.SMALL]).resize((8, 8), Image.Resampling.BOX)
        looks.append(list(tiny.convert("L").tobytes()))
    for look in looks[1:]:
        assert sum(abs(a - b) for a, b in zip(look, looks[0], strict=True)) / 64 < 12
