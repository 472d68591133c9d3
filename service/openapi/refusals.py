"""The refusals of each operation: those that its route names, and those that follow from what it takes.

Every status lists its codes, so that a client generator knows them; the texts are those of the exceptions.
"""

from collections.abc import Callable, Iterator
from typing import Any

from marshmallow import Schema, fields

from service.errors import Problem

ALWAYS = ("internal_error", "try_again")
OPEN_TO = ("anybody", "public", "signed in")

Operation = dict[str, Any]


class ProblemOut(Schema):
    """A refusal (RFC 9457). An app decides by `code`, which is stable; some codes bring the members that follow it."""

    type = fields.String(required=True, metadata={"description": "`urn:plateia:problem:` and the code."})
    title = fields.String(required=True, metadata={"description": "For a person, in the language of the answer."})
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    request_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Finds the request in the service's log."}
    )
    errors = fields.Dict(metadata={"description": "Field or question → what is wrong with it."})
    retry_after = fields.Integer(metadata={"description": "Seconds to wait; also in the header."})
    municipality = fields.String(allow_none=True, metadata={"description": "Slug of the municipality of this place."})
    municipality_name = fields.Dict(
        keys=fields.String(), values=fields.String(), allow_none=True, metadata={"description": "Language → its name."}
    )
    metres = fields.Float(metadata={"description": "From the place to this municipality's border."})
    phone = fields.String(metadata={"description": "The number to call."})
    most = fields.Integer(metadata={"description": "How much is allowed."})
    state = fields.String(metadata={"description": "The state that the report is in, or would get."})
    allowed = fields.List(fields.String(), metadata={"description": "The states to which it can be moved."})
    version = fields.Integer(metadata={"description": "The report's present version."})
    layer = fields.String(allow_none=True, metadata={"description": "The layer to choose a feature of."})
    missing = fields.List(fields.String(), metadata={"description": "The photos that cannot be attached."})
    answered = fields.List(fields.String(), metadata={"description": "The contributions that have an answer already."})
    category = fields.String(metadata={"description": "The category that there is not."})
    department = fields.String(allow_none=True, metadata={"description": "The department that there is not."})
    reason = fields.String(metadata={"description": "What is wrong with it, as a word for programs."})
    host = fields.String(metadata={"description": "Whose address is not asked."})
    least = fields.Integer(metadata={"description": "How many characters at least."})
    role = fields.String(metadata={"description": "The role that cannot be given."})
    kinds = fields.List(fields.String(), metadata={"description": "The kinds that are taken."})
    act = fields.String(metadata={"description": "What cannot be done with the notice."})
    bytes = fields.Integer(metadata={"description": "How much it is."})
    district = fields.String(metadata={"description": "The district that there is not."})
    language = fields.String(metadata={"description": "The language that it is about."})
    faults = fields.List(fields.Dict(), metadata={"description": "`where` in an article or a plan, and what is wrong."})
    links = fields.List(fields.Dict(), metadata={"description": "The links that lead to nothing: `kind` and `id`."})
    number = fields.Integer(metadata={"description": "The newest version of the article."})
    possible = fields.List(fields.String(), metadata={"description": "What can be done with the article."})
    question = fields.String(allow_none=True, metadata={"description": "The question whose answer is not valid."})
    sequence = fields.Integer(metadata={"description": "Of the ballot, as it is now."})
    eligibility = fields.String(metadata={"description": "Who may take part."})
    closes_at = fields.String(allow_none=True, metadata={"description": "When the vote ends."})
    not_known = fields.List(fields.Integer(), metadata={"description": "Places of people who cannot vote on paper."})
    not_among = fields.List(fields.Integer(), metadata={"description": "Places of people who may not take part."})
    voted = fields.List(fields.Integer(), metadata={"description": "Places of people who have voted."})
    key = fields.String(metadata={"description": "The key that is taken."})
    hash = fields.String(metadata={"description": "The version that has this content."})
    by = fields.String(metadata={"description": "The `id` of what stands in its place."})
    became = fields.List(fields.Dict(), metadata={"description": "What an element is now: `id` and `key` of each."})
    last = fields.String(metadata={"description": "The hash of the last version that has the element."})
    rule = fields.String(metadata={"description": "The house rule that there is not."})
    revision = fields.String(allow_none=True, metadata={"description": "The text in force."})
    opens_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When people can write again; null where nothing is planned."}
    )
    message = fields.String(metadata={"description": "What the reader of the file said, in English."})


def problems() -> dict[str, type[Problem]]:
    """Every refusal of the service by its code; the classes of all slices must have been imported."""
    return {problem.code: problem for problem in descendants(Problem)}


def descendants(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def add_refusals(
    operation: Operation,
    path: str,
    method: str,
    view: Callable[..., Any],
    known: dict[str, type[Problem]],
    shared: dict[str, Any],
) -> None:
    """Write the refusals of an operation among its responses, in place of what stands there for them.

    The responses themselves go to `shared`, the components, since most operations share most of them.
    """
    responses = operation["responses"]
    for status in [s for s in responses if s == "default" or s.startswith(("4", "5"))]:
        del responses[status]
    by_status: dict[int, set[str]] = {}
    for code in codes_of(operation, path, method, view):
        by_status.setdefault(known[code].status, set()).add(code)
    for status, codes in by_status.items():
        name = ".".join(sorted(codes)) if len(codes) < 3 else f"{operation['operationId']}.{status}"
        shared[name] = response_of([known[code] for code in sorted(codes)])
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}


def codes_of(operation: Operation, path: str, method: str, view: Callable[..., Any]) -> Iterator[str]:
    """The codes of the refusals that are possible here."""
    attributes = vars(view)
    yield from ALWAYS
    yield from (problem.code for problem in attributes["refusals"])
    if "{municipality}" in path:
        yield "no_such_municipality"
    if method != "get":
        yield "moving"
    if path.count("{") > 1:
        yield "no_such_address"
    if attributes["access"] != "anybody":
        yield from ("sign_in_needed", "scope_missing", "too_many_requests")
    if attributes["access"] not in OPEN_TO:
        yield "forbidden"
    if attributes.get("limited"):
        yield "too_many_requests"
    if "requestBody" in operation:
        yield from ("bad_request", "body_too_large")
    if "requestBody" in operation or "parameters" in operation:
        yield "fields_not_valid"


def response_of(refusals: list[type[Problem]]) -> dict[str, Any]:
    """A response that lists its codes."""
    problem = {"$ref": "#/components/schemas/ProblemOut"}
    codes = {"properties": {"code": {"enum": [refusal.code for refusal in refusals]}}}
    response: dict[str, Any] = {
        "description": "\n".join(f"- `{refusal.code}`: {refusal.message}" for refusal in refusals),
        "content": {"application/problem+json": {"schema": {"allOf": [problem, codes]}}},
    }
    if any(refusal.status in (429, 503) for refusal in refusals):
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return response
