"""Whatever is sent, the service answers as its OpenAPI document says: as each role, against things that are there.

What is wrong by the document is refused before a database is asked, so that the short run sends it for one half of the
operations on SQLite and for the other on PostgreSQL. PLATEIA_LONG=1 sends all on both, and ten times as much.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import Context
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.db import db
from tests.api.world import ROLES, World, make_world, pick
from tests.api.world_of_identity import trusted
from tests.api.world_of_phones import JOINING, joining_headers

pytestmark = pytest.mark.slow

LONG = 20 if os.environ.get("PLATEIA_LONG") == "1" else 1
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUICK: dict[str, Any] = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The document with answers that may have no member but those that it names."""
    changed = deepcopy(document)
    for schema in changed["components"]["schemas"].values():
        schema.setdefault("additionalProperties", False)
    return changed


@pytest.fixture
def schema(app: Flask) -> BaseSchema:
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}, "seed": 1})
    loaded = schemathesis.openapi.from_dict(strict(app.config["OPENAPI_DOCUMENT"]()), config=config)
    loaded.app = app
    return loaded


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    made = make_world(app)
    with trusted(made):
        yield made


def operations(schema: BaseSchema) -> Iterator[tuple[str, APIOperation]]:
    for result in schema.get_all_operations():
        operation = result.ok()
        yield operation.definition.raw["operationId"], operation


def from_outside(case: Case, **options: Any) -> Response:
    """Send it so that the request sees nothing of the test's own application context."""
    return Context().run(case.call, **options)


def halved(schema: BaseSchema) -> Iterator[tuple[str, APIOperation]]:
    """Every other operation: those that this database does not get, the other one does."""
    first = db.engine.dialect.name == "sqlite"
    for number, found in enumerate(operations(schema)):
        if LONG > 1 or number % 2 == first:
            yield found


def call(case: Case, name: str, world: World, role: str, *checks: Any) -> Response:
    """Send it as this role, and hold the answer to the document."""
    headers = world.fresh_headers(role) if name == "signOut" else world.headers(role)
    if name in JOINING:
        headers = joining_headers(world, role)
    response = from_outside(case, headers=headers)
    case.validate_response(response, checks=[*CHECKS, *checks], headers=headers)
    if response.status_code >= 400:
        problem = response.json()
        assert problem["status"] == response.status_code and problem["title"], problem
        assert problem["type"] == f"urn:plateia:problem:{problem['code']}"
    return response


def fill(case: Case, name: str, world: World, role: str) -> None:
    """Put what is there into the address and the body."""
    case.path_parameters = world.path_of(case.path_parameters or {}, [name, case.body, case.query])
    case.query = world.query_of(name, case.query)
    case.body = world.body_of(name, case.body, role)


def send_many(
    operation: APIOperation,
    mode: GenerationMode,
    count: int,
    send: Callable[[Case], None],
    address: dict[str, str] | None = None,
) -> None:
    """Send so many cases; nothing where the operation takes nothing that could be wrong."""

    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=address))
    @settings(max_examples=count * LONG, **QUICK)
    def each(case: Case) -> None:
        send(case)

    try:
        each()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE and "requestBody" not in operation.definition.raw


WRONG = pytest.param(GenerationMode.NEGATIVE, marks=pytest.mark.long)
"""The short run sends what is wrong to addresses that are there alone; half a minute a database for little more."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, WRONG], ids=str)
def test_anything_at_all_is_answered_as_documented(schema: BaseSchema, world: World, mode: GenerationMode) -> None:
    """Addresses, headers and bodies out of nothing, right and wrong by the document, as one role or another."""
    for name, operation in halved(schema):

        def send(case: Case, name: str = name) -> None:
            call(case, name, world, pick(ROLES, case.path_parameters, case.query, case.body))

        send_many(operation, mode, 1, send)


def test_what_the_document_forbids_is_refused(schema: BaseSchema, world: World) -> None:
    """Wrong headers, queries and bodies at addresses that are there, by somebody who may."""
    for name, operation in halved(schema):
        role = "dispatcher" if "/staff/" in operation.path else "resident"

        def send(case: Case, name: str = name, role: str = role) -> None:
            # every part of a multipart body is text, so that a wrong type in it is right after all
            check = [] if "multipart" in str(case.media_type) else [negative_data_rejection]
            call(case, name, world, role, *check)

        parts = re.findall(r"{(\w+)}", operation.path)
        address = world.path_of(dict.fromkeys(parts, "medium"), name)
        send_many(operation, GenerationMode.NEGATIVE, 2, send, address)


ENOUGH = 1
"""How many sound requests as each role do, where one of them succeeded."""

ELSEWHERE = {
    "eraseMe": "who called would be gone for the operations that follow",
    "showCopy": "a worker makes the copy first",
    "linkCopy": "a worker makes the copy first",
    "fetchCopy": "a worker makes the copy first",
    "showContributionPhoto": "a contribution with a photo stands in tests/conversation",
    "listConsultedElements": "of a branch of a plan: tests/consultation",
    **dict.fromkeys(
        ("castBallot", "replaceBallot", "listVotes"), "only a phone's keys make a ballot: tests/consultation"
    ),
    **dict.fromkeys(
        ("downloadBundle", "showResults", "downloadResults", "drawResults", "showStatistics", "sayOutcome"),
        "a worker closes the consultation first: tests/consultation",
    ),
    **dict.fromkeys(("changeConsultation", "fixConsultation", "makePaperCodes"), "of a draft: tests/consultation"),
    **dict.fromkeys(
        ("showQuestionnaireResults", "exportQuestionnaireResults", "listOpenAnswers"),
        "a worker closes the questionnaire first: tests/consultation",
    ),
    **dict.fromkeys(("changeQuestionnaire", "fixQuestionnaire", "cancelForm"), "of a draft: tests/consultation"),
    **dict.fromkeys(("enterPapers", "cancelPapers", "confirmPapers"), "two officers and people: tests/consultation"),
    **dict.fromkeys(("uploadPlanFile", "showPlanUpload", "takeOverPlanUpload"), "a file, a worker: tests/plan_files"),
}
"""Operations that succeed in tests of their own only, and why."""


def test_every_operation_succeeds_for_somebody_and_never_fails(schema: BaseSchema, world: World) -> None:
    """Sound requests about things that are there, as each role; what each may do is counted."""
    done: Counter[tuple[str, str]] = Counter()
    sent: Counter[str] = Counter()
    for name, operation in halved(schema):

        def send(case: Case, name: str = name) -> None:
            if sent[name] >= ENOUGH * LONG and any(done[name, role] for role in ROLES):
                return
            sent[name] += 1
            for role in ROLES:
                fill(case, name, world, role)
                done[name, role] += call(case, name, world, role).status_code < 300

        send_many(operation, GenerationMode.POSITIVE, 6, send)
    never = [name for name, _ in halved(schema) if not any(done[name, role] for role in ROLES)]
    never = [name for name in never if name not in ELSEWHERE]
    assert not never, f"no 2xx: {never}"
    assert_nothing_is_done_for_strangers(schema, done)


def assert_nothing_is_done_for_strangers(schema: BaseSchema, done: Counter[tuple[str, str]]) -> None:
    """Staff of the neighbour may do what needs no token, and nothing else; nobody may do nothing of staff's."""
    for name, operation in operations(schema):
        security = operation.definition.raw["security"]
        if security:
            assert done[name, "staff next door"] == 0, name
        if security == [{"bearer": []}]:
            assert done[name, "nobody"] == 0, name
        if "/staff/" in operation.path:
            assert done[name, "resident"] == 0, name
            assert done[name, "auditor"] == 0 or operation.method == "get", name


def each_on_one_database() -> Iterator[Any]:
    """Each role, every other one on SQLite and the rest on PostgreSQL; in the long run all on both."""
    for number, role in enumerate(ROLES):
        yield pytest.param(role, marks=pytest.mark.daily_on(("sqlite", "postgresql")[number % 2]))


@pytest.mark.parametrize("role", list(each_on_one_database()))
def test_stories_along_the_links_go_as_documented(schema: BaseSchema, world: World, role: str) -> None:
    """A report is made, shown, moved, handed over, looked at … as the links of the document say."""
    taken: Counter[bool] = Counter()

    class Story(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case) -> None:
            name = case.operation.definition.raw["operationId"]
            linked = dict(case.path_parameters or {})
            fill(case, name, world, role)
            if linked.get("municipality") == world.here.slug:
                case.path_parameters = linked

        def call(self, case: Case, **options: Any) -> Response:
            return from_outside(case, **options)

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            lost = case.operation.definition.raw["operationId"] == "signOut"
            return {"headers": world.fresh_headers(role) if lost else world.headers(role)}

        def validate_response(self, response: Response, case: Case, **options: Any) -> None:
            of_the_house = case.operation.definition.raw["security"] == [{"bearer": []}]
            taken[response.status_code < 300 and (of_the_house or role != "staff next door")] += 1
            case.validate_response(response, checks=CHECKS)

    # one story a run: what is possible next depends on what the service has answered, which cannot be foretold
    for number in range(4 * LONG):
        options = settings(max_examples=1, stateful_step_count=10, **QUICK | {"derandomize": False})
        run_state_machine_as_test(seed(number)(Story), settings=options)
    assert taken.total() > 10 and bool(taken[True]) == (role != "staff next door")
