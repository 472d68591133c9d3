"""Results of consultations in JSON: who took part, what became of it, and votes with names."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.consultation.results.charting import LONGEST
from service.consultation.schemas import INSTANT, UID, texts
from service.consultation.subject_schemas import NAMED
from service.http import PageQuery, following

MOST_OUTCOMES = 20
LINKED = ("plan", "plan_element", "article", "report", "layer", "feature", "consultation")


class StatisticsCellOut(Schema):
    """How many took part of one group."""

    key = fields.String(
        required=True,
        metadata={"description": "A channel, the key of a district, an age band such as `25-34` or `65-`; `unknown`."},
    )
    name = fields.String(required=True)
    count = fields.Integer(required=True, allow_none=True, metadata={"description": "Null: it is not shown."})


class StatisticsTableOut(Schema):
    """Who took part, by one thing."""

    by = fields.String(required=True, metadata={"description": "`channel`, `district` or `age`."})
    name = fields.String(required=True)
    why = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why there are no cells: `few` took part, or it is `not_known` of them."},
    )
    cells = fields.List(fields.Nested(StatisticsCellOut), required=True)


class StatisticsOut(Schema):
    """Who took part in a consultation that is over. It never changes. Where nobody voted, `words` alone says it."""

    example: ClassVar[dict[str, Any]] = {
        "consultation": UID.replace("-", ""),
        "fewest": 5,
        "participations": 812,
        "one_per": "person",
        "eligible": 21500,
        "eligible_source": "Register of citizens, 1 November 2026",
        "percent": "3.8",
        "year": 2026,
        "tables": [
            {
                "by": "age",
                "name": "Who took part, by age",
                "why": None,
                "cells": [{"key": "0-24", "name": "0–24", "count": None}, {"key": "65-", "name": "65+", "count": 240}],
            }
        ],
        "words": ["People who took part: 812, one ballot per person."],
    }

    consultation = fields.String(required=True)
    fewest = fields.Integer(required=True, metadata={"description": "Groups of fewer people are not shown."})
    participations = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null: there was no vote."}
    )
    one_per = fields.String(required=True)
    eligible = fields.Integer(required=True, allow_none=True)
    eligible_source = fields.String(required=True, allow_none=True)
    percent = fields.String(
        required=True, allow_none=True, metadata={"description": "Participations of a hundred who might have, `3.8`."}
    )
    year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Ages are those of its 31 December."}
    )
    tables = fields.List(fields.Nested(StatisticsTableOut), required=True)
    words = fields.List(fields.String(), required=True, metadata={"description": "The same in sentences, to be shown."})


class FileQuery(Schema):
    """In which language."""

    language = fields.String(
        load_default=None, allow_none=True, metadata={"description": "`el`, `bg`, `lt`, `en`; else as Accept-Language."}
    )


class GraphQuery(FileQuery):
    """Of what, and in which language."""

    of = fields.String(
        required=True,
        validate=validate.Length(1, 32),
        metadata={"description": "The key of a question, or `channel`, `district`, `age`.", "example": "trees"},
    )


class ConsultationOutcomeLinkIn(Schema):
    """Something in which it can be seen what became of the result."""

    example: ClassVar[dict[str, Any]] = {"kind": "consultation", "id": UID}

    kind = fields.String(required=True, validate=validate.OneOf(LINKED))
    id = fields.String(required=True, validate=NAMED)


class ConsultationOutcomeIn(Schema):
    """What became of a result, said on a day."""

    example: ClassVar[dict[str, Any]] = {
        "said_on": "2026-12-15",
        "title": {"el": "Τα δέντρα φυτεύτηκαν", "en": "The trees are planted"},
        "text": {"el": "Το συμβούλιο το αποφάσισε στις 10.12.", "en": "The council decided it on 10 December."},
        "links": [],
        "corrects": None,
    }

    said_on = fields.Date(required=True)
    title = texts(LONGEST, required=True)
    text = texts(10000, required=True)
    links = fields.List(fields.Nested(ConsultationOutcomeLinkIn), load_default=list, validate=validate.Length(max=20))
    corrects = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "`id` of what it stands in place of."}
    )
    blanks = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Take title, text and links out of what it `corrects`, and of all that this one corrected: "
            "for words that nobody may read any more. It cannot be undone."
        },
    )


class ConsultationOutcomeLinkOut(Schema):
    """Something in which it can be seen, with its address from the root."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    address = fields.String(required=True, allow_none=True, metadata={"description": "Null: it is there no more."})


class ConsultationOutcomeOut(Schema):
    """What became of a result."""

    example: ClassVar[dict[str, Any]] = {
        "id": UID,
        "said_on": "2026-12-15",
        "title": "The trees are planted",
        "text": "The council decided it on 10 December.",
        "links": [{"kind": "plan_element", "id": UID, "address": "/api/v1/kozani/plans/2024/elements/2.1.4"}],
        "corrects": None,
        "corrected_by": None,
        "created_at": INSTANT,
    }

    id = fields.UUID(required=True)
    said_on = fields.Date(required=True)
    title = fields.String(
        required=True, metadata={"description": "Empty, as `text`: what stands in its place took the words out."}
    )
    text = fields.String(required=True)
    links = fields.List(fields.Nested(ConsultationOutcomeLinkOut), required=True)
    corrects = fields.UUID(required=True, allow_none=True)
    corrected_by = fields.UUID(
        required=True, allow_none=True, metadata={"description": "What stands in its place: show that one instead."}
    )
    created_at = fields.AwareDateTime(required=True)


class OutcomesQuery(PageQuery):
    """How much, and after what."""

    limit = fields.Integer(
        load_default=MOST_OUTCOMES,
        validate=validate.Range(1, MOST_OUTCOMES),
        metadata={"minimum": 1, "maximum": MOST_OUTCOMES, "description": "How many at most."},
    )


class ConsultationOutcomesOut(Schema):
    """A page of what became of a result, the newest first."""

    example: ClassVar[dict[str, Any]] = {"outcomes": [ConsultationOutcomeOut.example], "next": None}

    outcomes = fields.List(fields.Nested(ConsultationOutcomeOut), required=True)
    next = following()


class VoteOut(Schema):
    """Who answered what, where the vote was open."""

    name = fields.String(required=True, allow_none=True, metadata={"description": "Null: they gave the app no name."})
    answers = fields.Dict(keys=fields.String(), required=True)


class VotesOut(Schema):
    """A page of votes with names; whose account was erased is no longer among them."""

    example: ClassVar[dict[str, Any]] = {"votes": [{"name": "Maria", "answers": {"trees": "for"}}], "next": None}

    votes = fields.List(fields.Nested(VoteOut), required=True)
    next = following()
