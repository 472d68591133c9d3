"""Graphs as SVG and PNG, from one list of shapes. Numbers and words tell everything that lengths and colours do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from service.consultation.results.charting import Bar, Chart
from service.plans import files
from service.text.cells import clean

FONTS = Path(files.__path__[0]) / "fonts"
SVG = "http://www.w3.org/2000/svg"
WIDTH, MARGIN, LABELS = 900, 24, 300
"""Of the picture, of its edges, and of the part where the labels stand; in pixels."""
WORDS = 190
"""The part behind the longest bar."""
BREAKS = re.compile(r"[^\S\u00a0\u202f]+")
"""Where a line may end: not at the spaces inside a number."""
LINE, BAR, GAP = 20, 26, 14
BIG, SMALL = 20, 15
INK, STRONG, PLAIN, PAPER = "#1a1a1a", "#0b4f8a", "#5f6f7f", "#ffffff"
"""On white 4.5 : 1 or more each; a bar that stands out also says so in words."""
SCALE = 2
"""Of the PNG, so that it is sharp on phones."""


@dataclass(frozen=True)
class Box:
    """A bar at its place."""

    x: int
    y: int
    width: int
    height: int
    colour: str


@dataclass(frozen=True)
class Words:
    """A line of text; `y` is its base line. `end`: it ends at `x`."""

    x: int
    y: int
    text: str
    size: int = SMALL
    bold: bool = False
    end: bool = False


Shapes = tuple[int, list[Box], list[Words]]
"""Height of the picture, bars and lines."""


@cache
def font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """A font with Greek, Cyrillic and Latin letters."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(FONTS / name), size, layout_engine=ImageFont.Layout.BASIC)


def wrapped(text: str, width: int, size: int, bold: bool = False) -> Iterator[str]:
    """The text in lines that fit; a word that is too long by itself is cut."""
    line, measure = "", font(size, bold).getlength
    for word in BREAKS.split(clean(text).strip()):
        while measure(word) > width:
            fits = next(end for end in range(len(word), 0, -1) if measure(word[:end]) <= width or end == 1)
            if line:
                yield line
                line = ""
            yield word[:fits]
            word = word[fits:]
        longer = f"{line} {word}".strip()
        if measure(longer) > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def label_of(bar: Bar) -> list[str]:
    """What stands before a bar, in lines."""
    return list(wrapped(bar.label, LABELS, SMALL, bar.strong))


def height_of(label: list[str]) -> int:
    """Of a bar with such a label."""
    return max(BAR, LINE * len(label))


def parts_of(chart: Chart, tallest: int) -> Iterator[Chart]:
    """The graph in parts whose bars are together about so high at most, each bar as long as in the whole."""
    part: list[Bar] = []
    y = 0
    for bar in chart.bars:
        height = height_of(label_of(bar)) + GAP
        if part and y + height > tallest:
            yield replace(chart, bars=part)
            part, y = [], 0
        part.append(bar)
        y += height
    yield replace(chart, bars=part)


def shapes_of(chart: Chart) -> Shapes:
    """Where everything stands: the title, each bar with its label before and its number behind it, the note."""
    boxes: list[Box] = []
    lines: list[Words] = []
    y = MARGIN
    for text in wrapped(chart.title, WIDTH - 2 * MARGIN, BIG, bold=True):
        y += BIG + 6
        lines.append(Words(MARGIN, y, text, BIG, bold=True))
    y += GAP + 4
    start, room = MARGIN + LABELS + 10, WIDTH - 2 * MARGIN - LABELS - WORDS - 10
    for bar in chart.bars:
        label = label_of(bar)
        height = height_of(label)
        middle = y + height // 2
        for number, text in enumerate(label):
            base = middle + LINE * number - LINE * (len(label) - 1) // 2 + SMALL // 3
            lines.append(Words(MARGIN + LABELS, base, text, bold=bar.strong, end=True))
        length = room * (bar.value or 0) // chart.longest
        boxes.append(Box(start, middle - BAR // 2, max(length, 1), BAR, STRONG if bar.strong else PLAIN))
        lines.append(Words(start + length + 8, middle + SMALL // 3, bar.words, bold=bar.strong))
        y += height + GAP
    for text in wrapped(chart.note, WIDTH - 2 * MARGIN, SMALL):
        y += LINE
        lines.append(Words(MARGIN, y, text))
    return y + MARGIN, boxes, lines


def svg(chart: Chart) -> bytes:
    """The graph as SVG, with a title and a description for who has it read out."""
    height, boxes, lines = shapes_of(chart)
    size = {"width": str(WIDTH), "height": str(height), "viewBox": f"0 0 {WIDTH} {height}"}
    said = {"role": "img", "aria-labelledby": "title description", "lang": chart.language}
    root = ElementTree.Element("svg", {"xmlns": SVG, **size, **said, "font-family": "DejaVu Sans, Verdana, sans-serif"})
    ElementTree.SubElement(root, "title", {"id": "title"}).text = clean(chart.title)
    ElementTree.SubElement(root, "desc", {"id": "description"}).text = clean(chart.description)
    ElementTree.SubElement(root, "rect", {"width": str(WIDTH), "height": str(height), "fill": PAPER})
    for box in boxes:
        place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        ElementTree.SubElement(root, "rect", {name: str(at) for name, at in place.items()} | {"fill": box.colour})
    for line in lines:
        style = {"font-size": str(line.size), "font-weight": "bold" if line.bold else "normal", "fill": INK}
        style["text-anchor"] = "end" if line.end else "start"
        ElementTree.SubElement(root, "text", {"x": str(line.x), "y": str(line.y), **style}).text = line.text
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def png(chart: Chart) -> bytes:
    """The graph as PNG, with the same description inside."""
    height, boxes, lines = shapes_of(chart)
    picture = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        corners = (box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
        draw.rectangle([at * SCALE for at in corners], fill=box.colour)
    for line in lines:
        anchor = "rs" if line.end else "ls"
        there = (line.x * SCALE, line.y * SCALE)
        draw.text(there, line.text, fill=INK, font=font(line.size * SCALE, line.bold), anchor=anchor)
    about = PngInfo()
    about.add_itxt("Title", chart.title, chart.language)
    about.add_itxt("Description", chart.description, chart.language)
    target = BytesIO()
    picture.save(target, "PNG", pnginfo=about)
    return target.getvalue()
