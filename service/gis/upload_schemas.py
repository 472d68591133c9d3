"""Uploaded files of layers in JSON."""

from typing import Any, ClassVar

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate
from werkzeug.datastructures import FileStorage

from service.gis.schemas import said
from service.http import read_json


def is_file(part: FileStorage) -> None:
    """A part that is a file, with a name."""
    if not isinstance(part, FileStorage) or not part.filename or "\0" in part.filename:
        raise ValidationError("is no file")


class UploadIn(Schema):
    """A file of a layer, and what is to be known of it."""

    file = Upload(required=True, validate=is_file)
    name = said(200, metadata={"description": "The file's name with its ending; else that of the part."})
    layer_in_file = said(200, metadata={"description": "Which layer of the file, where it has several."})
    crs = said(5000, metadata={"description": "The coordinate system, where the file does not say it or is wrong."})
    encoding = said(40, metadata={"description": "How texts are written, for example ISO-8859-7."})
    key_attribute = said(255, metadata={"description": "Else that of the layer, `key` or `id`."})
    attributes = fields.String(
        validate=validate.Length(max=50_000),
        metadata={"description": "A JSON text: new attribute → attribute of the file."},
    )
    longitude = said(255, metadata={"description": "The column of a CSV that holds longitude or easting."})
    latitude = said(255, metadata={"description": "The column of a CSV that holds latitude or northing."})
    keep_outside = fields.Boolean(
        load_default=False, metadata={"description": "Take also what lies wholly outside the municipality."}
    )

    @post_load
    def read(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        """`file`, its `name`, and what was asked as `examine` takes it."""
        file = values.pop("file")
        name = values.pop("name", None) or file.filename
        values["attributes"] = mapping(values.pop("attributes", None))
        values["layer_name"] = values.pop("layer_in_file", None)
        return {
            "file": file,
            "name": name,
            "asked": {name: value for name, value in values.items() if value is not None},
        }


def mapping(text: str | None) -> dict[str, str]:
    """New attribute → old one, of a JSON text."""
    try:
        found = read_json((text or "{}").encode())
    except orjson.JSONDecodeError:
        raise ValidationError("not valid JSON", "attributes") from None
    if not isinstance(found, dict) or not all(isinstance(old, str) and new for new, old in found.items()):
        raise ValidationError("must be new attribute → attribute of the file", "attributes")
    return found


class UploadOut(Schema):
    """What has become of an upload."""

    example: ClassVar[dict[str, Any]] = {
        "id": "01a20027-51be-7f2c-8d55-3c1b7e0f9a24",
        "name": "areas.gpkg",
        "state": "drafted",
        "step": None,
        "created_at": "2026-11-22T09:00:00Z",
        "version": 2,
        "findings": {
            "crs": "EPSG:2100",
            "read": 13,
            "taken": 12,
            "counts": {"self_intersection": 1, "key_twice": 1},
            "faults": [
                {
                    "feature": 3,
                    "key": "A3",
                    "fault": "self_intersection",
                    "done": "repaired",
                    "detail": "Self-intersection[21.7 40.2]",
                },
                {"feature": 9, "key": "A3", "fault": "key_twice", "done": "left_out"},
            ],
        },
        "refusal": None,
    }

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(("waiting", "reading", "drafted", "refused", "failed")),
        metadata={"description": "`failed`: a fault of ours; send the file again."},
    )
    step = fields.String(required=True, allow_none=True, metadata={"description": "What is done while it is read."})
    created_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "The draft that was made."})
    findings = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "What was wrong with which feature (counted from 1), and what was done about it."},
    )
    refusal = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "Why no draft was made: `code`, `title` and what belongs to the code."},
    )
