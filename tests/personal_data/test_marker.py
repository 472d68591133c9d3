"""Whatever a person can write anywhere is gone after they are erased: from every table, byte, file and log.

The OpenAPI document says what can be written, so that a new field joins by itself: it is planted with a marker, or
stands in NOT_TAKEN with the reason why it takes none.
"""

import copy
import io
import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, text

from service import logs
from service.db import Base, db, dialect, session, transaction
from service.municipalities.directory import Municipality
from service.operating.compacting import compact
from service.reports.cataloguing import set_categories
from service.reports.models import Report
from tests.consultation.questioning import new_questionnaire
from tests.conversation.scene import talk
from tests.factories.municipalities import CATEGORIES, category
from tests.factories.people import SECRET, Person, make_staff
from tests.factories.reports import INSIDE
from tests.people.codes import ask, channels_that_send, confirm, read_code
from tests.personal_data.scene import erase, files, traces, work_all
from tests.reports.scene import HERE, expand_all, move

MARK = "zq7marker"
DIGITS = "6973819264"
VALUES = (
    *(MARK, f"{MARK}@example.org", f"+30{DIGITS}", f"{MARK}0123456789abcdef0123456789ab"),
    f"https://push.example.org/{MARK}",
)
OPEN = {"anybody", "public", "signed in"}
NOT_WALKED = {
    "eraseMe": "it is what ends the story",
    "signIn": "staff sign in; a wrong address is kept nowhere",
}
"""Operations that are not tried → why."""
A_PROOF = "it is compared with what is kept as a digest, and is kept nowhere itself"
A_CHOICE = "only what there is can be chosen"
NOT_TAKEN: dict[str, str] = {
    "registerDevice.app_version": "only numbers with points",
    "sendReport.category": A_CHOICE,
    "sendReportWithPhotos.report.category": A_CHOICE,
    "beginSignIn.redirect": A_CHOICE,
    "follow.part": A_CHOICE,
    "follow.value": A_CHOICE,
    "setWebPush.keys.auth": "only sixteen bytes",
    "setWebPush.keys.p256dh": "only a point of a curve",
    "contribute.kind": A_CHOICE,
    "contribute.target": A_CHOICE,
    "complain.kind": A_CHOICE,
    "complain.rule": A_CHOICE,
    "appeal.kind": A_CHOICE,
    "acceptInvitation.name": "it is of staff, who have an invitation",
    "answerForBody.role": "a body answers, which has a code",
} | dict.fromkeys(
    [
        "answerForBody.code",
        "whoseCode.code",
        "showInvitation.token",
        "acceptInvitation.password",
        "acceptInvitation.token",
        "sendContactCode.secret",
        "confirmContact.code",
        "joinByContact.code",
        "joinByContact.secret",
        "joinByPhone.code",
        "joinByPhone.secret",
        "removeContact.secret",
        "showPhoneCode.secret",
        "replaceBallot.receipt_key",
        "resetPassword.password",
        "resetPassword.token",
        "refreshTokens.refresh_token",
        "enrolWhileSigningIn.half_token",
        "signInWithCode.code",
        "signInWithCode.half_token",
        "finishSignIn.code",
        "finishSignIn.iss",
        "finishSignIn.secret",
        "finishSignIn.state",
        "finishSignIn.ticket",
        "signInWithFirebase.id_token",
        "signInWithFirebase.secret",
    ],
    A_PROOF,
)
"""Operation and field → why no marker fits, or the service refuses it."""


def marked_photo() -> bytes:
    """A JPEG that says the marker in its EXIF and in a comment."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x9286] = MARK, MARK, f"ASCII\0\0\0{MARK}"
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "green").save(file, "JPEG", exif=exif.tobytes(), comment=MARK.encode())
    assert MARK.encode() in file.getvalue()
    return file.getvalue()


QUESTION = {"code": "what", "datatype": "text", "required": False, "question": {"en": "What happened?"}}


class Walk:
    """Alice calls every operation that is open to her, with the marker wherever it fits."""

    def __init__(self, app: Flask, client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
        self.app, self.client, self.here, self.alice, self.bob = app, client, here, alice, bob
        self.document = app.config["OPENAPI_DOCUMENT"]()
        self.views = {vars(v)["operation"]: v for v in app.view_functions.values() if "operation" in vars(v)}
        self.talk = talk(client, here)
        self.article = self.talk.put_text("Two new benches.")
        self.theirs = self.talk.say(self.talk.office.who)["id"]
        self.mona = make_staff(here, "mona", [("moderator", None)])
        self.refused: set[str] = set()
        self.planted: set[str] = set()

    @property
    def headers(self) -> dict[str, str]:
        return self.alice.headers | {"Idempotency-Key": f"{MARK}{uuid.uuid4()}", "User-Agent": MARK, "X-Note": MARK}

    def answer_questions(self) -> None:
        """Answers have no names that the document knows."""
        found = new_questionnaire(self.here, self.talk.office.who)
        body = {"answers": {"more": f"{MARK} says so"}}
        path = f"{HERE}/questionnaires/{found.uid}/answers"
        assert self.client.put(path, json=body, headers=self.headers).status_code == 200

    def all(self) -> None:
        self.answer_questions()
        for path, method, operation in self.operations():
            for field in self.fields(operation):
                name = f"{operation['operationId']}.{'.'.join(field)}"
                (self.planted if self.plant(path, method, operation, field) else self.refused).add(name)

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Those that a resident may call and that take a body."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                name = operation.get("operationId") if isinstance(operation, dict) else None
                if not name or name in NOT_WALKED or "requestBody" not in operation:
                    continue
                if getattr(self.views[name], "access", None) in OPEN:
                    yield path, method, operation

    def content(self, operation: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind, content = next(iter(operation["requestBody"]["content"].items()))
        return kind, self.resolved(content["schema"])

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def fields(self, operation: dict[str, Any]) -> Iterator[list[str]]:
        """The path of every field that is free text; of a part that is JSON itself, its fields."""
        schema = self.content(operation)[1]
        for name, part in schema.get("properties", {}).items():
            if name == "report" and "sendReport" in operation["operationId"]:
                part = {"$ref": "#/components/schemas/ReportFieldsIn"}
            yield from self.inner([name], part)

    def inner(self, path: list[str], schema: dict[str, Any]) -> Iterator[list[str]]:
        schema = self.resolved(schema)
        kinds = schema.get("type", "object")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if "string" in kinds and "enum" not in schema and schema.get("format") not in ("uuid", "date-time", "binary"):
            yield path
        for name, part in schema.get("properties", {}).items():
            yield from self.inner([*path, name], part)

    def plant(self, path: str, method: str, operation: dict[str, Any], field: list[str]) -> bool:
        """Whether any marked value of this field is taken."""
        for value in VALUES:
            body = self.body(operation["operationId"], operation)
            inside = body
            for name in field[:-1]:
                inside = inside.setdefault(name, {})
            if isinstance(inside, dict):
                inside[field[-1]] = value
            if self.send(path, method, operation, body) < 300:
                return True
        return False

    def send(self, path: str, method: str, operation: dict[str, Any], body: dict[str, Any]) -> int:
        address = path
        for name, value in self.address().items():
            address = address.replace(f"{{{name}}}", value)
        options: dict[str, Any] = {"json": body}
        if self.content(operation)[0] == "multipart/form-data":
            options = {"data": self.parts(body)}
        self.status = self.client.open(address, method=method.upper(), headers=self.headers, **options).status_code
        assert self.status < 500, (path, method)
        return self.status

    def parts(self, body: dict[str, Any]) -> dict[str, Any]:
        sent = {name: json.dumps(v) if isinstance(v, dict) else v for name, v in body.items()}
        for name in ("photo", "photos"):
            if name in sent:
                sent[name] = (io.BytesIO(marked_photo()), f"{MARK}.jpg")
        return sent

    def address(self) -> dict[str, str]:
        """What is there for the parameters of an address."""
        there = {"municipality": "here", "report": self.report(), "message": str(uuid.uuid4())}
        return there | {"consultation": str(self.talk.office.uid), "contribution": self.theirs}

    def report(self) -> str:
        """A report about which Alice is asked something."""
        headers = self.alice.headers | {"Idempotency-Key": str(uuid.uuid4())}
        body = {"category": "dark-lamp", "description": MARK} | INSIDE
        sent = self.client.post(f"{HERE}/reports", json=body, headers=headers).json["id"]
        move(self.client, self.bob, sent, "waiting_for_reporter", note=f"Dear {MARK}?", internal=f"{MARK} rang")
        return str(sent)

    def hidden(self) -> str:
        """Something that Alice has said and a moderator has hidden."""
        said = self.talk.say(self.alice, f"{MARK} says so")["id"]
        verdict = {"kind": "contribution", "id": said, "hide": True, "rule": "insult"}
        self.talk.ask("POST", f"{HERE}/staff/moderation/decisions", self.mona, 204, json=verdict)
        return str(said)

    def body(self, name: str, operation: dict[str, Any]) -> dict[str, Any]:
        """A body that is taken as it is."""
        schema = self.content(operation)[1]
        report = {"category": "story", "answers": {"what": MARK}} | INSIDE
        known: dict[str, dict[str, Any]] = {
            "sendReport": report,
            "sendReportWithPhotos": {"report": report, "photos": []},
            "sendPhoto": {"photo": b""},
            "sendContactCode": {"channel": "email", "address": "alice@example.org", "secret": SECRET},
            "showPhoneCode": {"secret": SECRET},
            "contribute": {
                **{"kind": "article", "target": "3", "text": MARK, "language": "en"},
                "quote": {"exact": "new benches", "prefix": MARK, "suffix": ".", "revision": self.article["revision"]},
            },
            "complain": {"kind": "contribution", "id": self.theirs, "rule": "insult", "note": MARK},
            "moveMyReport": {"to": "acknowledged", "note": "Here it is."},
        }
        if name == "appeal":
            return {"kind": "contribution", "id": self.hidden(), "text": MARK}
        return copy.deepcopy(known.get(name) or (schema.get("examples") or [schema.get("example")])[0] or {})


@pytest.fixture
def written(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """What the service logs meanwhile, at its most talkative."""
    file = tmp_path / "log"
    with file.open("w") as stream:
        handler = logging.StreamHandler(stream)
        logging.getLogger().addHandler(handler)
        logs.set_up("DEBUG")
        yield file
        logging.getLogger().removeHandler(handler)
        logs.set_up("ERROR")


@pytest.fixture(autouse=True)
def channels(app: Flask) -> Iterator[None]:
    with channels_that_send(app):
        yield


def test_nothing_that_a_person_wrote_is_left(
    app: Flask,
    client: FlaskClient,
    here: Municipality,
    alice: Person,
    bob: Person,
    written: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with transaction():
        set_categories(here, [*CATEGORIES, category("story", questions=[QUESTION])])
    walk = Walk(app, client, here, alice, bob)
    walk.all()
    for address in (f"former-{MARK}@example.org", f"{MARK}@example.org", f"+30{DIGITS}"):
        assert confirm(client, alice, address).status_code == 200
    client.post(f"{HERE}/me/copy", headers=alice.headers)
    work_all()
    expand_all()
    places = set(traces(MARK))
    assert {"reports.description", "reports.answers", "reports.address", "kept_answers.key"} <= places
    assert {
        "open_answers.text",
        "contributions.text",
        "contributions.quote",
        "complaints.note",
        "moderation_cases.appeal",
    } <= places
    assert {"report_texts.public", "report_texts.internal", "deliveries.content", "inbox_messages.body"} <= places
    assert any(MARK.encode() in content for content in raw_bytes(app)) and "targets.value" in places
    assert len(walk.planted) > 8
    assert walk.refused - set(NOT_TAKEN) == set()
    told = read_code(ask(client, alice, f"{MARK}@example.org"))
    assert erase(client, alice, code_id=told["id"], code=told["code"]).status_code == 201
    work_all()
    expand_all()
    assert traces(MARK) == [] and traces(DIGITS) == []
    assert session.scalars(select(Report.id)).all() != []
    session.remove()
    db.engine.dispose()
    compact(app.config["PLATEIA"].database_url)
    assert not any(MARK.encode() in content or DIGITS.encode() in content for content in raw_bytes(app))
    out, err = capfd.readouterr()
    for log in (out, err, written.read_text()):
        assert MARK not in log and DIGITS not in log


def raw_bytes(app: Flask) -> Iterator[bytes]:
    """The files of the database or every row as text, and every file of the store and of the home folder."""
    settings = app.config["PLATEIA"]
    yield from files().values()
    yield from (path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    if dialect() == "sqlite":
        folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
        yield from (path.read_bytes() for path in folder.iterdir() if path.is_file())
        return
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f"SELECT t::text FROM {table.name} t")):
            yield row[0].encode()
    session.remove()
