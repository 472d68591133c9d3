"""The OpenAPI document is valid, complete, true to the code, and readable without anybody else's servers."""

import ast
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from marshmallow import Schema
from openapi_spec_validator import validate

from service.app import create_app
from service.config import Settings
from service.errors import Problem
from service.openapi.document import FILES
from service.openapi.refusals import ProblemOut, descendants
from service.reports.schemas.sending import ReportIn
from service.reports.schemas.staff import HandOverIn, LookIn, StaffMoveIn

COMMITTED = Path(__file__).parent.parent.parent / "mobile_api_docs" / "openapi.json"
SERVICE = COMMITTED.parent.parent / "service"
OUTSIDE = re.compile(r"""(?:https?:)?//[^\s"')]+""")
OTHERS = {"/health", "/ready", "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/docs/start.js", "/permissions"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application; its database stays empty and unasked."""
    return create_app(Settings(home=tmp_path_factory.mktemp("home"), log_level="ERROR"))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.config["OPENAPI_DOCUMENT"]()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in item if method != "parameters")


def test_the_committed_document_is_that_of_the_code(document: dict[str, Any]) -> None:
    now = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert COMMITTED.read_text("utf-8") == now, "stale: plateia openapi > mobile_api_docs/openapi.json"


def test_it_is_a_valid_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_every_route_has_its_place_in_it(app: Flask, document: dict[str, Any]) -> None:
    documented = {(path, method) for path, method, _ in operations(document)}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+(?:\([^)]*\))?:)?([^<>]+)>", r"{\1}", rule.rule)
        if path in OTHERS or rule.endpoint == "documents.asset" or rule.endpoint.startswith("staff_pages."):
            continue
        if rule.rule.startswith("/ogc/"):  # which has its own
            continue
        for method in set(rule.methods or ()) - {"HEAD", "OPTIONS"}:
            assert (path, method.lower()) in documented, rule


def test_every_operation_has_a_name_a_text_a_tag_and_its_security(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert re.fullmatch(r"[a-z]+[A-Za-z]*", operation["operationId"]), path
        assert operation["summary"] and "security" in operation, (method, path)
        assert set(operation["tags"]) <= tags
        assert "default" not in operation["responses"] and "500" in operation["responses"]


def test_every_parameter_and_every_answer_is_explained(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", []):
            assert parameter["description"], path
    for path, _, operation in operations(document):
        for parameter in operation["parameters"]:
            assert "$ref" in parameter or parameter.get("description"), (path, parameter["name"])
        for status, response in operation["responses"].items():
            assert "$ref" in response or len(response["description"]) > 10, (path, status)


def test_every_schema_says_what_it_is(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        assert "allOf" not in schema and ("additionalProperties" in schema) == name.endswith("In"), name


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {})] + [r for s, r in operation["responses"].items() if s < "3"]
        for content in (body.get("content", {}).get("application/json") for body in bodies):
            if content and operation["operationId"] not in FILES:
                name = content["schema"]["$ref"].rpartition("/")[2]
                assert document["components"]["schemas"][name]["examples"], (method, path, name)


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checker = Draft202012Validator.FORMAT_CHECKER
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            whole = document | {"$ref": f"#/components/schemas/{name}"}
            Draft202012Validator(whole, format_checker=checker).validate(example)


@pytest.mark.parametrize("schema", [ReportIn, StaffMoveIn, HandOverIn, LookIn])
def test_every_example_of_a_request_is_accepted(schema: type[Schema]) -> None:
    assert schema().load(vars(schema)["example"])


def test_links_lead_to_operations_and_fill_their_parameters(document: dict[str, Any]) -> None:
    by_name = {operation["operationId"]: (path, operation) for path, _, operation in operations(document)}
    found = 0
    for _, _, operation in operations(document):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                path, target = by_name[link["operationId"]]
                taken = set(re.findall(r"{(\w+)}", path)) | {p.get("name") for p in target["parameters"]}
                assert set(link["parameters"]) <= taken, link
                found += 1
    assert found > 20


def test_every_refusal_that_is_listed_exists_with_that_status(document: dict[str, Any]) -> None:
    statuses = {problem.code: problem.status for problem in descendants(Problem)}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if "$ref" in response:
                found = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
                schema = found["content"]["application/problem+json"]["schema"]
                for code in schema["allOf"][1]["properties"]["code"]["enum"]:
                    assert statuses[code] == int(status), code


def members_raised(codes: set[str]) -> set[str]:
    """The keywords with which the code raises these refusals; they become members of the answer."""
    names = {problem.__name__ for problem in descendants(Problem) if problem.code in codes}
    found = set()
    for file in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def test_what_refusals_bring_with_them_is_documented(document: dict[str, Any]) -> None:
    codes = {
        code
        for response in document["components"]["responses"].values()
        for code in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    brought = members_raised(codes)
    assert "retry_after" in brought and brought <= set(ProblemOut().fields)


class Addresses(HTMLParser):
    """What a page makes the browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.found += [str(named[name]) for name in ("src", "href") if name in named]
        self.inline += tag == "script" and "src" not in named


def test_the_page_fetches_only_what_this_server_gives(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/api/v1/docs")
    assert page.mimetype == "text/html"
    addresses = Addresses()
    addresses.feed(page.text)
    assert addresses.found and addresses.inline == 0
    for address in [*addresses.found, "openapi.json"]:
        assert not OUTSIDE.match(address)
        assert client.get(f"/api/v1/{address}").status_code == 200, address
    assert not OUTSIDE.search(client.get("/api/v1/docs/start.js").text)


def test_the_page_may_fetch_nothing_else(app: Flask) -> None:
    policy = app.test_client().get("/api/v1/docs").headers["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


def test_no_other_file_of_the_package_is_served(app: Flask) -> None:
    client = app.test_client()
    for name in ("index.html", "../__init__.py", "oauth2-redirect.html"):
        assert client.get(f"/api/v1/docs/{name}").status_code == 404


def test_the_document_is_fetched_once(app: Flask) -> None:
    client = app.test_client()
    first = client.get("/api/v1/openapi.json")
    assert first.mimetype == "application/json" and first.json["openapi"] == "3.1.0"
    again = client.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
