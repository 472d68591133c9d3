"""API keys over HTTP, for administrators."""

import uuid
from typing import Any

from flask import Response

from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.people.keys import schemas
from service.people.keys.keeping import ExpiryNotAhead, TooManyKeys, end_key, keys_of, make_key

blueprint = Blueprint(
    "api_keys", __name__, url_prefix="/<municipality>/staff/api-keys", description="Keys for other programs"
)


@blueprint.get("")
@staff("see_staff")
@blueprint.response(200, schemas.ApiKeysOut)
@operation("listApiKeys")
def keys(municipality: Municipality) -> Response:
    """List the API keys, what they are good for, and when each was last used"""
    rows = [row._asdict() for row in keys_of(municipality)]
    return answer({"keys": [{"id": row.pop("uid")} | row for row in rows]})


@blueprint.post("")
@staff("manage_keys")
@blueprint.arguments(schemas.ApiKeyIn)
@blueprint.response(201, schemas.ApiKeyGivenOut)
@operation("makeApiKey", TooManyKeys, ExpiryNotAhead)
def make(body: dict[str, Any], municipality: Municipality) -> Response:
    """Make an API key

    It is shown in this answer and never again.
    """
    who = caller()
    with transaction():
        given = make_key(municipality, who, **body)
    return answer({"id": given.uid, "key": given.key}, 201, headers={"Cache-Control": "no-store"})


@blueprint.delete("/<uuid:api_key>")
@staff("manage_keys")
@blueprint.response(204)
@operation("endApiKey", NotFound)
def end(municipality: Municipality, api_key: uuid.UUID) -> Response:
    """Make an API key worthless"""
    who = caller()
    with transaction():
        end_key(municipality, who, api_key)
    return nothing()
