"""Layers in JSON, as who keeps the map sees and describes them."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from service.gis.models import KINDS
from service.gis.publishing import KEY, LONGEST_KEY, RESERVED
from service.http import following
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
    next = following()


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
    next = following()
