"""The OpenAPI 3.1 document, and its page without anybody else's servers."""

from pathlib import Path
from typing import Any

import flask_smorest
import flask_swagger_ui
from flask import Blueprint, Flask, Response, send_from_directory
from marshmallow import Schema, fields

from service.http import answer, etag_of

DIST = Path(flask_swagger_ui.__file__).parent / "dist"
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js")
DESCRIPTION = (
    "Residents report problems with a place and photos and follow them until they are solved. "
    "Every refusal is application/problem+json with a stable `code`; the guide beside this document "
    "says what an app does with each."
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Plateia API</title>
<link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/swagger-ui-standalone-preset.js"></script>
<script src="docs/start.js"></script></body></html>
"""
START = """SwaggerUIBundle({url: "openapi.json", dom_id: "#ui", deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: "BaseLayout", validatorUrl: null});
"""
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'"
)


class ProblemOut(Schema):
    """A refusal (RFC 9457). `code` is stable; `title` is for a person, in their language."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True, allow_none=True)


def describe(app: Flask, api: flask_smorest.Api) -> None:
    """Add the document and its page to the application."""
    document: dict[str, Any] = finished(api)
    app.config["OPENAPI_DOCUMENT"] = document
    etag = etag_of(document)
    blueprint = Blueprint("documents", __name__, url_prefix="/api/v1")

    @blueprint.get("/openapi.json")
    def openapi_json() -> Response:
        return answer(document, etag=etag)

    @blueprint.get("/docs")
    def page() -> Response:
        return Response(PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})

    @blueprint.get("/docs/start.js")
    def start() -> Response:
        return Response(START, content_type="text/javascript; charset=utf-8")

    @blueprint.get("/docs/<any({}):name>".format(", ".join(f'"{name}"' for name in ASSETS)))
    def asset(name: str) -> Response:
        return send_from_directory(DIST, name, max_age=86400)

    for view in (openapi_json, page, start, asset):
        vars(view)["access"] = "anybody"
    app.register_blueprint(blueprint)


def finished(api: flask_smorest.Api) -> dict[str, Any]:
    """The document with what smorest leaves out: security, problem documents, the municipality's parameter."""
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    api.spec.components.schema("Problem", schema=ProblemOut)
    document: dict[str, Any] = api.spec.to_dict()
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": "/"}]
    document["components"]["responses"] = {"Problem": {"description": "A refusal.", "content": problem_content()}}
    for path in document["paths"].values():
        for parameter in path.get("parameters", ()):
            if parameter["name"] == "municipality":
                parameter["schema"] = {"type": "string", "examples": ["kozani"]}
        for method, operation in path.items():
            if method != "parameters":
                finish(operation)
    return document


def finish(operation: dict[str, Any]) -> None:
    """Each operation may refuse; refusals are problem documents, and 304 has no body."""
    responses = operation["responses"]
    for status in [s for s in responses if s == "default" or s.startswith(("4", "5"))]:
        del responses[status]
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    if "304" in responses:
        responses["304"].pop("content", None)


def problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
