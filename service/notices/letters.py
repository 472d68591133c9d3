"""A digest as a letter: a subject, a text for every mail program, and the same as HTML for those that show it.

The HTML brings its few styles with it, because mail programs know no others; it loads nothing from anywhere, so that
nobody learns who reads it. Its colours are those of the program, light or dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from service.municipalities.directory import Municipality
from service.text import N_, pick, say

SUBJECT = N_("{municipality}: news ({count})")
MORE = N_("And {count} more: in the app, and at {address}")
MORE_THERE = N_("And {count} more: in the app, and on the page of the news.")
WHY = N_("You get this because you asked for it in the app, where you can also end it.")
STOP, STOP_AT = N_("Stop these mails"), N_("To stop these mails: {address}")

HTML = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="margin:0 auto;max-width:38em;padding:1em;font:16px/1.5 sans-serif">
<h1 style="font-size:1.4em;line-height:1.25">{subject}</h1>
{items}{more}<p style="margin-top:2.5em;border-top:1px solid;padding-top:1em;font-size:.875em">{why}<br>
<a href="{end}">{stop}</a></p>
</body>
</html>
"""
ITEM = """<h2 style="font-size:1.1em;line-height:1.3;margin:1.5em 0 .25em">{title}</h2>
{body}"""
BODY = '<p style="margin:0;white-space:pre-line">{body}</p>\n'


@dataclass(frozen=True)
class Item:
    """One thing that the letter tells: `body` and `address` are "" where there is none."""

    title: str
    body: str
    address: str = ""

    @property
    def text(self) -> str:
        return "\n".join(line for line in (self.title, self.body, self.address) if line)

    @property
    def html(self) -> str:
        title = escape(self.title)
        if self.address:
            title = f'<a href="{escape(self.address)}">{title}</a>'
        return ITEM.format(title=title, body=BODY.format(body=escape(self.body)) if self.body else "")


def letter(
    here: Municipality, spoken: str, items: Sequence[Item], count: int, everything: str, end: str
) -> dict[str, str]:
    """What a mail says of these first items of `count`; the addresses `everything`, where the rest is, and `end`, where
    one stops these mails.
    """
    subject = say(spoken, SUBJECT, municipality=pick(here.name, spoken, here.main_language), count=count)
    why, left = say(spoken, WHY), count - len(items)
    parts = [item.text for item in items]
    more = ""
    if left:
        parts.append(say(spoken, MORE, count=left, address=everything))
        words = escape(say(spoken, MORE_THERE, count=left))
        more = f'<p style="margin-top:2em"><a href="{escape(everything)}">{words}</a></p>\n'
    html = HTML.format(
        language=spoken,
        subject=escape(subject),
        items="".join(item.html for item in items),
        more=more,
        why=escape(why),
        end=escape(end),
        stop=escape(say(spoken, STOP)),
    )
    foot = f"{why}\n{say(spoken, STOP_AT, address=end)}\n"
    return {"subject": subject, "text": "\n\n".join([*parts, foot]), "html": html}
