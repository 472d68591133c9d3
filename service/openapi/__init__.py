"""The OpenAPI 3.1 document, made of the routes and their schemas, and its page without anybody else's servers."""

import flask_smorest
from flask import Flask

from service.openapi.document import document_of
from service.openapi.page import pages


def describe(app: Flask, api: flask_smorest.Api) -> None:
    """Add the document and its page to the application. Call when every blueprint is registered."""
    document = document_of(app, api)
    app.config["OPENAPI_DOCUMENT"] = document
    app.register_blueprint(pages(document))
