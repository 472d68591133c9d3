"""Plan files in JSON: uploads, what they would change, and which file is wanted."""

from typing import Any, ClassVar

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate
from werkzeug.datastructures import FileStorage

from service.http import read_json
from service.people.schemas import Plain
from service.plans.files.csv_tables import ENCODINGS
from service.plans.files.layout import TEXTS

LANGUAGE = validate.Regexp(r"\A[a-z]{2,3}\Z")


def is_file(part: FileStorage) -> None:
    """A part that is a file, with a name."""
    if not isinstance(part, FileStorage) or not part.filename or "\0" in part.filename:
        raise ValidationError("is no file")


class PlanUploadIn(Schema):
    """A file of a plan, and how it is to be read."""

    file = Upload(required=True, validate=is_file)
    name = fields.String(
        validate=[validate.Length(1, 200), Plain],
        metadata={"description": "The file's name with its ending (.xlsx, .csv, .json); else that of the part."},
    )
    language = fields.String(
        validate=LANGUAGE, metadata={"description": "In which language its texts are; else the plan's own."}
    )
    currency = fields.String(
        validate=validate.Regexp(r"\A[A-Z]{3}\Z"),
        metadata={"description": "The currency (ISO 4217) of sums that name none; else that of most sums of the plan."},
    )
    encoding = fields.String(
        validate=validate.OneOf(ENCODINGS), metadata={"description": "How the texts of a CSV are written; else UTF-8."}
    )
    mapping = fields.String(
        validate=validate.Length(max=50_000),
        metadata={
            "description": "A JSON text for a CSV with columns of its own: field → column. Fields are "
            + ", ".join(f"`{name}`" for name in TEXTS)
            + "; `levels` lists {name, column, number?, key?}, `years` is {year: column}, `total` a column, `sources` "
            "lists columns, `html` lists the fields whose tags are taken out."
        },
    )
    remove_missing = fields.Boolean(
        load_default=False, metadata={"description": "Take out the actions that no row names."}
    )

    @post_load
    def read(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        """`file`, its `name`, and what was asked."""
        file = values.pop("file")
        name = values.pop("name", None) or file.filename
        if "mapping" in values:
            values["mapping"] = mapping_of(values["mapping"])
        return {"file": file, "name": name, "asked": values}


def mapping_of(text: str) -> dict[str, Any]:
    """The mapping of a JSON text."""
    try:
        found = read_json(text.encode())
    except orjson.JSONDecodeError:
        raise ValidationError("not valid JSON", "mapping") from None
    if not isinstance(found, dict) or not is_mapping(found):
        raise ValidationError("must be field → column", "mapping")
    return found


def is_mapping(found: dict[str, Any]) -> bool:
    """Whether this is a mapping as it is described."""
    levels, years, lists = (
        found.get("levels", []),
        found.get("years", {}),
        [found.get(n, []) for n in ("sources", "html")],
    )
    texts = [found[name] for name in (*TEXTS, "total") if name in found]
    return (
        set(found) <= {*TEXTS, "total", "levels", "years", "sources", "html"}
        and isinstance(levels, list)
        and all(isinstance(one, dict) and isinstance(one.get("column"), str) and all_texts(one) for one in levels)
        and isinstance(years, dict)
        and all(year.isascii() and year.isdigit() and len(year) == 4 for year in years)
        and all(isinstance(one, list) and all(isinstance(said, str) for said in one) for one in lists)
        and all(isinstance(said, str) for said in (*texts, *years.values()))
    )


def all_texts(level: dict[str, Any]) -> bool:
    return all(said is None or isinstance(said, str) for said in level.values())


class PlanUploadOut(Schema):
    """What has become of an upload: what was found in its rows, and what it would change."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-51be-7f2c-8d55-3c1b7e0f9a24",
        "name": "actions.xlsx",
        "state": "read",
        "step": None,
        "created_at": "2026-11-22T09:00:00Z",
        "report": {
            "rows": 120,
            "taken": 119,
            "left_out": 1,
            "counts": {"amount_ambiguous": 1},
            "findings": [{"row": 17, "column": "2026", "fault": "amount_ambiguous", "value": "1,500", "grave": True}],
        },
        "counts": {"added": 2, "edited": 1},
        "heading": [],
        "changes": [
            {
                "kind": "edited",
                "key": "action-12",
                "number": "12",
                "title": {"el": "Ανάπλαση πλατείας"},
                "fields": [{"path": "action.status", "before": "planned", "after": "in_progress"}],
            }
        ],
        "warnings": [],
        "refusal": None,
    }

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(("waiting", "reading", "read", "refused", "failed")),
        metadata={"description": "`failed`: a fault of ours; send the file again."},
    )
    step = fields.String(required=True, allow_none=True, metadata={"description": "`reading` or `comparing`."})
    created_at = fields.AwareDateTime(required=True)
    report = fields.Dict(
        required=True,
        allow_none=True,
        metadata={
            "description": "Rows, how many are left out, and the first 1,000 findings; a `grave` one leaves out."
        },
    )
    counts = fields.Dict(
        required=True, allow_none=True, metadata={"description": "How many elements change, by kind of change."}
    )
    heading = fields.List(
        fields.String(), required=True, allow_none=True, metadata={"description": "What changes beside the elements."}
    )
    changes = fields.List(
        fields.Dict(), required=True, allow_none=True, metadata={"description": "The first 500 elements that change."}
    )
    warnings = fields.List(
        fields.Dict(), required=True, allow_none=True, metadata={"description": "What somebody should look at."}
    )
    refusal = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "Why it cannot be read: `code`, `title` and what belongs to the code."},
    )


class TakeOverIn(Schema):
    """Why the plan is changed."""

    example: ClassVar[dict[str, Any]] = {"reason": "The council of June"}

    reason = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 2000), Plain])


class TakenOverOut(Schema):
    """The draft that the file was made into."""

    example: ClassVar[dict[str, Any]] = {"number": 2, "state": "working"}

    number = fields.Integer(required=True)
    state = fields.String(required=True)


class FileQuery(Schema):
    """Which version, in which language."""

    version = fields.String(
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z"),
        metadata={"description": "The version's `content_hash`; else the one in force.", "pattern": "^[0-9a-f]{64}$"},
    )
    language = fields.String(
        validate=LANGUAGE,
        metadata={
            "description": "el, bg, lt, en or the plan's own language; else the plan's own.",
            "pattern": "^[a-z]{2,3}$",
        },
    )


class BeingMadeOut(Schema):
    """The worker makes the file."""

    example: ClassVar[dict[str, Any]] = {"state": "being_made"}

    state = fields.String(required=True, validate=validate.OneOf(("being_made",)))
