"""Make three clean JPEGs of what a phone sent: upright, in sRGB, and with nothing in them but pixels.

Pure and slow (milliseconds to a second): never inside a transaction.
"""

import hashlib
import io
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from PIL import Image, ImageCms

from service.errors import Problem
from service.media.decoding import opened, recognise
from service.media.limits import USUAL, PhotoLimits
from service.media.renditions import Rendition
from service.text import N_

AT_ONCE = 2
"""Photos decoded at the same time in one process. The most hungry photo allowed (a progressive JPEG or a PNG of
50 million pixels) takes about 430 MB while it is decoded, so this bounds a process to about 0.9 GB of pictures."""
PATIENCE = 30.0
"""Seconds that a photo waits for its turn before the phone is asked to send it again later."""
QUALITY = 82
CLOSE_ENOUGH = 0.75
"""A rendition may be this much smaller than its side where whole pixels can then be averaged, or a JPEG be decoded at a
reduced scale. Below it a photo of 5 megapixels would cost half as much, and keep less than half of its pixels."""
STRIPS = 8
"""A large picture is turned in so many pieces, each of which stays in the processor's cache: two thirds of the time."""
PROFILES = 8
LARGEST_PROFILE = 65_536
"""Colour transforms kept, and bytes of a profile whose transform is kept: phones have a few, of some hundred bytes."""

ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation (EXIF 2.3, 4.6.4, tag 274)."""
FIRST_ROW_LEFT = frozenset({Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_90})
FIRST_ROW_RIGHT = frozenset({Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_270})
"""The turns by which rows become columns, and on which side the first row ends up."""

decoders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="photo")
"""Threads of their own rather than a semaphore: malloc keeps what a picture needed for the thread that freed it, and 64
request threads that took turns would each keep some hundred megabytes."""


def make_decoders_anew() -> None:
    """A forked child has none of its parent's threads."""
    global decoders
    decoders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="photo")


os.register_at_fork(after_in_child=make_decoders_anew)


class PhotosBusy(Problem):
    """Too many photos arrive at once; the same photo is welcome a little later."""

    status, code, message = 503, "photos_busy", N_("Many photos are arriving just now. Please try again in a moment.")


@dataclass(frozen=True)
class PreparedPhoto:
    """`sha256` (hex) is of the uploaded bytes; `width` and `height` (pixels) of the large rendition.

    `renditions` are complete JPEG files without any metadata.
    """

    sha256: str
    width: int
    height: int
    renditions: Mapping[Rendition, bytes]


def prepare(data: bytes, limits: PhotoLimits = USUAL) -> PreparedPhoto:
    """Three JPEG renditions of a JPEG, PNG, WebP, HEIC/HEIF or AVIF; of an animation, its first frame.

    Raises PhotoEmpty, PhotoTooLarge, PhotoFormatUnknown, PhotoTooManyPixels, PhotoDamaged, PhotosBusy; nothing else.
    """
    kind = recognise(data, limits)
    turn = decoders.submit(prepare_now, data, kind, limits)
    try:
        return turn.result(timeout=PATIENCE)
    except TimeoutError:
        if turn.cancel():
            raise PhotosBusy() from None
        return turn.result()


def prepare_now(data: bytes, kind: str, limits: PhotoLimits) -> PreparedPhoto:
    """The work of `prepare`, in a thread of `decoders`."""
    with opened(data, kind, limits) as image:
        return render(image, hashlib.sha256(data).hexdigest())


def render(image: Image.Image, sha256: str) -> PreparedPhoto:
    """The renditions of an opened picture, each made from the next larger one."""
    large = upright_pixels(image)
    medium = shrink(large, Rendition.MEDIUM.side)
    small = shrink(medium, Rendition.SMALL.side)
    files = {Rendition.LARGE: jpeg(large)}
    files[Rendition.MEDIUM] = files[Rendition.LARGE] if medium is large else jpeg(medium)
    files[Rendition.SMALL] = files[Rendition.MEDIUM] if small is medium else jpeg(small)
    return PreparedPhoto(sha256, *large.size, files)


def upright_pixels(image: Image.Image) -> Image.Image:
    """Decode, shrink to the large rendition, convert to sRGB and turn upright: in the order that costs least."""
    image.draft(None, draft_size(image.size))
    image.load()
    orientation = orientation_of(image)
    profile = image.info.get("icc_profile")
    large = to_srgb(shrink(flatten(image), Rendition.LARGE.side), profile)
    return turned(large, UPRIGHT[orientation]) if orientation in UPRIGHT else large


def draft_size(size: tuple[int, int]) -> tuple[int, int]:
    """What to ask of the JPEG decoder, which halves up to three times and saves work (other formats ignore it)."""
    longer, halvings = max(size), 1
    while halvings < 8 and longer > Rendition.LARGE.side and longer / 2 >= Rendition.LARGE.side * CLOSE_ENOUGH:
        longer, halvings = longer // 2, halvings * 2
    return max(1, size[0] // halvings), max(1, size[1] // halvings)


def turned(image: Image.Image, turn: Image.Transpose) -> Image.Image:
    """The picture turned or mirrored; where its rows become columns, strip by strip."""
    if turn not in FIRST_ROW_LEFT | FIRST_ROW_RIGHT or image.height < STRIPS:
        return image.transpose(turn)
    whole = Image.new(image.mode, (image.height, image.width), None)
    cuts = [image.height * number // STRIPS for number in range(STRIPS + 1)]
    for upper, lower in pairwise(cuts):
        strip = image.crop((0, upper, image.width, lower)).transpose(turn)
        whole.paste(strip, (upper if turn in FIRST_ROW_LEFT else image.height - lower, 0))
    return whole


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or its EXIF cannot be read."""
    with suppress(Exception):  # Pillow's EXIF reader raises many things on what cameras write; the pixels are good
        return int(image.getexif().get(ORIENTATION, 1))
    return 1


def flatten(image: Image.Image) -> Image.Image:
    """The picture as RGB or, where a colour profile speaks of it, CMYK; transparency on white."""
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        ground.info = image.info
        return ground
    if image.mode.startswith("I"):
        return eight_bits(image)
    return image if image.mode in ("RGB", "CMYK") else image.convert("RGB")


def eight_bits(image: Image.Image) -> Image.Image:
    """A grey picture of 16 bits as RGB; Pillow's own conversion would cut off everything that is brighter than 255."""
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")


def shrink(image: Image.Image, side: int) -> Image.Image:
    """The picture with no side longer than `side`; never enlarged. Whole pixels are averaged where that comes close."""
    longer = max(image.size)
    if longer <= side:
        return image
    factor = -(-longer // side)
    if longer / factor >= side * CLOSE_ENOUGH:
        return image.reduce(factor)
    size = (max(1, round(image.width * side / longer)), max(1, round(image.height * side / longer)))
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=1.0)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as sRGB, which every reader assumes once the profile is gone. An unreadable profile is ignored."""
    if profile:
        try:
            return converted(image, profile)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


def converted(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture from its own profile into sRGB, unless that is what its profile is."""
    small = len(profile) <= LARGEST_PROFILE
    transform = (transform_of if small else transform_of.__wrapped__)(profile, image.mode)
    if transform is None:
        return image
    return transform.apply_in_place(image) if image.mode == "RGB" else transform.apply(image)


@lru_cache(PROFILES)
def transform_of(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What converts pixels from this profile into sRGB, None where they are that; safe to share between threads."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if mode == "RGB" and ImageCms.getProfileDescription(source).startswith("sRGB"):
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def jpeg(image: Image.Image) -> bytes:
    """A JPEG file of the pixels alone. Pillow would write the comment of the original, so its memory is emptied."""
    image.info = {}
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
