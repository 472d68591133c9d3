"""The OpenAPI 3.1 document, made of the routes and their schemas, and its page without anybody else's servers."""

from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import Any

import flask_smorest
from flask import Flask

from service.openapi.document import document_of
from service.openapi.page import pages


def describe(app: Flask, api: flask_smorest.Api, blueprints: Sequence[flask_smorest.Blueprint]) -> None:
    """Add the document of these blueprints, which the application has, and its page.

    It is made when it is first asked for: that takes longer than all the rest of a start, and most starts need none.
    """
    made = cache(lambda: document_of(app, api, blueprints))
    one_at_a_time = Lock()

    def document() -> dict[str, Any]:
        with one_at_a_time:
            return made()

    app.config["OPENAPI_DOCUMENT"] = document
    app.register_blueprint(pages(document))
