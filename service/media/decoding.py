"""Open an uploaded photo: which format it really is, how large it claims to be, and its pixels if it is allowed.

The only place that sets anything global in Pillow, and the only one that knows its faults.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from PIL import AvifImagePlugin, Image, ImageFile

from service.errors import Problem
from service.media.limits import USUAL, PhotoLimits
from service.text import N_

MOST_SCANS = 100
"""A progressive JPEG has about ten scans; thousands of them in a small file would keep a processor busy for minutes."""

HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}

registering = Lock()
registered = False


class PhotoEmpty(Problem):
    """No bytes were sent."""

    status, code, message = 422, "photo_empty", N_("The photo is empty.")


class PhotoTooLarge(Problem):
    """More bytes than a photo may have; `most` says how many are allowed."""

    status, code, message = 413, "photo_too_large", N_("The photo file is too large. Please send a smaller one.")


class PhotoFormatUnknown(Problem):
    """By its content this is none of the formats that we take, whatever its name says."""

    status, code, message = (
        415,
        "photo_format_unknown",
        N_("This is not a photo that we can read. Please send a JPEG, PNG, WebP, HEIC or AVIF."),
    )


class PhotoDamaged(Problem):
    """The file is cut off or broken, so that its picture cannot be shown."""

    status, code, message = 422, "photo_damaged", N_("The photo is damaged or incomplete. Please send it again.")


class PhotoTooManyPixels(Problem):
    """The picture would be too large in memory; `most` says how many pixels are allowed."""

    status, code, message = 422, "photo_too_many_pixels", N_("Please send a photo with fewer pixels.")


def format_of(data: bytes) -> str:
    """Pillow's name of the format, from the first bytes alone. Raises PhotoEmpty, PhotoFormatUnknown."""
    if not data:
        raise PhotoEmpty()
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    brands = brands_of(data)
    if brands & AVIF_BRANDS:
        return "AVIF"
    if brands & HEIF_BRANDS:
        return "HEIF"
    raise PhotoFormatUnknown()


def brands_of(data: bytes) -> set[bytes]:
    """The brands in the `ftyp` box with which HEIF and AVIF files begin (ISO/IEC 14496-12, 4.3)."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def recognise(data: bytes, limits: PhotoLimits) -> str:
    """The format, after what can be refused at a glance. Raises PhotoEmpty, -FormatUnknown, -TooLarge, -Damaged."""
    kind = format_of(data)
    if len(data) > limits.bytes:
        raise PhotoTooLarge(most=limits.bytes)
    if kind == "JPEG" and data.count(b"\xff\xda") > MOST_SCANS:
        raise PhotoDamaged()
    return kind


@contextmanager
def opened(data: bytes, kind: str, limits: PhotoLimits) -> Iterator[Image.Image]:
    """The photo, opened and not yet decoded. Whatever a decoder raises inside becomes one of our Problems."""
    make_ready()
    try:
        refuse_a_bomb(canvas_of(data) if kind == "WEBP" else (0, 0), limits)
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            refuse_a_bomb(image.size, limits)
            yield image
    except Problem:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise PhotoTooManyPixels(most=limits.pixels) from fault
    except Exception as fault:  # decoders raise whatever they like on broken files
        raise PhotoDamaged() from fault


def refuse_a_bomb(size: tuple[int, int], limits: PhotoLimits) -> None:
    """Refuse a picture that claims too many pixels, before any of them is decoded."""
    if size[0] * size[1] > limits.pixels:
        raise PhotoTooManyPixels(most=limits.pixels)


def canvas_of(data: bytes) -> tuple[int, int]:
    """Width and height that an extended WebP claims (RFC 9649, 2.7); libwebp allocates them as soon as it opens one."""
    if data[12:16] != b"VP8X":
        return 0, 0
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")


def make_ready() -> None:
    """Set Pillow up, once in this process: HEIF registered, bombs an error, cut-off files refused."""
    global registered
    with registering:
        if registered:
            return
        import pillow_heif  # here, because a process that never sees a photo need not load libheif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        Image.MAX_IMAGE_PIXELS = USUAL.pixels
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # odd EXIF, which we throw away
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        registered = True
