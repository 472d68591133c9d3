"""Plans in JSON, as staff draft them and keep their progress."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.people.schemas import Plain
from service.plans.models import LONGEST_KEY, MERGED, MOVED, REMOVED, SPLIT
from service.plans.schemas import A_PLAN, CHANGE, LINE, PLAN, VERSION, PlanVersionOut, json_list

Key = [validate.Length(1, LONGEST_KEY), Plain]
KeyText = [validate.Length(0, LONGEST_KEY), Plain]
Words = [validate.Length(1, 2000), Plain]
WARNING: dict[str, Any] = {
    "kind": "parts_do_not_make_the_total",
    "element": "1.1.1",
    "stated": "12000000",
    "found": "11900000",
}
PROPOSED: dict[str, Any] = {
    "applied": False,
    "heading": [],
    "counts": {"edited": 1},
    "changes": [CHANGE],
    "warnings": [WARNING],
    "revision": 4,
}
REPORT: dict[str, Any] = {
    "key": "2016",
    "period": {"stated": "2016"},
    "entries": [{"element": "1.1.1", "status": "in_progress", "physical_percent": "40"}],
}


def reason() -> fields.String:
    """Why; everybody sees it beside the change when the version is published."""
    return fields.String(
        load_default=None, allow_none=True, validate=Words, metadata={"description": "Why; it is published with it."}
    )


def revision() -> fields.Integer:
    """The plan as it was seen."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 2**31 - 1),
        metadata={"description": "Of the plan as it was seen: refused where it has changed since.", "minimum": 0},
    )


class PlanIn(Schema):
    """A whole plan, by the documented schema."""

    example: ClassVar[dict[str, Any]] = {"plan": A_PLAN, "dry_run": True, "reason": "From the spreadsheet."}

    plan = fields.Dict(required=True, metadata={"description": "The document; a plan that is there is known by `key`."})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "Only say what it would change."})
    reason = reason()
    revision = revision()


class ProposedOut(Schema):
    """What a document changes in the draft of a plan."""

    example: ClassVar[dict[str, Any]] = PROPOSED

    applied = fields.Boolean(required=True, metadata={"description": "False of a dry run."})
    heading = json_list("Fields of the plan as a whole: path, before, after.")
    counts = fields.Dict(required=True, metadata={"description": "How many elements by kind of change."})
    changes = json_list("The first thousand of them.")
    warnings = json_list("Sums, currencies, dates and levels to look at; they forbid nothing.")
    revision = fields.Integer(required=True, allow_none=True, metadata={"description": "Null: the plan is not there."})


class StaffPlanLineOut(Schema):
    """A plan as staff see it in a list."""

    example: ClassVar[dict[str, Any]] = {name: PLAN[name] for name in ("id", "key", "kind", "title")} | {
        "published": True,
        "revision": 4,
    }

    id = fields.UUID(required=True)
    key = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.Dict(required=True, metadata={"description": "By language."})
    published = fields.Boolean(required=True)
    revision = fields.Integer(required=True, metadata={"description": "Grows with every change."})


class StaffPlansOut(Schema):
    """All plans, by key."""

    example: ClassVar[dict[str, Any]] = {"plans": [StaffPlanLineOut.example]}

    plans = fields.List(fields.Nested(StaffPlanLineOut), required=True)


class StaffPlanOut(StaffPlanLineOut):
    """A plan as staff see it, with its versions and what to look at."""

    example: ClassVar[dict[str, Any]] = StaffPlanLineOut.example | {
        "versions": [VERSION],
        "advice": {"template": None, "next": None, "optional": [], "noticed": []},
        "warnings": [WARNING],
    }

    versions = fields.List(fields.Nested(PlanVersionOut), required=True)
    advice = fields.Dict(required=True, metadata={"description": "As in showPlanRecord."})
    warnings = json_list("Of the newest version.")


class SeenQuery(Schema):
    """As what the plan was seen."""

    revision = revision()


class DraftPlanIn(Schema):
    """Why a draft is begun."""

    example: ClassVar[dict[str, Any]] = {"reason": "Amendment of 2016."}

    reason = reason()


class HeadingIn(Schema):
    """What the draft says of the plan as a whole."""

    example: ClassVar[dict[str, Any]] = {"heading": {"vision": {"el": "…"}}, "revision": 4}

    heading = fields.Dict(
        required=True, metadata={"description": "Fields of the document; null takes one away. The key stays."}
    )
    revision = revision()


class ElementIn(Schema):
    """An element and where it stands."""

    example: ClassVar[dict[str, Any]] = {
        "element": {"level": "action", "title": LINE["title"], "action": {"priority": "A"}},
        "parent": "1.1",
        "after": None,
        "reason": "Asked for in the consultation.",
        "revision": 4,
    }

    element = fields.Dict(
        required=True, metadata={"description": "An element of the document, without key and children."}
    )
    parent = fields.String(
        load_default=None, allow_none=True, validate=Key, metadata={"description": "Under which a new one stands."}
    )
    after = fields.String(
        load_default=None,
        allow_none=True,
        validate=KeyText,
        metadata={"description": 'Behind which a new one stands: "" is first, null last.'},
    )
    reason = reason()
    revision = revision()


class RearrangeIn(Schema):
    """Move, merge, split or remove elements."""

    example: ClassVar[dict[str, Any]] = {
        "kind": "merged",
        "element": "1.1.2",
        "into": "1.1.1",
        "reason": "They are one work.",
    }

    kind = fields.String(required=True, validate=validate.OneOf((MOVED, MERGED, SPLIT, REMOVED)))
    element = fields.String(required=True, validate=Key, metadata={"description": "Its key."})
    parent = fields.String(
        load_default=None, allow_none=True, validate=Key, metadata={"description": "moved: under which; null: the top."}
    )
    after = fields.String(
        load_default=None,
        allow_none=True,
        validate=KeyText,
        metadata={"description": 'moved: behind which; "" is first, null last.'},
    )
    into = fields.String(
        load_default=None, allow_none=True, validate=Key, metadata={"description": "merged: into which."}
    )
    parts = fields.List(
        fields.Dict(),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"description": "split: the new elements, each with `key`.", "maxItems": 50},
    )
    stays = fields.Boolean(load_default=False, metadata={"description": "split: whether the old one stays."})
    reason = reason()
    revision = revision()


class FreezeIn(Schema):
    """What the version is called."""

    example: ClassVar[dict[str, Any]] = {"label": "Draft for the council"}

    label = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(1, 200), Plain], metadata={"description": "Free."}
    )
    revision = revision()


class EntryIn(Schema):
    """One thing of the record or of a register."""

    example: ClassVar[dict[str, Any]] = {
        "entry": {"kind": "council_approval", "title": {"el": "Έγκριση"}, "when": {"stated": "27/11/2015"}},
        "after": "11",
    }

    entry = fields.Dict(required=True, metadata={"description": "As in the document; its key is that of the address."})
    after = fields.String(
        load_default=None,
        allow_none=True,
        validate=Key,
        metadata={"description": "Behind which; null: last."},
    )
    revision = revision()


class ProgressReportsOut(Schema):
    """Reports on progress, approved or not."""

    example: ClassVar[dict[str, Any]] = {"reports": [REPORT]}

    reports = json_list("First to last; those that are approved say by whom.")


class ProgressIn(Schema):
    """A report on progress."""

    example: ClassVar[dict[str, Any]] = {
        "period": {"start": {"value": "2016"}, "stated": "2016"},
        "title": {"en": "Report of 2016"},
        "text": {},
        "entries": REPORT["entries"],
    }

    period = fields.Dict(required=True, metadata={"description": "As in the document."})
    title = fields.Dict(load_default=dict, metadata={"description": "By language."})
    text = fields.Dict(load_default=dict, metadata={"description": "By language."})
    entries = fields.List(
        fields.Dict(),
        load_default=list,
        metadata={"description": "As in the document; `photos` are ids of sendPhoto."},
    )
    revision = revision()


class ApproveIn(Schema):
    """Who approves a report."""

    example: ClassVar[dict[str, Any]] = {
        "by": "council",
        "decision": None,
        "when": {"stated": "12/3/2017"},
        "revision": 4,
    }

    by = fields.String(
        load_default=None, allow_none=True, validate=Key, metadata={"description": "The key of a body of the plan."}
    )
    decision = fields.String(
        load_default=None, allow_none=True, validate=Key, metadata={"description": "The key of a decision of the plan."}
    )
    when = fields.Dict(load_default=None, allow_none=True, metadata={"description": "As in the document."})
    revision = fields.Integer(
        required=True,
        validate=validate.Range(0, 2**31 - 1),
        metadata={"description": "Of the plan as the report was seen: nobody approves what has changed.", "minimum": 0},
    )
