"""Layers in JSON, as who keeps the map sees and describes them."""

from typing import Any, ClassVar

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, post_load, validate
from werkzeug.datastructures import FileStorage

from service.gis.models import KINDS
from service.gis.publishing import KEY, LONGEST_KEY, RESERVED
from service.http import PageQuery, read_json
from service.people.schemas import Plain
from service.text import LANGUAGES

NUMBER = 999_999
"""The highest number of a version."""

LAYER: dict[str, Any] = {
    "key": "lighting-areas",
    "name": {"el": "Περιοχές ηλεκτροφωτισμού", "en": "Lighting areas"},
    "kind": "area",
    "public": False,
    "attribution": "Municipality of Kozani",
    "licence": "CC BY 4.0",
    "approximate": False,
    "key_attribute": "code",
    "style": {"fill": "#ffcc00"},
}
VERSION: dict[str, Any] = {
    "number": 2,
    "state": "draft",
    "in_force": False,
    "source": "areas.gpkg",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "features": 12,
    "created_at": "2026-11-22T09:00:00Z",
    "published_at": None,
    "publish_at": None,
    "based_on": None,
    "by_name": "Maria Keeper",
    "reason": None,
    "pulled": False,
}


def layer_names(**options: Any) -> fields.Dict:
    """A name in one or more languages."""
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, 200), Plain]),
        validate=validate.Length(1),
        metadata={"description": "Language → name."},
        **options,
    )


def said(longest: int, **options: Any) -> fields.String:
    """A text of so many characters at the most, or null."""
    return fields.String(allow_none=True, validate=[validate.Length(1, longest), Plain], **options)


class DescribeLayerIn(Schema):
    """What a layer is called and how it is shown; what is left out stays as it is."""

    example: ClassVar[dict[str, Any]] = {"name": {"en": "Lighting areas"}, "public": True}

    name = layer_names()
    public = fields.Boolean(metadata={"description": "Whether everybody may see it."})
    attribution = said(500, metadata={"description": "Whom to name beside the map."})
    licence = said(200)
    approximate = fields.Boolean(metadata={"description": "Whether nobody official has drawn its borders."})
    key_attribute = said(255, metadata={"description": "The attribute of a file that holds each feature's key."})
    style = fields.Dict(
        keys=fields.String(), allow_none=True, metadata={"description": "Hints for who draws it, as they are."}
    )


class LayerIn(DescribeLayerIn):
    """A new layer."""

    example: ClassVar[dict[str, Any]] = LAYER

    key = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST_KEY), validate.Regexp(rf"\A{KEY.pattern}\Z"), validate.NoneOf(RESERVED)],
        metadata={"description": "What routing rules call it; never changed. Not `reports`."},
    )
    name = layer_names(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    public = fields.Boolean(load_default=False, metadata={"description": "Whether everybody may see it."})
    approximate = fields.Boolean(
        load_default=False, metadata={"description": "Whether nobody official has drawn its borders."}
    )


class KeptLayerOut(Schema):
    """A layer as who keeps the map sees it."""

    example: ClassVar[dict[str, Any]] = LAYER | {"version": 1, "features": 12, "drafts": 1}

    key = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    kind = fields.String(required=True)
    public = fields.Boolean(required=True)
    attribution = fields.String(required=True, allow_none=True)
    licence = fields.String(required=True, allow_none=True)
    approximate = fields.Boolean(required=True)
    key_attribute = fields.String(required=True, allow_none=True)
    style = fields.Dict(required=True, allow_none=True)
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The version in force; null while there is none."}
    )
    features = fields.Integer(required=True, allow_none=True, metadata={"description": "Features of that version."})
    drafts = fields.Integer(required=True, metadata={"description": "How many drafts there are."})


class KeptLayersOut(Schema):
    """All layers of a municipality."""

    example: ClassVar[dict[str, Any]] = {"layers": [KeptLayerOut.example]}

    layers = fields.List(fields.Nested(KeptLayerOut), required=True)


class VersionLineOut(Schema):
    """A version of a layer."""

    example: ClassVar[dict[str, Any]] = VERSION

    number = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("draft", "published")))
    in_force = fields.Boolean(required=True)
    source = fields.String(required=True, metadata={"description": "The file that it was read from; else empty."})
    sha256 = fields.String(required=True, metadata={"description": "Of that file; else empty."})
    features = fields.Integer(required=True)
    created_at = fields.AwareDateTime(required=True)
    published_at = fields.AwareDateTime(required=True, allow_none=True)
    publish_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When the draft will be published."}
    )
    based_on = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The version that it was begun from."}
    )
    by_name = fields.String(required=True, allow_none=True, metadata={"description": "Who made or ordered it."})
    reason = fields.String(required=True, allow_none=True)
    pulled = fields.Boolean(
        required=True, metadata={"description": "Whether the layer's source brought it; such a draft is not edited."}
    )


class VersionOut(VersionLineOut):
    """A version of a layer with what was found in its file."""

    example: ClassVar[dict[str, Any]] = VERSION | {"findings": None}

    findings = fields.Dict(required=True, allow_none=True, metadata={"description": "See showUpload."})


class VersionsOut(Schema):
    """A page of the versions of a layer, newest first."""

    example: ClassVar[dict[str, Any]] = {"versions": [VERSION], "next": None}

    versions = fields.List(fields.Nested(VersionLineOut), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "`after` of the next page."})


class DraftIn(Schema):
    """A draft to be drawn or corrected by hand."""

    example: ClassVar[dict[str, Any]] = {"based_on": 1}

    based_on = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, NUMBER),
        metadata={"description": "The version whose features it begins with; null: none.", "minimum": 1},
    )


class PublicationIn(Schema):
    """Which version shall be in force, why and when."""

    example: ClassVar[dict[str, Any]] = {"version": 2, "reason": "The council's decision 7/2026", "at": None}

    version = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, NUMBER),
        metadata={"description": "A draft, or an earlier version to roll back to.", "minimum": 1},
    )
    reason = fields.String(required=True, validate=[validate.Length(1, 1000), Plain])
    at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "A draft is published then; null, or in the past: at once."},
    )


class PublicationOut(Schema):
    """That a version came into force."""

    example: ClassVar[dict[str, Any]] = {
        "version": 2,
        "before": 1,
        "at": "2026-11-22T09:30:00Z",
        "by_name": "Maria Keeper",
        "reason": "The council's decision 7/2026",
    }

    version = fields.Integer(required=True)
    before = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The version that was in force until then."}
    )
    at = fields.AwareDateTime(required=True)
    by_name = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class PublicationsOut(Schema):
    """A page of what came into force, newest first."""

    example: ClassVar[dict[str, Any]] = {"publications": [PublicationOut.example], "next": None}

    publications = fields.List(fields.Nested(PublicationOut), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "`after` of the next page."})


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


class AgainstQuery(Schema):
    """The version to compare with."""

    against = fields.Integer(
        validate=validate.Range(1, NUMBER),
        metadata={"description": "A version's number; left out: the one in force.", "minimum": 1},
    )


class ChangesQuery(PageQuery, AgainstQuery):
    """The version to compare with, and which page."""


class GroundQuery(AgainstQuery):
    """The version to compare with, and how small a piece matters."""

    least = fields.Float(
        load_default=1.0,
        validate=validate.Range(0),
        metadata={"description": "Pieces under so many square metres are left out.", "minimum": 0},
    )


class ChangesOut(Schema):
    """What a version changes against another one, by key, as GeoJSON."""

    example: ClassVar[dict[str, Any]] = {
        "type": "FeatureCollection",
        "against": 1,
        "counts": {
            "added": 0,
            "removed": 0,
            "changed": 1,
            "geometry_changed": 0,
            "attributes_changed": 1,
            "unchanged": 11,
        },
        "features": [
            {
                "type": "Feature",
                "id": "A3",
                "geometry": {"type": "Point", "coordinates": [21.78, 40.3]},
                "properties": {
                    "change": "changed",
                    "geometry_before": None,
                    "attributes": {"crew": {"before": "north", "after": "south"}},
                },
            }
        ],
        "next": None,
    }

    type = fields.String(required=True)
    against = fields.Integer(required=True, allow_none=True, metadata={"description": "null: against nothing."})
    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Of all pages."}
    )
    features = fields.List(fields.Dict(), required=True, metadata={"description": "Ordered by key."})
    next = fields.String(required=True, allow_none=True, metadata={"description": "`after` of the next page."})


class GroundOut(Schema):
    """Ground on which a version's areas overlap, and which it covers or leaves against others, as GeoJSON."""

    example: ClassVar[dict[str, Any]] = {
        "type": "FeatureCollection",
        "against": 1,
        "totals": {"gap": {"pieces": 1, "square_metres": 5021.4}},
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[21.7, 40.2], [21.701, 40.2], [21.701, 40.201], [21.7, 40.2]]],
                },
                "properties": {"what": "gap", "square_metres": 5021.4, "keys": []},
            }
        ],
    }

    type = fields.String(required=True)
    against = fields.Integer(required=True, allow_none=True, metadata={"description": "null: against nothing."})
    totals = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        required=True,
        metadata={
            "description": "`overlap` of two features; `lost` and `gained` against the other version; `gap` in the "
            "municipality's boundary and `outside` of it."
        },
    )
    features = fields.List(fields.Dict(), required=True, metadata={"description": "The thousand largest."})


class ComparingOut(Schema):
    """How far a comparison is that the worker makes."""

    example: ClassVar[dict[str, Any]] = {"state": "running", "done": 0.25}

    state = fields.String(
        required=True,
        validate=validate.OneOf(("waiting", "running", "failed")),
        metadata={"description": "`failed`: a fault of ours."},
    )
    done = fields.Float(required=True, metadata={"description": "Which share of it, from 0 to 1."})
