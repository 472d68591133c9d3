"""What somebody wrote as HTML that is safe to show: Markdown by markdown-it, then only harmless tags by nh3."""

from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt

MARKDOWN, HTML = "markdown", "html"
TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4", "hr", "i", "li"),
    *("ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "abbr": {"title"}, "th": {"scope"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel"}
REL = "noopener noreferrer nofollow"
BREAKS = {"</p>", "</li>", "</h2>", "</h3>", "</h4>", "<br>", "</tr>", "</blockquote>"}

reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535)) | dict.fromkeys(range(0xD800, 0xE000))
"""Characters that no XML document can hold, to be given to `str.translate`."""


@lru_cache(maxsize=512)
def safe_html(text: str, written_as: str = MARKDOWN) -> str:
    """The text as HTML of TAGS only: no scripts, styles, pictures or frames, and links only to SCHEMES."""
    html = lower_headings(reader.render(text)) if written_as == MARKDOWN else text
    cleaned: str = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=REL)
    return cleaned.translate(NOT_XML)


def lower_headings(html: str) -> str:
    """A page has one first heading, its title: what is written as one is a second."""
    return html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")


def plain(html: str) -> str:
    """The text of safe HTML, a line for each paragraph."""
    for end in BREAKS:
        html = html.replace(end, f"{end}\n")
    lines = (" ".join(line.split()) for line in unescape(nh3.clean(html, tags=set())).splitlines())
    return "\n".join(line for line in lines if line)


def for_xml(text: str) -> str:
    """The text without what no XML document can hold."""
    return text.translate(NOT_XML)
