"""Municipalities in JSON."""

from typing import Any, ClassVar

from marshmallow import Schema, fields, validate


def texts(**options: Any) -> fields.Dict:
    """A text in each language of the municipality."""
    described = {"description": "Language → text, in each language of the municipality."}
    return fields.Dict(keys=fields.String(), values=fields.String(), metadata=described, **options)


def lon_lat() -> "fields.List[float]":
    """A place as GeoJSON writes it."""
    return fields.List(
        fields.Float(),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "Longitude, latitude in WGS84 degrees."},
    )


class MunicipalityOut(Schema):
    """A municipality that is served here."""

    example: ClassVar[dict[str, Any]] = {
        "slug": "kozani",
        "name": {"el": "Δήμος Κοζάνης", "en": "Municipality of Kozani"},
        "country": "GR",
        "languages": ["el", "en"],
        "time_zone": "Europe/Athens",
        "centre": [21.7885, 40.3007],
    }

    slug = fields.String(required=True, metadata={"description": "The `municipality` of its addresses."})
    name = texts(required=True)
    country = fields.String(required=True, metadata={"description": "ISO 3166-1, two letters."})
    languages = fields.List(fields.String(), required=True, metadata={"description": "The first is the main one."})
    time_zone = fields.String(required=True, metadata={"description": "A name of the IANA time zone database."})
    centre = lon_lat()


class MunicipalitiesOut(Schema):
    """All municipalities that are served here."""

    example: ClassVar[dict[str, Any]] = {"municipalities": [MunicipalityOut.example]}

    municipalities = fields.List(fields.Nested(MunicipalityOut), required=True)
