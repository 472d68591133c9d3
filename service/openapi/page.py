"""The document as JSON, and as a page of Swagger UI, whose files come with the service."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

from service.http import answer, etag_of

DIST = Path(flask_swagger_ui.__file__).parent / "dist"
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plateia API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script></body></html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#ui", deepLinking: true, displayOperationId: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
});
"""
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def pages(document: Callable[[], dict[str, Any]]) -> Blueprint:
    """The routes of the document and of its page; anybody may read them."""
    blueprint = Blueprint("documents", __name__, url_prefix="/api/v1")
    etag = cache(lambda: etag_of(document()))

    @blueprint.get("/openapi.json")
    def openapi_json() -> Response:
        return answer(document(), etag=etag())

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
    return blueprint
