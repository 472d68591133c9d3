"""What an article is in the words of schema.org, as JSON-LD, for search engines."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import orjson

from service.db.types import AnyRow
from service.news.kinds import KINDS
from service.news.places import Addresses
from service.news.presenting import attachments_of, facts_in, html_of
from service.news.recurring import times_of
from service.news.rendering import plain
from service.text import pick


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
