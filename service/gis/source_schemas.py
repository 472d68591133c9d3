"""Where layers are fetched from, in JSON, as who keeps the map says it and sees what came of it."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from service.fetching.addresses import LONGEST_URL
from service.gis.models import FETCHED, SOURCES, WFS
from service.gis.schemas import said
from service.gis.unpacking import KINDS_OF_FILE
from service.people.schemas import Plain

MOST = 1_000_000
SHORTEST, DAILY, LONGEST = 15, 1440, 31 * 1440
"""Minutes from one fetch to the next."""

WANTED = (
    "type_name",
    "wfs_version",
    "sort_by",
    "file_kind",
    "layer_name",
    "crs",
    "encoding",
    "key_attribute",
    "attributes",
    "longitude",
    "latitude",
    "keep_outside",
)
NOT_OURS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}

SOURCE: dict[str, Any] = {
    "kind": "wfs",
    "url": "https://gis.kozani.example/geoserver/ows",
    "type_name": "city:bins",
    "wfs_version": "2.0.0",
    "sort_by": None,
    "file_kind": None,
    "layer_in_file": None,
    "crs": None,
    "encoding": None,
    "key_attribute": "nr",
    "attributes": {"nr": "KOD"},
    "longitude": None,
    "latitude": None,
    "keep_outside": False,
    "every_minutes": 1440,
    "active": True,
    "publish": {
        "added": {"count": 50, "share": 0.1},
        "removed": {"count": 5, "share": 0.01},
        "changed": {"count": None, "share": 0.2},
    },
}
FETCH: dict[str, Any] = {
    "state": "drafted",
    "began_at": "2026-11-22T03:00:00Z",
    "ended_at": "2026-11-22T03:00:04Z",
    "by_name": None,
    "answers": 4,
    "bytes": 182_044,
    "version": 7,
    "findings": {"crs": "EPSG:2100", "read": 1204, "taken": 1204, "counts": {}},
    "counts": {
        "added": 61,
        "removed": 0,
        "changed": 2,
        "geometry_changed": 0,
        "attributes_changed": 2,
        "unchanged": 1141,
    },
    "unpublished": {
        "reason": "over_limits",
        "over": [{"change": "added", "measure": "count", "is": 61, "most": 50}],
    },
    "refusal": None,
}


class MostIn(Schema):
    """How many features of a kind of change, and which share of those in force; at least one is said."""

    example: ClassVar[dict[str, Any]] = {"count": 50, "share": 0.1}

    count = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, MOST),
        metadata={"minimum": 0, "maximum": MOST},
    )
    share = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 1),
        metadata={"description": "0.1: a tenth of the features in force.", "minimum": 0, "maximum": 1},
    )

    @validates_schema
    def one_is_said(self, values: dict[str, Any], **options: Any) -> None:
        if values.get("count") is None and values.get("share") is None:
            raise ValidationError("say a count or a share")


class LimitsIn(Schema):
    """Up to what a fetch may change the layer by itself."""

    example: ClassVar[dict[str, Any]] = SOURCE["publish"]

    added = fields.Nested(MostIn, required=True)
    removed = fields.Nested(MostIn, required=True)
    changed = fields.Nested(MostIn, required=True)


class CredentialsIn(Schema):
    """A user with a password (HTTP Basic), or one header with its value. Nobody ever gets them shown again."""

    example: ClassVar[dict[str, Any]] = {"header": "X-Esri-Authorization", "value": "Bearer 8Qm2xYp0vJrTz6dK"}

    user = fields.String(validate=validate.Regexp(r"\A[^:\x00-\x1f\x7f]{1,200}\Z"))
    password = fields.String(validate=validate.Regexp(r"\A[^\x00-\x1f\x7f]{1,500}\Z"))
    header = fields.String(validate=validate.Regexp(r"\A[A-Za-z0-9-]{1,100}\Z"))
    value = fields.String(validate=validate.Regexp(r"\A[!-~]([ -~]{0,3998}[!-~])?\Z"))

    @validates_schema
    def one_kind(self, values: dict[str, Any], **options: Any) -> None:
        if set(values) not in ({"user", "password"}, {"header", "value"}):
            raise ValidationError("say a user and a password, or a header and its value")
        if values.get("header", "").lower() in NOT_OURS:
            raise ValidationError("is set by the service", "header")


class SourceIn(Schema):
    """Where a layer is fetched from, how often, and how it is read."""

    example: ClassVar[dict[str, Any]] = SOURCE | {"credentials": CredentialsIn.example}

    kind = fields.String(required=True, validate=validate.OneOf(SOURCES))
    url = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST_URL), Plain],
        metadata={
            "description": "A file; the address of a WFS; a collection of an OGC API; a layer of an ArcGIS server "
            "(`…/FeatureServer/0`)."
        },
    )
    type_name = said(200, metadata={"description": "The feature type of a WFS."})
    wfs_version = fields.String(allow_none=True, validate=validate.OneOf(("2.0.0", "1.1.0")))
    sort_by = said(200, metadata={"description": "The attribute by which a WFS is to sort its features."})
    file_kind = fields.String(
        allow_none=True,
        validate=validate.OneOf(KINDS_OF_FILE),
        metadata={"description": "The kind of a file whose address does not end with it."},
    )
    layer_in_file = said(200, metadata={"description": "As in uploadLayer, and those that follow."})
    crs = said(5000)
    encoding = said(40)
    key_attribute = said(255)
    attributes = fields.Dict(
        keys=fields.String(validate=[validate.Length(1, 255), Plain]),
        values=fields.String(validate=[validate.Length(1, 255), Plain]),
        allow_none=True,
        validate=validate.Length(max=500),
        metadata={"description": "New attribute → attribute of the source; left out: all as they are."},
    )
    longitude = said(255)
    latitude = said(255)
    keep_outside = fields.Boolean(load_default=False)
    every_minutes = fields.Integer(
        load_default=DAILY,
        strict=True,
        validate=validate.Range(SHORTEST, LONGEST),
        metadata={"minimum": SHORTEST, "maximum": LONGEST},
    )
    active = fields.Boolean(load_default=True, metadata={"description": "false: fetched only where somebody asks."})
    publish = fields.Nested(
        LimitsIn,
        load_default=None,
        allow_none=True,
        metadata={"description": "What changes less is published by itself; null: always by hand."},
    )
    credentials = fields.Nested(
        CredentialsIn,
        allow_none=True,
        metadata={"description": "null: none; left out: those that are there, unless the server is another one."},
    )

    @validates_schema
    def type_of_a_wfs(self, values: dict[str, Any], **options: Any) -> None:
        if values.get("kind") == WFS and not values.get("type_name"):
            raise ValidationError("is needed for a WFS", "type_name")

    @post_load
    def read(self, values: dict[str, Any], **options: Any) -> dict[str, Any]:
        """The columns of a source, but for the credentials, which are still open."""
        values["layer_name"] = values.pop("layer_in_file", None)
        wanted = {name: values.pop(name, None) for name in WANTED}
        kept: dict[str, Any] = {name: values[name] for name in ("kind", "url", "active") if name in values}
        kept |= {"limits": values["publish"], "every_seconds": values["every_minutes"] * 60}
        kept |= {"wanted": {name: value for name, value in wanted.items() if value is not None}}
        return kept | ({"credentials": values["credentials"]} if "credentials" in values else {})


class ActivityIn(Schema):
    """Whether the source is fetched in its rhythm."""

    example: ClassVar[dict[str, Any]] = {"active": False}

    active = fields.Boolean(required=True)


class FetchIn(Schema):
    """How to fetch."""

    example: ClassVar[dict[str, Any]] = {"anew": False}

    anew = fields.Boolean(load_default=False, metadata={"description": "Read it also where it has not changed."})


class FetchOut(Schema):
    """What came of a fetch."""

    example: ClassVar[dict[str, Any]] = FETCH

    state = fields.String(required=True, validate=validate.OneOf(FETCHED))
    began_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True)
    by_name = fields.String(
        required=True, allow_none=True, metadata={"description": "Who asked for it; null: its time had come."}
    )
    answers = fields.Integer(required=True, metadata={"description": "How many the source gave."})
    bytes = fields.Integer(required=True)
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The draft that was made; a newer one replaces it."}
    )
    findings = fields.Dict(
        required=True, allow_none=True, metadata={"description": "As in showUpload; each fault is in showVersion."}
    )
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "What it changes against the version that was in force."},
    )
    unpublished = fields.Dict(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why it did not come into force by itself: `reason` is `by_hand`, `not_over_own`, "
            "`scheduled`, `changed_meanwhile` or `over_limits`."
        },
    )
    refusal = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "Why nothing came: `code`, `title` and what belongs to the code."},
    )


class FetchesOut(Schema):
    """A page of what came of the fetches of a layer, newest first."""

    example: ClassVar[dict[str, Any]] = {"fetches": [FETCH], "next": None}

    fetches = fields.List(fields.Nested(FetchOut), required=True)
    next = fields.String(required=True, allow_none=True, metadata={"description": "`after` of the next page."})


class SourceOut(Schema):
    """Where a layer is fetched from, and how that goes."""

    example: ClassVar[dict[str, Any]] = SOURCE | {
        "credentials": "header",
        "by_name": "Maria Keeper",
        "changed_at": "2026-11-21T09:00:00Z",
        "state": "waiting",
        "next_at": "2026-11-23T03:00:00Z",
        "draft": 7,
        "last": FETCH,
    }

    kind = fields.String(required=True)
    url = fields.String(required=True)
    type_name = fields.String(required=True, allow_none=True)
    wfs_version = fields.String(required=True, allow_none=True)
    sort_by = fields.String(required=True, allow_none=True)
    file_kind = fields.String(required=True, allow_none=True)
    layer_in_file = fields.String(required=True, allow_none=True)
    crs = fields.String(required=True, allow_none=True)
    encoding = fields.String(required=True, allow_none=True)
    key_attribute = fields.String(required=True, allow_none=True)
    attributes = fields.Dict(keys=fields.String(), values=fields.String(), required=True, allow_none=True)
    longitude = fields.String(required=True, allow_none=True)
    latitude = fields.String(required=True, allow_none=True)
    keep_outside = fields.Boolean(required=True)
    every_minutes = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    publish = fields.Dict(required=True, allow_none=True)
    credentials = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(("basic", "header")),
        metadata={"description": "Which kind is kept; never what they are."},
    )
    by_name = fields.String(required=True, allow_none=True, metadata={"description": "Who said so last."})
    changed_at = fields.AwareDateTime(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(("paused", "waiting", "fetching", "trying_again")),
        metadata={"description": "`trying_again`: after a fault of ours."},
    )
    next_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "When it is fetched next."})
    draft = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The newest draft from it that nobody has published."}
    )
    last = fields.Nested(FetchOut, required=True, allow_none=True)
