"""Signed heads of all logs of a municipality as an Atom feed (RFC 4287): whoever subscribes keeps them elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from sqlalchemy import select

from service.consultation.models import Consultation, LogHead
from service.db import session
from service.db.types import AnyRow
from service.municipalities.directory import Municipality
from service.text import N_, pick, say

ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
MOST = 500
"""Heads of a feed; `listHeads` has all of a consultation."""
FEED_TITLE = N_("Signed heads of consultations: {municipality}")


def newest_heads(municipality: Municipality) -> Sequence[AnyRow]:
    """The newest heads of all consultations, newest first: uid, title, size, checkpoint, signed_at."""
    query = (
        select(Consultation.uid, Consultation.title, LogHead.size, LogHead.checkpoint, LogHead.signed_at)
        .join(LogHead, LogHead.consultation_id == Consultation.id)
        .where(Consultation.municipality_id == municipality.id)
    )
    order = LogHead.signed_at.desc(), LogHead.consultation_id.desc(), LogHead.size.desc()
    return session.execute(query.order_by(*order).limit(MOST)).all()


def feed_of(municipality: Municipality, heads: Sequence[AnyRow], home: str, spoken: str) -> bytes:
    """The feed; `home` is the address below which consultations stand."""
    main = municipality.main_language
    name = pick(municipality.name, spoken, main)
    feed = Element("feed", xmlns=ATOM)
    begun = heads[0].signed_at if heads else datetime.fromtimestamp(0, UTC)
    front(feed, f"{home}/heads/feed", say(spoken, FEED_TITLE, municipality=name), begun)
    SubElement(SubElement(feed, "author"), "name").text = name
    for head in heads:
        entry = SubElement(feed, "entry")
        front(entry, f"urn:uuid:{head.uid}#{head.size}", pick(head.title, spoken, main), head.signed_at)
        SubElement(entry, "link", href=f"{home}/{head.uid}")
        SubElement(entry, "content", type="text").text = head.checkpoint
    made: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return made


def front(of: Element, name: str, title: str, updated: datetime) -> None:
    """What a feed and an entry begin with."""
    for tag, text in (("id", name), ("title", title), ("updated", updated.astimezone(UTC).isoformat())):
        SubElement(of, tag).text = text
