"""A questionnaire through the routes: who prepares it, who answers, and the end of its phase."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from service.consultation.models import ConsultationPhase
from service.consultation.questionnaires.closing import close
from service.consultation.questionnaires.drafting import begin, fix
from service.consultation.questionnaires.models import Questionnaire
from service.consultation.questionnaires.presenting import described_from
from service.consultation.questionnaires.staff_schemas import QuestionnaireIn
from service.db import session, transaction
from service.db.clock import seconds_from_now
from service.municipalities.directory import Municipality
from service.people.callers import find_caller
from tests.consultation.scene import STANCE, Office, phase
from tests.consultation.votes import new_vote
from tests.factories.people import Person

HERE = "/api/v1/here"


def asked(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "text": {"el": f"{key};", "en": f"{key}?"}} | more


def options(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "text": {"el": key, "en": f"The {key}"}} for key in keys]


QUESTIONS = [
    asked("shade", "one", options=options("trees", "sails"), other=True, required=True),
    asked("uses", "several", options=options("play", "rest", "market"), least=1, most=2),
    asked("often", "scale", least=1, most=5),
    asked("steps", "number", least=0),
    asked("since", "date", latest="2026-11-22"),
    asked("again", "yes_no"),
    asked("more", "text", longest=200),
]
ANSWERS = {
    **{"shade": "trees", "uses": ["rest", "play"], "often": 4, "steps": 120, "since": "2020-05-01"},
    **{"again": True, "more": "Benches"},
}


def described(**changed: Any) -> dict[str, Any]:
    return {
        "audience": "everyone",
        "phase": "comment",
        "title": {"el": "Το καλοκαίρι", "en": "In summer"},
        "text": {"el": "Πείτε μας", "en": "Tell us"},
        "sections": [{"title": {"el": "Πλατεία", "en": "Square"}, "questions": QUESTIONS}],
    } | changed


@dataclass
class Asking:
    """A questionnaire by its address."""

    client: FlaskClient
    office: Office
    consultation: int
    path: str = ""

    @property
    def id(self) -> int:
        uid = uuid.UUID(self.path.rpartition("/")[2])
        return session.scalars(select(Questionnaire.id).where(Questionnaire.uid == uid)).one()

    def ask(self, method: str, path: str, who: Person | None = None, status: int = 200, **options: Any) -> Any:
        headers = (who.headers if who else {}) | {"Accept-Language": "en"}
        answer = self.client.open(f"{HERE}{path}", method=method, headers=headers, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.get_json(silent=True) if answer.is_json else answer

    def staff(self, method: str, path: str = "", status: int = 200, **options: Any) -> Any:
        who = options.pop("who", self.office.who)
        return self.ask(method, f"/staff{self.path}{path}", who, status, **options)

    def see(self, path: str = "", who: Person | None = None, status: int = 200, **options: Any) -> Any:
        return self.ask("GET", f"{self.path}{path}", who, status, **options)

    def put(self, who: Person, status: int = 200, others: Any = None, **answers: Any) -> Any:
        body = {"answers": ANSWERS | answers, "others": others or {}}
        return self.ask("PUT", f"{self.path}/answers", who, status, json=body)

    def speak(self, code: str, status: int = 200, role: str = "President", **answers: Any) -> Any:
        body = {"code": code, "role": role, "answers": ANSWERS | answers}
        return self.ask("PUT", f"{self.path}/bodies/answers", None, status, json=body)

    def form(self, status: int = 201, who: Person | None = None, **about: Any) -> Any:
        body = {"channel": "form", "answers": ANSWERS} | about
        return self.staff("POST", "/forms", status, json=body, who=who or self.office.who)

    def end(self) -> bool:
        """The phase is over, and what is due then is done."""
        self.over()
        return close(self.id)

    def over(self) -> None:
        """The phase is over."""
        session.remove()
        with transaction():
            over = update(ConsultationPhase).where(ConsultationPhase.consultation_id == self.consultation)
            session.execute(over.values(closes_at=seconds_from_now(-2)).execution_options(synchronize_session=False))


def asking(
    client: FlaskClient, office: Office, eligibility: str = "resident", among: Any = None, **changed: Any
) -> Asking:
    """A questionnaire that is answered now."""
    phases = [phase("comment", -3600, 3600), phase("vote", 7200, 86400)]
    front = {"eligibility": eligibility, "eligible": 40, "among": among, "questions": [STANCE]}
    office.begin(phases=phases, **front).fix()
    session.remove()
    made = Asking(client, office, office.id)
    body = described(**changed)
    drafted = made.ask("POST", f"/staff/consultations{office.path}/questionnaires", office.who, 201, json=body)
    made.path = f"/questionnaires/{drafted['id']}"
    made.staff("POST", "/fixing", json={"version": 1})
    return made


def new_questionnaire(
    here: Municipality, who: Person, audience: str = "everyone", eligibility: str = "anyone"
) -> Questionnaire:
    """One made by the rules that is answered now, while its consultation takes votes that are not secret: one question
    in own words.
    """
    question = {"key": "more", "kind": "text", "text": {"en": "What else?"}}
    sections = [{"questions": [question]}]
    about = {"audience": audience, "phase": "vote", "title": {"en": "Summer"}, "text": {"en": "Tell us"}}
    described = described_from(QuestionnaireIn().load(about | {"sections": sections}))
    consultation = new_vote(here, who, secrecy="pseudonymous", eligibility=eligibility)
    actor = find_caller(here.id, who.token)
    assert actor is not None
    with transaction():
        return fix(here, actor, begin(here, actor, consultation, described).uid, 1)
