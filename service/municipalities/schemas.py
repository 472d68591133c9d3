"""Municipalities in JSON."""

from marshmallow import Schema, fields


class MunicipalityOut(Schema):
    """A municipality that is served here."""

    slug = fields.String(required=True, metadata={"description": "The first part of its addresses."})
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    country = fields.String(required=True)
    languages = fields.List(fields.String(), required=True, metadata={"description": "The first is the main one."})
    time_zone = fields.String(required=True)
    centre = fields.List(fields.Float(), required=True, metadata={"description": "Longitude, latitude."})


class MunicipalitiesOut(Schema):
    """All of them."""

    municipalities = fields.List(fields.Nested(MunicipalityOut), required=True)
