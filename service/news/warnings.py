"""Urgent announcements as warnings for other services: Common Alerting Protocol 1.2 (OASIS)."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring
from zoneinfo import ZoneInfo

from service.db.types import AnyRow
from service.gis.locating import district_names
from service.media.finding import files_named
from service.municipalities.directory import Municipality
from service.news.content import attached_in
from service.news.kinds.announcement import EMERGENCY, is_warning
from service.news.kinds.facts import instant
from service.news.places import Addresses
from service.news.presenting import attachments_of, html_of, pictures_of
from service.news.rendering import for_xml, plain
from service.text import pick

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
LONGEST_HEADLINE = 160
ALERT, UPDATE, CANCEL = "Alert", "Update", "Cancel"
register_namespace("cap", NAMESPACE)


def message_type(row: AnyRow) -> str | None:
    """What an announcement says to other services now; None: nothing, and nothing that was said is to be undone."""
    if row.content is not None and is_warning(row.kind, row.content):
        return ALERT if row.previous_at is None else UPDATE
    return None if row.previous_at is None else CANCEL


def warning_of(row: AnyRow, addresses: Addresses) -> bytes | None:
    """The announcement as an alert, or as an update of the one before, with one `info` for each language; what is no
    warning any more calls the one before off, and what was none is None.
    """
    here, kind = addresses.here, message_type(row)
    if kind is None:
        return None
    alert = Element(tag("alert"))
    add(alert, "identifier", f"{row.uid}.{row.times}")
    add(alert, "sender", f"{here.slug}.plateia")
    add(alert, "sent", moment(row.updated_at, here))
    add(alert, "status", "Actual")
    add(alert, "msgType", kind)
    add(alert, "scope", "Public")
    if row.previous_at is not None:
        before = f"{here.slug}.plateia,{row.uid}.{row.times - 1},{moment(row.previous_at, here)}"
        add(alert, "references", before)
    files = {} if kind == CANCEL else files_of(row.content, here)
    for language in sorted(row.content["title"]) if kind != CANCEL else ():
        add_info(alert, row, language, addresses, files)
    found: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return found


def add_info(
    alert: Element, row: AnyRow, language: str, addresses: Addresses, files: Mapping[uuid.UUID, AnyRow]
) -> None:
    here, content = addresses.here, row.content
    facts, title = content["facts"], for_xml(content["title"][language])
    info = SubElement(alert, tag("info"))
    add(info, "language", language)
    add(info, "category", facts.get("hazard", "Other"))
    add(info, "event", title)
    add(info, "urgency", "Immediate" if facts["urgency"] == EMERGENCY else "Expected")
    add(info, "severity", facts.get("severity", "Unknown"))
    add(info, "certainty", facts.get("certainty", "Unknown"))
    if "begins_at" in facts:
        add(info, "onset", moment(instant(facts["begins_at"]), here))
    add(info, "expires", moment(instant(facts["ends_at"]), here))
    add(info, "senderName", pick(here.name, language, here.main_language))
    add(info, "headline", title[:LONGEST_HEADLINE])
    add(info, "description", for_xml(plain(html_of(row, language))))
    if "instruction" in facts:
        add(info, "instruction", for_xml(pick(facts["instruction"], language, content["main_language"])))
    add(info, "web", f"{addresses.page(row.uid)}?language={language}")
    for uid, words, address in resources(row, language, addresses):
        if uid in files:
            add_resource(info, files[uid], words, address)
    add_areas(info, row, language, here)


def files_of(content: Mapping[str, Any], here: Municipality) -> Mapping[uuid.UUID, AnyRow]:
    """What is known of the pictures and documents of a version, by one statement; none where it has none."""
    return files_named(here, [uuid.UUID(one["id"]) for one in (*content["pictures"], *attached_in(content))])


def resources(row: AnyRow, language: str, addresses: Addresses) -> Iterator[tuple[uuid.UUID, str, str]]:
    """(id, words, address) of each picture, which says what can be seen, and then of each document."""
    for one in pictures_of(row.content, language):
        yield uuid.UUID(one["id"]), one["alt"], addresses.picture(row.uid, one["id"])
    for one in attachments_of(row.content, language):
        yield uuid.UUID(one["id"]), one["title"], addresses.document(row.uid, one["id"])


def add_resource(info: Element, file: AnyRow, words: str, address: str) -> None:
    """A file as it is given out at its address (3.2.3): a picture as its large rendition. The digest is left out of
    what was kept before we made any.
    """
    resource = SubElement(info, tag("resource"))
    add(resource, "resourceDesc", for_xml(words))
    add(resource, "mimeType", file.media_type)
    add(resource, "size", str(file.bytes))
    add(resource, "uri", address)
    if file.sha1:
        add(resource, "digest", file.sha1)


def add_areas(info: Element, row: AnyRow, language: str, here: Municipality) -> None:
    """Its districts, or the whole municipality; its place as a circle of a kilometre's radius at most."""
    keys = row.content["districts"]
    names = [pick(district_names(here, key), language, here.main_language) for key in keys]
    area = SubElement(info, tag("area"))
    add(area, "areaDesc", "; ".join(names) or pick(here.name, language, here.main_language))
    place = row.content["facts"].get("place", {})
    if "lon" in place:
        add(area, "circle", f"{place['lat']},{place['lon']} 1")
    for key in keys:
        code = SubElement(area, tag("geocode"))
        add(code, "valueName", "district")
        add(code, "value", key)


def moment(at: datetime, here: Municipality) -> str:
    """An instant as CAP writes it: whole seconds, with the offset of the municipality, never Z."""
    return at.astimezone(ZoneInfo(here.time_zone)).isoformat(timespec="seconds")


def tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, tag(name)).text = text
