"""Small photos made on the spot, with everything in them that must not come out again."""

import io
import struct
from typing import Any

import pillow_heif
from PIL import Image, ImageDraw, PngImagePlugin

pillow_heif.register_heif_opener(thumbnails=False)

OWN_WORDS = "ALICE-AT-HOME"
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 40), (30, 40, 210), (250, 250, 250)
CORNERS = (RED, GREEN, BLUE, WHITE)
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with a different colour in each quarter: red, green / blue, white."""
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    middle, centre = width // 2, height // 2
    draw.rectangle((middle, 0, width, centre), fill=GREEN)
    draw.rectangle((0, centre, middle, height), fill=BLUE)
    draw.rectangle((middle, centre, width, height), fill=WHITE)
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file of that format."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The picture in a file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def corners(image: Image.Image) -> tuple[tuple[int, int, int], ...]:
    """Which of the four colours is in each quarter, from the upper left to the lower right."""
    across, down = image.width // 4, image.height // 4
    places = ((across, down), (3 * across, down), (across, 3 * down), (3 * across, 3 * down))
    return tuple(nearest(image.convert("RGB").getpixel(place)) for place in places)


def colour_in(image: Image.Image) -> tuple[int, int, int]:
    """Red, green and blue in the middle of the picture."""
    across, down = image.width // 2, image.height // 2
    red, green, blue = image.convert("RGB").crop((across, down, across + 1, down + 1)).tobytes()
    return red, green, blue


def nearest(colour: Any) -> tuple[int, int, int]:
    """The one of the four colours that is most like this one."""
    return min(CORNERS, key=lambda known: sum(abs(a - b) for a, b in zip(known, colour, strict=True)))


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF as a phone writes it: its owner, where it was, when, which way up."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = f"{OWN_WORDS} description"
    data[0x013B] = f"{OWN_WORDS} artist"
    data.get_ifd(0x8825).update(
        {1: "N", 2: (40.0, 18.0, 3.21), 3: "E", 4: (21.0, 47.0, 22.7), 29: "2026:11:20", 27: OWN_WORDS.encode()}
    )
    data.get_ifd(0x8769).update({0x9003: "2026:11:20 21:05:00", 0x9286: OWN_WORDS.encode()})
    return data


def talkative(kind: str, orientation: int = 1) -> bytes:
    """A photo that tells everything about its maker, in every place that its format has."""
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{OWN_WORDS} xmp</x:xmpmeta>".encode()
    options: dict[str, Any] = {"exif": exif(orientation), "icc_profile": wide_gamut_profile()}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", f"{OWN_WORDS} text", zip=False)
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return encoded(scene(), kind, pnginfo=text, **options)
    if kind == "JPEG":
        return encoded(scene(), kind, comment=f"{OWN_WORDS} comment", xmp=xmp, **options) + OWN_WORDS.encode()
    image = scene()
    if kind == "HEIF":  # as a phone does: the container turns the picture and EXIF says it once more
        image.info["exif"] = options.pop("exif").tobytes()
    return encoded(image, kind, xmp=xmp, **options)


def wide_gamut_profile() -> bytes:
    """An ICC profile with the primaries of Display P3 (SMPTE EG 432-1, adapted to D50) and a gamma of 2.2."""
    columns = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
        b"wtpt": (0.96420, 1.0, 0.82491),
    }
    tags = {name: b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in xyz) for name, xyz in columns.items()}
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, int(2.2 * 256), 0)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    name = f"{OWN_WORDS} P3".encode() + b"\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * 79
    tags[b"cprt"] = b"text\0\0\0\0free\0\0\0\0"
    return profile_file(tags)


def fixed(value: float) -> bytes:
    """A number as s15Fixed16Number."""
    return struct.pack(">i", round(value * 65536))


def profile_file(tags: dict[bytes, bytes]) -> bytes:
    """The tags as an ICC version 2 file."""
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    header += fixed(0.9642) + fixed(1.0) + fixed(0.82491)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, content) of every segment of a JPEG file before its picture, then what follows the picture."""
    assert jpeg.startswith(b"\xff\xd8")
    at, found = 2, []
    while jpeg[at + 1] != 0xDA:
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        found.append((jpeg[at + 1], jpeg[at + 4 : at + 2 + length]))
        at += 2 + length
    assert jpeg.endswith(b"\xff\xd9")
    assert jpeg.count(b"\xff\xd9") == jpeg.count(b"\xff\xd8") == 1
    return found
