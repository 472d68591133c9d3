"""An article as a page of its own, for whoever follows a link without the app; and the page of the newest ones.

They bring one style, which is named in their policy, run nothing, and are read on a phone as on a desk, by light and in
the dark, without any picture, and with a screen reader.
"""

import base64
import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from service.db.types import AnyRow
from service.media.renditions import ENDINGS
from service.news.kinds import KINDS
from service.news.kinds.announcement import is_warning
from service.news.linked_data import in_script, linked_data
from service.news.page_facts import PAPERS, WORDS, Reading, facts_html
from service.news.places import Addresses
from service.news.presenting import attachments_of, html_of, pictures_of, spoken
from service.news.rendering import for_xml
from service.text import N_, locale_of, pick, say

NOT_TRANSLATED = N_("This text is not translated.")
NEWS_OF = N_("{municipality}: news")
OTHER_LANGUAGES, SUBSCRIBE, PUBLISHED = N_("Languages"), N_("Subscribe"), N_("Published on {day}")
CALENDAR, NOTHING = N_("Calendar of events"), N_("There is nothing here at the moment.")
STYLE = """
:root { color-scheme: light dark }
body { margin: 0; font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: break-word }
main { max-width: 42rem; margin: 0 auto; padding: 1rem 1rem 3rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .25rem 0 .75rem }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 1.75rem 0 .5rem }
img { display: block; max-width: 100%; max-height: 75vh; height: auto; margin: 1.25rem 0 }
dl { border: solid; border-width: 1px 0; padding: .75rem 0 }
dt { font-weight: 600 }
dd { margin: 0 0 .25rem }
@media (min-width: 36rem) {
  dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0 1.5rem }
  dt, dd { grid-column: 2 }
  dt { grid-column: 1 }
  dt + dd { grid-row: auto }
}
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { border: 1px solid; padding: .25rem .75rem; text-align: start }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
.items { list-style: none; padding: 0 }
.items li { border-top: 1px solid; padding: .75rem 0 }
.items a { font-size: 1.125rem; font-weight: 600 }
.items p, .small { margin: 0; font-size: .9375rem }
.lead { font-size: 1.1875rem }
.alarm { background: #a30015; color: #fff; font-weight: 700; padding: .5rem .75rem }
footer { margin-top: 2.5rem; border-top: 1px solid }
"""
STYLE_NAME = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""What the policy of the pages calls their style."""
FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="canonical" href="{url}">
{head}<style>{style}</style>
</head>
<body>
<main>
{main}</main>
</body>
</html>
"""
HEAD = """<link rel="alternate" type="{kind}" href="{url}">
"""
FEEDS = (("RSS", "feeds/rss", "application/rss+xml"), ("Atom", "feeds/atom", "application/atom+xml"))


def list_of(rows: Sequence[AnyRow], wanted: str, addresses: Addresses) -> str:
    """The page of what was published last: titles that lead to the articles, each marked with its own language."""
    name = say(wanted, NEWS_OF, municipality=pick(addresses.here.name, wanted, addresses.here.main_language))
    items = "".join(item_of(row, wanted, addresses) for row in rows)
    found = f'<ul class="items">\n{items}</ul>\n' if items else f"<p>{escape(say(wanted, NOTHING))}</p>\n"
    links = [(label, f"{addresses.news}/{path}?language={wanted}") for label, path, _ in FEEDS]
    links.append((say(wanted, CALENDAR), f"{addresses.news}/calendar.ics?language={wanted}"))
    return FRAME.format(
        language=wanted,
        title=escape(name),
        url=escape(addresses.list),
        head="".join(HEAD.format(kind=kind, url=escape(f"{addresses.news}/{path}")) for _, path, kind in FEEDS),
        style=STYLE,
        main=f"<h1>{escape(name)}</h1>\n{found}<footer>{choice(say(wanted, SUBSCRIBE), links)}</footer>\n",
    )


def item_of(row: AnyRow, wanted: str, addresses: Addresses) -> str:
    """An article in the list: its kind and day, its title, its summary; an urgent one says so."""
    content, language = row.content, spoken(row.content, wanted)
    title, summary = content["title"][language], pick(content["summary"], language, content["main_language"])
    link = f'<a href="{escape(addresses.page(row.uid))}?language={wanted}" lang="{language}">{escape(title)}</a>'
    told = f'<p lang="{language}">{escape(summary)}</p>' if summary else ""
    kind = " · ".join((*labels(row, wanted), day(row.published_at, wanted, addresses)))
    return f"<li><p>{escape(kind)}</p>{link}{told}</li>\n"


def labels(row: AnyRow, language: str) -> list[str]:
    """What kind of article it is, and which of that kind."""
    facts = row.content["facts"]
    which = facts.get("type") or (facts["urgency"] if is_warning(row.kind, row.content) else None)
    return [say(language, KINDS[row.kind].words), *([say(language, WORDS[which])] if which else [])]


def day(at: datetime, language: str, addresses: Addresses) -> str:
    return str(format_date(at.astimezone(ZoneInfo(addresses.here.time_zone)), "long", locale_of(language)))


def page_of(row: AnyRow, cancelled: Collection[datetime], wanted: str, addresses: Addresses) -> str:
    """The whole page in the wanted language, or in the main one with a note that says so."""
    language = spoken(row.content, wanted)
    title, data = escape(row.content["title"][language]), linked_data(row, cancelled, language, addresses)
    return FRAME.format(
        language=language,
        title=title,
        url=escape(addresses.page(row.uid)),
        head=f'<script type="application/ld+json">{in_script(data)}</script>\n',
        style=STYLE,
        main="".join((*opening(row, wanted, addresses), *telling(row, cancelled, language, addresses))),
    )


def opening(row: AnyRow, wanted: str, addresses: Addresses) -> Sequence[str]:
    """Whose it is, what it is, how urgent, what it is called, and whether it is translated."""
    content, here, language = row.content, addresses.here, spoken(row.content, wanted)
    name = escape(pick(here.name, language, here.main_language))
    summary = pick(content["summary"], language, content["main_language"])
    kind, *which = labels(row, language)
    note = f'<p lang="{wanted}">{escape(say(wanted, NOT_TRANSLATED))}</p>\n'
    alarm, said = which and is_warning(row.kind, content), " · ".join((kind, *which))
    return (
        f'<p class="small"><a href="{escape(addresses.list)}?language={wanted}">{name}</a> · ',
        f"{escape(kind)}</p>\n" if alarm else f"{escape(said)}</p>\n",
        f'<p class="alarm">{escape(which[0])}</p>\n' if alarm else "",
        f"<h1>{escape(content['title'][language])}</h1>\n",
        "" if language == wanted else note,
        f'<p class="lead">{escape(summary)}</p>\n' if summary else "",
    )


def telling(row: AnyRow, cancelled: Collection[datetime], language: str, addresses: Addresses) -> Sequence[str]:
    """What nobody may miss, the pictures, the text, the documents, the day, and in which languages there is more."""
    published = say(language, PUBLISHED, day=day(row.published_at, language, addresses))
    others = [
        (str(Locale.parse(one).get_display_name(one)).capitalize(), f"{addresses.page(row.uid)}?language={one}")
        for one in sorted(row.content["title"])
        if one != language
    ]
    return (
        facts_html(Reading(row, language, addresses, cancelled)),
        *(picture(one, row, addresses) for one in pictures_of(row.content, language)),
        html_of(row, language),
        documents_html(row, language, addresses),
        f'<footer><p class="small">{escape(published)}</p>\n',
        choice(say(language, OTHER_LANGUAGES), others),
        "</footer>\n",
    )


def choice(label: str, links: Sequence[tuple[str, str]]) -> str:
    """A row of links, with a name for who does not see that it is one; nothing where there are none."""
    items = "".join(f'<li><a href="{escape(address)}">{escape(words)}</a></li>' for words, address in links)
    return f'<nav aria-label="{escape(label)}"><ul>{items}</ul></nav>\n' if items else ""


def picture(one: dict[str, Any], row: AnyRow, addresses: Addresses) -> str:
    return f'<img src="{escape(addresses.picture(row.uid, one["id"]))}" alt="{escape(one["alt"])}">\n'


def documents_html(row: AnyRow, language: str, addresses: Addresses) -> str:
    """The documents as a list of links, each with its kind and size; nothing where there are none."""
    items = [
        f'<li><a href="{escape(addresses.document(row.uid, one["id"]))}">{escape(for_xml(one["title"]))}</a>'
        f" ({ENDINGS[one['media_type']].upper()}, {in_kilobytes(one['bytes'], language)})</li>"
        for one in attachments_of(row.content, language)
    ]
    return f"<h2>{escape(say(language, PAPERS))}</h2>\n<ul>{''.join(items)}</ul>\n" if items else ""


def in_kilobytes(count: int, language: str) -> str:
    return f"{format_decimal(max(1, round(count / 1000)), locale=locale_of(language))} kB"
