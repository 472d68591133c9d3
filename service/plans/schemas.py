"""Plans in JSON, as everybody sees them."""

from typing import Any, ClassVar, get_args

from marshmallow import Schema, fields, validate

from service.http import PageQuery, following
from service.municipalities.schemas import texts
from service.people.schemas import Plain
from service.plans.kinds import ActionStatus, PlanKind
from service.plans.models import CHANGES, LONGEST_KEY, STATES

HASH = "7f9b1135c6a578b18514ea47cf9837ac306d6e3329f2118df134fa662a9a4fef"
ID = "01a20027-6a10-7c02-8a44-0b1de7a5c9f0"
ELEMENT_ID = "01a20027-6a11-7d12-9b55-1c2ef8b6dac1"
VERSION: dict[str, Any] = {
    "number": 1,
    "label": "556/2015",
    "state": "published",
    "hash": HASH,
    "reason": None,
    "created_at": "2026-11-22T08:00:00Z",
    "frozen_at": "2026-11-22T08:05:00Z",
    "published_at": "2026-11-22T08:06:00Z",
}
PLAN: dict[str, Any] = {
    "id": ID,
    "key": "operational-2014-2019",
    "kind": "operational",
    "title": {"el": "Επιχειρησιακό Πρόγραμμα 2014-2019", "en": "Operational programme 2014-2019"},
    "period": {"start": {"value": "2014"}, "end": {"value": "2019"}, "stated": "2014 - 2019"},
    "version": VERSION,
}
LINE: dict[str, Any] = {
    "id": ELEMENT_ID,
    "key": "1.1.1",
    "level": "action",
    "number": "1.1.1",
    "title": {"el": "Ανάπλαση πλατείας", "en": "Renewal of the square"},
    "status": "in_progress",
    "percent": 40.0,
    "actions": 1,
    "reported": 1,
}
SUM: dict[str, Any] = {
    "actions": 2,
    "reported": 1,
    "percent": 40.0,
    "statuses": {"in_progress": 1, "planned": 1},
    "money": [{"role": "budgeted", "currency": "EUR", "amount_minor": 12000000}],
}
CHANGE: dict[str, Any] = {
    "kind": "edited",
    "key": "1.1.1",
    "number": "1.1.1",
    "title": LINE["title"],
    "parent_before": "1.1",
    "parent_after": "1.1",
    "others": [],
    "reason": "Asked for in the consultation.",
    "fields": [{"path": "action.priority", "before": "B", "after": "A"}],
}
DIFFERENCES: dict[str, Any] = {
    "before": VERSION | {"state": "superseded"},
    "after": VERSION | {"number": 2},
    "heading": [],
    "counts": {"edited": 1},
    "changes": [CHANGE],
}
A_PLAN: dict[str, Any] = {
    "key": "operational-2014-2019",
    "kind": "operational",
    "title": PLAN["title"],
    "source_language": "el",
    "levels": [{"key": "action", "name": {"en": "Action"}, "leaf": True}],
    "elements": [{"key": "1.1.1", "level": "action", "title": LINE["title"]}],
}


def json_object(**about: Any) -> fields.Dict:
    """A part of a plan in its canonical JSON."""
    return fields.Dict(required=True, metadata={"description": "Canonical JSON of the plan's document."} | about)


def json_list(description: str) -> "fields.List[Any]":
    return fields.List(fields.Dict(), required=True, metadata={"description": description})


class ElementsQuery(PageQuery):
    """What to look for."""

    q = fields.String(
        load_default=None,
        validate=[validate.Length(1, 100), Plain],
        metadata={
            "description": "Words of titles, numbers and descriptions in whatever case, or their beginnings; "
            "accents do not matter.",
            "examples": ["plateia"],
        },
    )
    level = fields.String(
        load_default=None, validate=[validate.Length(1, LONGEST_KEY), Plain], metadata={"description": "Of this level."}
    )
    status = fields.String(
        load_default=None, validate=validate.OneOf(get_args(ActionStatus)), metadata={"description": "Of this status."}
    )


class SinceQuery(Schema):
    """The older version to compare with."""

    since = fields.String(
        load_default=None,
        validate=[validate.Length(1, 64), Plain],
        metadata={"description": "Its hash; left out: the one before.", "examples": [HASH]},
    )


class PlanVersionOut(Schema):
    """A version without what is in it."""

    example: ClassVar[dict[str, Any]] = VERSION

    number = fields.Integer(required=True)
    label = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    hash = fields.String(
        required=True, allow_none=True, metadata={"description": "SHA-256 of its canonical content; null of a draft."}
    )
    reason = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    frozen_at = fields.AwareDateTime(required=True, allow_none=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)


class ShownVersionOut(PlanVersionOut):
    """A version that everybody may read."""

    example: ClassVar[dict[str, Any]] = VERSION | {"address": f"/api/v1/kozani/plans/{ID}/versions/{HASH}"}

    address = fields.String(required=True, metadata={"description": "Where it is found; stays."})


class PlanLineOut(Schema):
    """A plan in a list."""

    example: ClassVar[dict[str, Any]] = PLAN

    id = fields.UUID(required=True, metadata={"description": "Stays; `key` does too."})
    key = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(get_args(PlanKind)))
    title = texts(required=True)
    period = fields.Dict(required=True, allow_none=True, metadata={"description": "With the words of the paper."})
    version = fields.Nested(PlanVersionOut, required=True)


class PlansOut(Schema):
    """The plans in force, by key."""

    example: ClassVar[dict[str, Any]] = {"plans": [PLAN]}

    plans = fields.List(fields.Nested(PlanLineOut), required=True)


class PlanOut(PlanLineOut):
    """A plan without its elements."""

    example: ClassVar[dict[str, Any]] = PLAN | {
        "about": {"source_language": "el", "levels": [{"key": "action", "name": {"en": "Action"}}]},
        "address": f"/api/v1/kozani/plans/{ID}",
        "versions": [ShownVersionOut.example],
        "links": [{"kind": "implements", "plan": "strategic-2014-2019", "key": HASH, "there": None}],
        "linked_from": [
            {"id": ID, "key": "technical-2015", "title": {"el": "…"}, "kind": "specifies_yearly", "year": 2015}
        ],
    }

    about = json_object()
    address = fields.String(required=True, metadata={"description": "Where it is found; stays."})
    versions = fields.List(fields.Nested(ShownVersionOut), required=True)
    links = json_list(
        "Links of this plan to others, each with its `key` in the record; `there` has id, title and address of the plan"
        " that it leads to, null where that is not published here."
    )
    linked_from = json_list("Links of others to this plan: id, key and title of that plan, kind and year.")


class LineOut(Schema):
    """An element in a list."""

    example: ClassVar[dict[str, Any]] = LINE

    id = fields.UUID(required=True)
    key = fields.String(required=True)
    level = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    title = texts(required=True)
    status = fields.String(required=True, allow_none=True, metadata={"description": "As last reported, else planned."})
    percent = fields.Float(
        required=True, allow_none=True, metadata={"description": "Of what is below; null: nothing was reported."}
    )
    actions = fields.Integer(required=True, metadata={"description": "How many actions are below, itself included."})
    reported = fields.Integer(required=True, metadata={"description": "On how many of them was reported."})


class NodeOut(LineOut):
    """An element in the tree."""

    example: ClassVar[dict[str, Any]] = LINE | {"children": []}

    children = fields.List(fields.Nested(lambda: NodeOut()), required=True)


class TreeOut(Schema):
    """The whole tree of a plan."""

    example: ClassVar[dict[str, Any]] = {"version": HASH, "elements": [LINE | {"children": []}]}

    version = fields.String(required=True)
    elements = fields.List(fields.Nested(NodeOut), required=True)


class ElementsOut(Schema):
    """A page of elements."""

    example: ClassVar[dict[str, Any]] = {"elements": [LINE], "next": None}

    elements = fields.List(fields.Nested(LineOut), required=True)
    next = following()


class PlanMapOut(Schema):
    """Elements with a place, as GeoJSON."""

    example: ClassVar[dict[str, Any]] = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": ELEMENT_ID,
                "geometry": {"type": "Point", "coordinates": [21.7883, 40.3005]},
                "properties": LINE | {"place": "action"},
            }
        ],
    }

    type = fields.String(required=True)
    features = json_list(
        "Each with the element's line as its properties, and whose `place` it is: its own (`action`), or points"
        " somewhere in the territories that it names (`territory`)."
    )


class ElementOut(LineOut):
    """An element with all that it says."""

    example: ClassVar[dict[str, Any]] = LINE | {
        "revision": HASH,
        "detail": {"key": "1.1.1", "level": "action", "title": LINE["title"], "action": {"priority": "A"}},
        "above": [{"id": ID, "key": "1.1", "title": {"el": "Μέτρο 1.1"}}],
        "children": [],
        "sum": SUM,
        "reports": [{"report": "2016", "period": {"stated": "2016"}, "entry": {"element": "1.1.1"}}],
        "names": {"bodies": {}, "territories": {}, "documents": {}, "funding_sources": {}},
        "revisions": [
            {
                "number": 1,
                "version": HASH,
                "published_at": "2026-11-22T08:06:00Z",
                "revision": HASH,
                "title": LINE["title"],
                "address": f"/api/v1/kozani/plans/{ID}/versions/{HASH}/elements/{ELEMENT_ID}",
            }
        ],
        "address": f"/api/v1/kozani/plans/{ID}/elements/{ELEMENT_ID}",
    }

    address = fields.String(required=True, metadata={"description": "Where it is found; stays."})
    revision = fields.String(required=True, metadata={"description": "SHA-256 of `detail`."})
    detail = json_object()
    above = json_list("What it stands under, from the top down.")
    children = fields.List(fields.Nested(LineOut), required=True)
    sum = fields.Dict(required=True, metadata={"description": "As in showPlanProgress, of what is below."})
    reports = json_list("What approved reports say of it, first to last.")
    names = fields.Dict(required=True, metadata={"description": "The bodies, places … that it names, by key."})
    revisions = json_list("The published versions in which it said something new, and where it is found as it was.")


class ElementThenOut(Schema):
    """An element as a version has it."""

    example: ClassVar[dict[str, Any]] = {
        "id": ELEMENT_ID,
        "key": "1.1.1",
        "version": VERSION,
        "revision": HASH,
        "detail": ElementOut.example["detail"],
    }

    id = fields.UUID(required=True)
    key = fields.String(required=True)
    version = fields.Nested(PlanVersionOut, required=True)
    revision = fields.String(required=True)
    detail = json_object()


class RecordOut(Schema):
    """How a plan came about."""

    example: ClassVar[dict[str, Any]] = {
        "stages": [{"key": "12", "kind": "council_approval", "title": {"el": "Έγκριση"}}],
        "decisions": [{"key": "556-2015", "kind": "approval", "number": "556/2015"}],
        "evaluations": [],
        "bodies": [],
        "territories": [],
        "funding_sources": [],
        "documents": [],
        "advice": {
            "template": "gr_operational",
            "next": "supervisory_approval",
            "optional": [],
            "noticed": [{"kind": "skipped", "stage_kind": "committee_opinion", "stage": None}],
        },
    }

    stages = json_list("In the order in which they were recorded.")
    decisions = json_list("With what each decides on.")
    evaluations = json_list("Criteria, findings, recommendations and answers.")
    bodies = json_list("Who is named.")
    territories = json_list("Places that are named.")
    funding_sources = json_list("Where money comes from.")
    documents = json_list("Papers that are named.")
    advice = fields.Dict(
        required=True, metadata={"description": "What usually comes next here, and what is unusual; never a rule."}
    )


class PlanProgressOut(Schema):
    """How far a plan is."""

    example: ClassVar[dict[str, Any]] = {
        "sum": SUM,
        "top": [LINE | {"sum": SUM}],
        "late": [LINE | {"reasons": ["past_its_end"], "due": "2026-06-30"}],
        "at_risk": [],
        "history": [{"key": "2016", "period": {"stated": "2016"}, "entries": 1, "sum": SUM}],
    }

    sum = fields.Dict(
        required=True, metadata={"description": "`percent` is of the actions on which was reported, by their weights."}
    )
    top = json_list("The same for each element at the top.")
    late = json_list("Actions past their end, the longest first.")
    at_risk = json_list("Actions that may become late, with reasons.")
    history = json_list("The approved reports, and the sum after each.")


class DifferencesOut(Schema):
    """How a version differs from an older one."""

    example: ClassVar[dict[str, Any]] = DIFFERENCES

    before = fields.Nested(PlanVersionOut, required=True, allow_none=True)
    after = fields.Nested(PlanVersionOut, required=True)
    heading = json_list("Fields of the plan as a whole: path, before, after.")
    counts = fields.Dict(required=True, metadata={"description": f"How many elements are {', '.join(CHANGES)}."})
    changes = json_list("The first thousand of them.")


class DocumentOut(Schema):
    """A whole plan by its documented schema."""

    example: ClassVar[dict[str, Any]] = {"plan": A_PLAN}

    plan = json_object()
