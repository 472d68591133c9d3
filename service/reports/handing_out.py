"""What a person reported, for them to keep: in words of their language, without what staff wrote for themselves."""

from typing import Any

from sqlalchemy import select

from service.db import session
from service.media.finding import photos_of
from service.municipalities.directory import Municipality
from service.reports.finding import entries, texts
from service.reports.listing import reports
from service.reports.presenting import Words
from service.reports.states import STATES
from service.text import say

COLUMNS = (
    reports.c.id,
    reports.c.uid,
    reports.c.number,
    reports.c.category_id,
    reports.c.department_id,
    reports.c.state,
    reports.c.description,
    reports.c.answers,
    reports.c.longitude,
    reports.c.latitude,
    reports.c.accuracy,
    reports.c.address,
    reports.c.district,
    reports.c.created_at,
    reports.c.promised_at,
)


def reports_of(here: Municipality, account_id: int, language: str) -> list[dict[str, Any]]:
    """Every report of this person with its history and the names of its photos' files, the oldest first."""
    words = Words(here, here.language_for(language))
    query = select(*COLUMNS).where(reports.c.reporter_id == account_id).order_by(reports.c.id)
    return [shown(here, words, row, here.language_for(language)) for row in session.execute(query).all()]


def shown(here: Municipality, words: Words, row: Any, language: str) -> dict[str, Any]:
    """One report."""
    history = history_of(row.id, language)
    owners = {f"report:{row.uid}": None} | {f"entry:{step.pop('uid')}": None for step in history}
    photos = [photo for found in photos_of(here, list(owners)).values() for photo in found]
    return {
        "number": row.number,
        "id": row.uid,
        "category": words.categories[row.category_id][1],
        "department": words.departments[row.department_id][1],
        "state": words.states[row.state],
        "description": row.description,
        "answers": row.answers,
        "longitude": row.longitude,
        "latitude": row.latitude,
        "accuracy_metres": row.accuracy,
        "address": row.address,
        "district": words.districts[row.district],
        "reported_at": row.created_at,
        "promised_at": row.promised_at,
        "photos": [
            {"id": photo.uid, "file": f"photos/{row.number}-{place}.jpg", "what_can_be_seen": photo.alt}
            for place, photo in enumerate(photos, 1)
        ],
        "history": history,
    }


def history_of(report_id: int, language: str) -> list[dict[str, Any]]:
    """What happened to it: when, by whom of reporter, staff and service, and what they told each other."""
    query = (
        select(entries.c.uid, entries.c.at, entries.c.by_kind, entries.c.state, texts.c.public)
        .outerjoin(texts, texts.c.entry_id == entries.c.id)
        .where(entries.c.report_id == report_id)
        .order_by(entries.c.version)
    )
    return [
        {
            "uid": row.uid,
            "at": row.at,
            "by": row.by_kind,
            "state": say(language, STATES[row.state].label),
            "note": row.public,
        }
        for row in session.execute(query)
    ]
