"""An article as a page of its own, for whoever follows a link without the app; with schema.org's words as JSON-LD."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from babel.dates import format_date
from babel.numbers import format_decimal

from service.db.types import AnyRow
from service.media.renditions import ENDINGS
from service.news.kinds import KINDS
from service.news.messages import when
from service.news.places import Addresses
from service.news.presenting import attachments_of, facts_in, html_of, pictures_of, spoken
from service.news.recurring import times_of
from service.news.rendering import for_xml, plain
from service.text import N_, locale_of, pick, say

UNTIL = ("ends_at", "deadline")
TOLD = ("instruction", "how_to_take_part", "accessibility")
NOT_TRANSLATED = N_("This text is not translated.")
PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="canonical" href="{url}">
<script type="application/ld+json">{data}</script>
</head>
<body>
<main>
<p>{name}</p>
<h1>{title}</h1>
{note}{summary}{facts}{pictures}{body}{documents}
</main>
</body>
</html>
"""
LIST = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="canonical" href="{url}">
</head>
<body>
<main>
<h1>{name}</h1>
<ul>
{items}</ul>
</main>
</body>
</html>
"""


def list_of(rows: Sequence[AnyRow], wanted: str, addresses: Addresses) -> str:
    """The page of what was published last: titles that lead to the articles, each marked with its own language."""
    here, items = addresses.here, []
    for row in rows:
        language = spoken(row.content, wanted)
        day = format_date(row.published_at.astimezone(ZoneInfo(here.time_zone)), "long", locale_of(wanted))
        link = f'<a href="{escape(addresses.page(row.uid))}?language={wanted}" lang="{language}">'
        items.append(f"<li>{link}{escape(row.content['title'][language])}</a> ({escape(day)})</li>\n")
    name = escape(pick(here.name, wanted, here.main_language))
    return LIST.format(language=wanted, name=name, url=escape(addresses.list), items="".join(items))


def page_of(row: AnyRow, cancelled: Collection[datetime], wanted: str, addresses: Addresses) -> str:
    """The whole page in the wanted language, or in the main one with a note that says so."""
    content, here = row.content, addresses.here
    language, main = spoken(content, wanted), content["main_language"]
    summary = pick(content["summary"], language, main)
    note = "" if language == wanted else f'<p lang="{wanted}">{escape(say(wanted, NOT_TRANSLATED))}</p>\n'
    return PAGE.format(
        language=language,
        title=escape(content["title"][language]),
        url=escape(addresses.page(row.uid)),
        data=in_script(linked_data(row, cancelled, language, addresses)),
        name=escape(pick(here.name, language, here.main_language)),
        note=note,
        summary=f"<p>{escape(summary)}</p>\n" if summary else "",
        facts="".join(f"<p>{escape(line)}</p>\n" for line in telling_facts(row, language, addresses)),
        pictures="".join(picture(one, row, addresses) for one in pictures_of(content, language)),
        body=html_of(row, language),
        documents=documents_html(row, language, addresses),
    )


def telling_facts(row: AnyRow, language: str, addresses: Addresses) -> Iterator[str]:
    """What nobody may miss: when and where, what to do, until when."""
    here, main = addresses.here, row.content["main_language"]
    facts = facts_in(row.kind, row.content["facts"], language, main)
    if row.kind == "event":
        yield when(here, times_of(facts, here.time_zone)[0].starts_at.isoformat(), language)
    for name in UNTIL:
        if name in facts:
            yield f"→ {when(here, facts[name], language)}"
    yield from (facts[name] for name in TOLD if name in facts)
    if "name" in facts.get("place", {}):
        yield facts["place"]["name"]


def picture(one: dict[str, Any], row: AnyRow, addresses: Addresses) -> str:
    return f'<img src="{escape(addresses.picture(row.uid, one["id"]))}" alt="{escape(one["alt"])}">\n'


def documents_html(row: AnyRow, language: str, addresses: Addresses) -> str:
    """The documents as a list of links, each with its kind and size; nothing where there are none."""
    items = [
        f'<li><a href="{escape(addresses.document(row.uid, one["id"]))}">{escape(for_xml(one["title"]))}</a>'
        f" ({ENDINGS[one['media_type']].upper()}, {in_kilobytes(one['bytes'], language)})</li>"
        for one in attachments_of(row.content, language)
    ]
    return f"<ul>{''.join(items)}</ul>\n" if items else ""


def in_kilobytes(count: int, language: str) -> str:
    return f"{format_decimal(max(1, round(count / 1000)), locale=locale_of(language))} kB"


def in_script(data: dict[str, Any]) -> str:
    """JSON that no text in it can end the script with."""
    return orjson.dumps(data).decode().replace("<", "\\u003c")


def linked_data(row: AnyRow, cancelled: Collection[datetime], language: str, addresses: Addresses) -> dict[str, Any]:
    """What the article is in the words of schema.org."""
    content, here = row.content, addresses.here
    main = content["main_language"]
    facts = facts_in(row.kind, content["facts"], language, main)
    title = content["title"][language]
    publisher = {"@type": "GovernmentOrganization", "name": pick(here.name, language, here.main_language)}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": KINDS[row.kind].schema_type,
        "@id": f"urn:uuid:{row.uid}",
        "url": addresses.page(row.uid),
        "name": title,
        "inLanguage": language,
    }
    if content["pictures"]:
        data["image"] = [addresses.picture(row.uid, one["id"]) for one in content["pictures"]]
    if summary := pick(content["summary"], language, main):
        data["description"] = summary
    if documents := [media_object(one, row, addresses) for one in attachments_of(content, language)]:
        data["subjectOf" if row.kind == "event" else "associatedMedia"] = documents
    if row.kind == "event":
        about = about_event(row, facts, cancelled, addresses, publisher["name"])
        return data | about | {"organizer": organiser(facts, publisher)}
    data |= {
        "headline": title,
        "datePublished": row.published_at.isoformat(),
        "dateModified": row.updated_at.isoformat(),
        "author": publisher,
        "publisher": publisher,
    }
    if row.kind == "announcement":
        data["text"] = plain(html_of(row, language)) or title
    if row.expires_at is not None:
        data["expires"] = row.expires_at.isoformat()
    return data


def media_object(one: Mapping[str, Any], row: AnyRow, addresses: Addresses) -> dict[str, str]:
    """A document in the words of schema.org."""
    return {
        "@type": "MediaObject",
        "name": one["title"],
        "contentUrl": addresses.document(row.uid, one["id"]),
        "encodingFormat": one["media_type"],
        "contentSize": str(one["bytes"]),
    }


def organiser(facts: dict[str, Any], publisher: dict[str, str]) -> dict[str, str]:
    return {"@type": "Organization", "name": facts["organiser"]} if "organiser" in facts else publisher


def about_event(
    row: AnyRow, facts: dict[str, Any], cancelled: Collection[datetime], addresses: Addresses, town: str
) -> dict[str, Any]:
    """When and where: the first time that takes place, or the first of all where none does."""
    times = times_of(row.content["facts"], addresses.here.time_zone)
    left = [time for time in times if time.starts_at not in cancelled]
    status = "EventScheduled" if left else "EventCancelled"
    found: dict[str, Any] = {"eventStatus": f"https://schema.org/{status}"}
    found |= attendance(facts, location(facts["place"], town, addresses.here.country))
    first = (left or times)[0]
    found |= {"startDate": first.starts_at.isoformat(), "endDate": first.ends_at.isoformat()}
    if "capacity" in facts:
        found["maximumAttendeeCapacity"] = facts["capacity"]
    return found


def attendance(facts: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """At the place, or there and online."""
    if "online" not in facts:
        return {"eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode", "location": place}
    both = [place, {"@type": "VirtualLocation", "url": facts["online"]}]
    return {"eventAttendanceMode": "https://schema.org/MixedEventAttendanceMode", "location": both}


def location(place: dict[str, Any], town: str, country: str) -> dict[str, Any]:
    """The place, by the municipality's name where it has none."""
    address = {"@type": "PostalAddress", "addressLocality": town, "addressCountry": country}
    found: dict[str, Any] = {"@type": "Place", "name": place.get("name") or town, "address": address}
    if "lon" in place:
        found["geo"] = {"@type": "GeoCoordinates", "latitude": place["lat"], "longitude": place["lon"]}
    return found
