"""An article as a page of its own, for whoever follows a link without the app; and the page of the newest ones.

They run nothing, and are read on a phone as on a desk, without any picture, and with a screen reader.
"""

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
from service.pages import framed
from service.text import N_, locale_of, pick, say

NOT_TRANSLATED = N_("This text is not translated.")
NEWS_OF = N_("{municipality}: news")
OTHER_LANGUAGES, SUBSCRIBE, PUBLISHED = N_("Languages"), N_("Subscribe"), N_("Published on {day}")
CALENDAR, NOTHING = N_("Calendar of events"), N_("There is nothing here at the moment.")
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
    head = "".join(HEAD.format(kind=kind, url=escape(f"{addresses.news}/{path}")) for _, path, kind in FEEDS)
    return framed(
        wanted,
        name,
        canonical(addresses.list) + head,
        f"<h1>{escape(name)}</h1>\n{found}<footer>{choice(say(wanted, SUBSCRIBE), links)}</footer>\n",
    )


def canonical(address: str) -> str:
    return f'<link rel="canonical" href="{escape(address)}">\n'


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
    data = in_script(linked_data(row, cancelled, language, addresses))
    return framed(
        language,
        row.content["title"][language],
        f'{canonical(addresses.page(row.uid))}<script type="application/ld+json">{data}</script>\n',
        "".join((*opening(row, wanted, addresses), *telling(row, cancelled, language, addresses))),
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
