"""The document: what flask-smorest makes of routes and schemas, and what it leaves out.

Left out are the refusals, the security of what is open to all, headers, links, examples, and the texts of schemas.
"""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import flask_smorest
from flask import Flask

from service.consultation.conversation.reporting import FORMS
from service.openapi.links import LINKS
from service.openapi.refusals import Operation, ProblemOut, add_refusals, problems
from service.plans.exporting import TYPES
from service.reports.schemas.sending import ReportFieldsIn

DESCRIPTION = """Residents report problems with a place and photos and follow them until they are solved.

Every refusal is `application/problem+json` with a stable `code`; each operation lists its own, and the guide beside
this document says what an app does with each. Instants are UTC (RFC 3339), coordinates WGS84 degrees, longitude first.
New members may appear in answers at any time: ignore what you do not know.
"""
PHOTO_TYPES = "image/jpeg, image/png, image/webp, image/heic, image/heif, image/avif"
PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "municipality": {"description": "The `slug` of listMunicipalities.", "example": "kozani"},
    "report": {"description": "The report's `id`.", "example": "01a20027-2c8e-7266-ae20-55ab6d37ca6a"},
    "photo": {"description": "The photo's `id`.", "example": "01a20027-2c56-7783-8c2a-7aaa8bb426f6"},
    "size": {"description": "Longest side 320, 1024 or 2048 pixels.", "example": "medium"},
    "layer": {"description": "The layer's `key`.", "example": "lighting-areas"},
    "number": {"description": "The version's `number`.", "example": 2},
    "form": {"description": "`json`, `csv`, `xlsx`, `oc4ids` or `pdf`.", "example": "csv"},
    "format": {"description": "`csv`, `csvw`, `ods`, `json` or `pdf`.", "example": "csv"},
    "image": {"description": "`svg` or `png`.", "example": "svg"},
    "upload": {"description": "The upload's `id`.", "example": "01a20027-51be-7f2c-8d55-3c1b7e0f9a24"},
    "z": {"description": "The zoom, 0 to 22.", "example": 14},
    "x": {"description": "Columns from the west.", "example": 9183},
    "y": {"description": "Rows from the north.", "example": 6176},
    "position": {"description": "The rule's `position`.", "example": 2},
    "feature": {"description": "The key of the feature.", "example": "KZ-0101"},
    "report_form": {"description": "`csv`, `json` or `md`.", "example": "csv"},
    "contribution": {"description": "The contribution's `id`.", "example": "01a20027-6d10-7b3e-9a55-1f0c2a9d7e31"},
    "follow": {"description": "The follow's `id`.", "example": "01a20027-5b1c-7d02-8a44-0b1de7a5c9f0"},
    "person": {"description": "The `id` of listStaff.", "example": "01a20026-3782-716f-b5d9-c3504d710968"},
    "invitation": {"description": "The invitation's `id`.", "example": "01a20026-3782-716f-b5d9-c3504d710968"},
    "api_key": {"description": "The key's `id`, not the key.", "example": "01a20026-3782-716f-b5d9-c3504d710968"},
    "link": {
        "description": "The end of the `address` of linkCopy.",
        "example": "2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
    },
    "provider": {"description": "The provider's `key`.", "example": "govgr"},
    "session": {"description": "The session's `id`.", "example": "01a20026-3783-7c51-8a0f-2d5c4c6f1b77"},
    "installation": {"description": "That of listPhones.", "example": "7d1f5c1e-9a0b-4a54-8f6e-0b8f3f0c7a11"},
    "channel": {"description": "`email` or `sms`.", "example": "email"},
    "notice": {"description": "The notice's `id`.", "example": "01a20027-6c0d-7e41-9a55-3d1be7a5c9f0"},
    "token": {
        "description": "The end of the `address` of linkPreview.",
        "example": "2vY5v0o9mJx3bM4sQhV7c1kTzR8eWnPd6fLgUaXiKyE",
    },
    "subscription": {
        "description": "The end of the address in the `List-Unsubscribe` of a digest.",
        "example": "gAAAAABqIX9kJ3f0c2dVb1pQeHlLN2R0b3ZzTmFCMXVYVHJFbkFqMlFwWmM5d2hMZ0lmVlN4",
    },
    "plan": {"description": "The plan's `key` or `id`.", "example": "operational-2014-2019"},
    "element": {"description": "The element's `key` or `id`.", "example": "1.1.1"},
    "known_as": {
        "description": "The version's `hash`.",
        "example": "7f9b1135c6a578b18514ea47cf9837ac306d6e3329f2118df134fa662a9a4fef",
    },
    "register": {
        "description": "`stages`, `decisions`, `links`, `evaluations`, `bodies`, `territories`, `funding_sources` or "
        "`documents`.",
        "example": "stages",
    },
    "entry": {"description": "The entry's `key`; of a link anything.", "example": "12"},
    "report_key": {"description": "The `key` of the report on progress.", "example": "2016"},
    "consultation": {"description": "The consultation's `id`.", "example": "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"},
    "questionnaire": {"description": "The questionnaire's `id`.", "example": "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"},
    "body": {"description": "The body's `id`.", "example": "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"},
    "paper": {"description": "The `id` of enterForm.", "example": "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"},
    "batch": {"description": "The `id` of enterPapers.", "example": "01a20031-5d2e-7a10-9c44-3e5b0a6d8f12"},
    "message": {"description": "The message's `id`.", "example": "01a20027-3f0a-7c55-9d13-6f2f0b7a4e11"},
    "document": {"description": "The document's `id`.", "example": "01a20027-6c10-7d21-8a3b-5f6e7d8c9b0a"},
    "scan": {"description": "The `id` of keepScan.", "example": "01a20027-8a00-7c00-9d00-3c4d5e6f7a8b"},
    "subject": {"description": "Its place in `subjects`, from 0.", "example": 0},
    "article": {"description": "The article's `id`.", "example": "01a20027-6c10-7b5e-8c77-6d6f3c1b2a90"},
    "key": {"description": "The `key` of the heading.", "example": "environment"},
    "feed": {"description": "The feed's `id`.", "example": "01a20027-7a01-7e21-8f43-5b6c7d8e9f01"},
}
SHARED_PARAMETERS: dict[str, dict[str, Any]] = {
    "AcceptLanguage": {
        "in": "header",
        "name": "Accept-Language",
        "description": "el, bg, lt or en, for the texts of the answer; else the municipality's main language.",
        "schema": {"type": "string"},
        "example": "el",
    },
    "IfNoneMatch": {
        "in": "header",
        "name": "If-None-Match",
        "description": "The `ETag` of the answer that the phone has; 304 where it is still good.",
        "schema": {"type": "string"},
        "example": '"1396ec804e5318cd40f7a77d"',
    },
}
HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "Names this state of the answer.", "schema": {"type": "string"}, "required": True},
    "Location": {"description": "The address of the report.", "schema": {"type": "string"}, "required": True},
    "IdempotencyReplayed": {
        "description": "`true` where the same key had come before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}


NOT_MODIFIED = {"description": "The phone has it already.", "headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}
UNUSED = ("Error", "PaginationMetadata")  # flask-smorest's own, which we do not use
SENT = ("sendReport", "sendReportWithPhotos")


def document_of(app: Flask, api: flask_smorest.Api, blueprints: Iterable[flask_smorest.Blueprint]) -> dict[str, Any]:
    """The whole document, its keys sorted, so that it is the same on every machine. To be called once."""
    for blueprint in blueprints:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    components = api.spec.components
    components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    components.schema("ProblemOut", schema=ProblemOut)
    components.schema("ReportFieldsIn", schema=ReportFieldsIn)
    document: dict[str, Any] = api.spec.to_dict()
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": "/"}]
    parts = document["components"]
    parts |= {"parameters": SHARED_PARAMETERS, "headers": HEADERS, "responses": {}}
    for name in UNUSED:
        del parts["schemas"][name]
    describe_schemas(api, parts["schemas"])
    views = {vars(view)["operation"]: view for view in app.view_functions.values() if "operation" in vars(view)}
    known = problems()
    for path, method, operation in operations(document):
        add_refusals(operation, path, method, views[operation["operationId"]], known, parts["responses"])
        finish(operation, parts["schemas"])
    for parameter in (one for item in document["paths"].values() for one in item.get("parameters", ())):
        parameter |= PATH_PARAMETERS[parameter["name"]]
    finished: dict[str, Any] = tidy(document)
    return finished


def describe_schemas(api: flask_smorest.Api, schemas: dict[str, Any]) -> None:
    """Give each schema its docstring and its example; what comes in has no members but those that are named."""
    for key, name in api.ma_plugin.converter.refs.items():
        if name in UNUSED:
            continue
        about = schemas[name]
        about["description"] = inspect.cleandoc(key[0].__doc__)
        about.pop("additionalProperties", None)
        if "example" in vars(key[0]):
            about["examples"] = [key[0].example]
        if name.endswith("In"):
            about["additionalProperties"] = False
    schemas["ReportPartsIn"]["properties"]["report"] |= {
        "contentMediaType": "application/json",
        "contentSchema": reference("schemas", "ReportFieldsIn"),
    }


def of_formats(types: Iterable[str]) -> dict[str, Any]:
    """The content of an answer that is a file in one of these formats."""
    names = sorted({kind.partition(";")[0] for kind in types})
    file = {"type": "string", "format": "binary"}
    return {name: {"schema": {"type": "object"} if name == "application/json" else file} for name in names}


FILES = dict.fromkeys(("fetchPlanFile", "fetchDraftFile"), of_formats(TYPES.values())) | {
    "reportContributions": of_formats(kind for kind, _ in FORMS.values())
}
"""Operation → its content, where the address says in which format it comes."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Each operation with its path and method."""
    for path, item in document["paths"].items():
        yield from ((path, name, operation) for name, operation in item.items() if name != "parameters")


def finish(operation: Operation, schemas: dict[str, Any]) -> None:
    """Add the security, headers, links and texts that the operation lacks."""
    operation.setdefault("security", [])
    operation.setdefault("parameters", []).append(reference("parameters", "AcceptLanguage"))
    name, responses = operation["operationId"], operation["responses"]
    headers = {"Location": "Location", "Idempotency-Replayed": "IdempotencyReplayed"} if name in SENT else {}
    if "304" in responses:
        responses["304"] = NOT_MODIFIED
        headers["ETag"] = "ETag"
        operation["parameters"].append(reference("parameters", "IfNoneMatch"))
    done = responses[min(status for status in responses if status.startswith("2"))]
    if "202" in responses and responses["202"] is not done:
        responses["202"]["headers"] = {"Retry-After": reference("headers", "RetryAfter")}
    done["description"] = text_of(done, schemas)
    if name in FILES:
        done["content"] = FILES[name]
    if headers:
        done["headers"] = {header: reference("headers", component) for header, component in headers.items()}
    if name in LINKS:
        done["links"] = LINKS[name]
    describe_parts(operation, schemas)


def text_of(done: dict[str, Any], schemas: dict[str, Any]) -> str:
    """What a successful answer is: the text of its schema."""
    if "content" not in done:
        return "It is done, and there is nothing to say."
    schema = next(iter(done["content"].values()))["schema"]
    if "$ref" in schema:
        return str(schemas[schema["$ref"].rpartition("/")[2]]["description"])
    return str(schema.pop("description", "The picture."))


def describe_parts(operation: Operation, schemas: dict[str, Any]) -> None:
    """Say of each part of a multipart body what it may hold."""
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    if content is not None:
        parts = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
        photos = {name: {"contentType": PHOTO_TYPES} for name in ("photo", "photos") if name in parts}
        content["encoding"] = photos | ({"report": {"contentType": "application/json"}} if "report" in parts else {})


def reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def tidy(value: Any) -> Any:
    """The same with sorted keys and, in patterns, the anchors of JSON Schema's dialect instead of Python's."""
    if isinstance(value, dict):
        patterns = {"pattern": anchored(value["pattern"])} if isinstance(value.get("pattern"), str) else {}
        return {key: tidy(member) for key, member in sorted((value | patterns).items())}
    return [tidy(member) for member in value] if isinstance(value, list | tuple) else value


def anchored(pattern: str) -> str:
    return pattern.replace(r"\A", "^").replace(r"\Z", "$")
