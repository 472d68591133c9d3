"""Questionnaires over HTTP, for those who prepare and run them."""

import uuid
from typing import Any

from flask import Response

from service.consultation.finding import fixed_one as fixed_consultation
from service.consultation.finding import whole as consultation_whole
from service.consultation.paper import NotOnPaper, PapersDiffer, VotersRefused
from service.consultation.questionnaires import presenting
from service.consultation.questionnaires import staff_schemas as schemas
from service.consultation.questionnaires.answering import BodyHasAnswered
from service.consultation.questionnaires.asking import QuestionnaireNotValid, ResponseNotValid, check_answers
from service.consultation.questionnaires.drafting import QuestionnaireChanged, QuestionnaireFixed, begin, change, fix
from service.consultation.questionnaires.finding import (
    QuestionnaireNotOpen,
    all_of,
    fixed_one,
    questions_of,
    whole,
)
from service.consultation.questionnaires.forms import cancel, enter_of_body, enter_of_resident
from service.consultation.questionnaires.inviting import Asked, BodyNamedTwice, Named, ask, renew
from service.db import transaction
from service.errors import NotFound
from service.http import Blueprint, answer, language, nothing, operation
from service.municipalities.directory import Municipality
from service.people.access import caller, staff
from service.people.verified.knowing import Known

blueprint = Blueprint(
    "staff_questionnaires",
    __name__,
    url_prefix="/<municipality>/staff",
    description="Preparing and running questionnaires",
)
ALL = "/consultations/<uuid:consultation>/questionnaires"
ONE = "/questionnaires/<uuid:questionnaire>"
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get(ALL)
@staff("see_consultations")
@blueprint.response(200, schemas.StaffQuestionnairesOut)
@operation("listStaffQuestionnaires", NotFound)
def questionnaires(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List the questionnaires of a consultation, with drafts"""
    found = all_of(consultation_whole(municipality, consultation, drafts=True).id, drafts=True)
    return answer({"questionnaires": [presenting.listed(municipality, one, language()) for one in found]})


@blueprint.post(ALL)
@staff("manage_consultations")
@blueprint.arguments(schemas.QuestionnaireIn)
@blueprint.response(201, schemas.StaffQuestionnaireOut)
@operation("draftQuestionnaire", NotFound, QuestionnaireNotValid)
def draft(body: dict[str, Any], municipality: Municipality, consultation: uuid.UUID) -> Response:
    """Draft a questionnaire of a consultation"""
    who, described = caller(), presenting.described_from(body)
    with transaction():
        uid = begin(municipality, who, consultation, described).uid
    return as_staff_see(municipality, uid, 201)


@blueprint.get(ONE)
@staff("see_consultations")
@blueprint.response(200, schemas.StaffQuestionnaireOut)
@operation("showStaffQuestionnaire", NotFound)
def one(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Show a questionnaire as it is prepared, how many answered, and what bodies answered

    What residents answer nobody sees before the end.
    """
    return as_staff_see(municipality, questionnaire)


@blueprint.put(ONE)
@staff("manage_consultations")
@blueprint.arguments(schemas.QuestionnaireChangeIn)
@blueprint.response(200, schemas.StaffQuestionnaireOut)
@operation("changeQuestionnaire", NotFound, QuestionnaireNotValid, QuestionnaireChanged, QuestionnaireFixed)
def describe_anew(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Describe a draft anew"""
    described = presenting.described_from(body)
    with transaction():
        change(municipality, questionnaire, described, body["version"])
    return as_staff_see(municipality, questionnaire)


@blueprint.post(f"{ONE}/fixing")
@staff("manage_consultations")
@blueprint.arguments(schemas.QuestionnaireFixIn)
@blueprint.response(200, schemas.StaffQuestionnaireOut)
@operation("fixQuestionnaire", NotFound, QuestionnaireNotValid, QuestionnaireChanged, QuestionnaireFixed)
def fix_it(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Fix what is asked: from now on everybody sees it, and nothing of it can change

    Answers are taken while its phase lasts; when that is over they are counted without anybody doing anything.
    """
    who = caller()
    with transaction():
        fix(municipality, who, questionnaire, body["version"])
    return as_staff_see(municipality, questionnaire)


@blueprint.post(f"{ONE}/bodies")
@staff("manage_consultations")
@blueprint.arguments(schemas.BodiesIn)
@blueprint.response(201, schemas.AskedBodiesOut)
@operation("askBodies", NotFound, QuestionnaireNotValid, QuestionnaireNotOpen, BodyNamedTwice)
def ask_bodies(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Ask bodies by name, once the questionnaire is fixed

    Each gets a code, by e-mail where an address is given; the other codes are in this answer and never again.
    """
    who, named = caller(), [Named(**one) for one in body["bodies"]]
    with transaction():
        asked = [asked_out(each) for each in ask(municipality, who, questionnaire, named, body["page"])]
    return answer({"bodies": asked}, 201, headers=NO_STORE)


@blueprint.post(f"{ONE}/bodies/<uuid:body>/code")
@staff("manage_consultations")
@blueprint.arguments(schemas.CodeRenewalIn)
@blueprint.response(201, schemas.AskedBodyOut)
@operation("renewBodyCode", NotFound, QuestionnaireNotValid, QuestionnaireNotOpen)
def new_code(letter: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID, body: uuid.UUID) -> Response:
    """Give a body a new code, where one was lost or it wants to answer anew

    The one before is worth nothing any more.
    """
    who = caller()
    with transaction():
        asked = asked_out(renew(municipality, who, questionnaire, body, **letter))
    return answer(asked, 201, headers=NO_STORE)


@blueprint.post(f"{ONE}/forms")
@staff("manage_consultations")
@blueprint.arguments(schemas.FormIn)
@blueprint.response(201, schemas.FormOut)
@operation(
    "enterForm",
    NotFound,
    QuestionnaireNotOpen,
    ResponseNotValid,
    BodyHasAnswered,
    NotOnPaper,
    VotersRefused,
    PapersDiffer,
)
def enter(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Enter a form on paper

    Of a resident it counts when a second officer has entered the same; until then the first may enter it anew. The
    person cannot answer in the app from the first entry on.
    """
    found, who = fixed_one(municipality, questionnaire), caller()
    given = check_answers(questions_of(found), body["answers"], body["others"])
    about = fixed_consultation(municipality, found.consultation)
    person = (body["person"], Known(body["birth_year"], body["district"]))
    with transaction():
        if body["body"]:
            kept = enter_of_body(municipality, who, found, body["body"], given, body["channel"], body["role"])
        else:
            kept = enter_of_resident(municipality, who, found, about, person, given, body["channel"])
        content = presenting.form_out(kept)
    return answer(content, 201)


@blueprint.delete(f"{ONE}/forms/<uuid:paper>")
@staff("manage_consultations")
@blueprint.response(204)
@operation("cancelForm", NotFound, QuestionnaireNotOpen)
def cancel_form(municipality: Municipality, questionnaire: uuid.UUID, paper: uuid.UUID) -> Response:
    """Cancel a form that no second officer has entered

    Who it is of can answer again, in the app or on paper.
    """
    found, who = fixed_one(municipality, questionnaire), caller()
    with transaction():
        cancel(municipality, who, found, paper)
    return nothing()


def asked_out(asked: Asked) -> dict[str, Any]:
    return {"id": asked.body.uid, "name": asked.body.name, "code": asked.code}


def as_staff_see(municipality: Municipality, uid: uuid.UUID, status: int = 200) -> Response:
    return answer(presenting.staff_out(municipality, *whole(municipality, uid, drafts=True)), status)
