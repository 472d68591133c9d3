"""Questionnaires over HTTP: what is asked, answering, and what came of it."""

import uuid
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Response, request
from werkzeug.wsgi import wrap_file

from service.consultation.eligibility import NotEligible, participant_of
from service.consultation.finding import fixed_one as fixed_consultation
from service.consultation.leaves import canonical
from service.consultation.models import Consultation
from service.consultation.publishing import ResultsNotYet
from service.consultation.questionnaires import presenting, schemas
from service.consultation.questionnaires.answering import (
    AnsweredOnPaper,
    BodyCodeNotValid,
    BodyHasAnswered,
    ForBodiesOnly,
    answer_as_resident,
    answer_with_code,
    body_with,
    ensure_for_everyone,
)
from service.consultation.questionnaires.asking import ResponseNotValid, check_answers
from service.consultation.questionnaires.drafting import definition_of
from service.consultation.questionnaires.exporting import COLUMNS, ROWS, as_csv
from service.consultation.questionnaires.finding import (
    QuestionnaireNotOpen,
    all_of,
    answer_of,
    fixed_one,
    questions_of,
    shown_after,
    whole,
    written_in,
)
from service.consultation.questionnaires.models import Questionnaire
from service.db import transaction
from service.errors import NotFound
from service.http import (
    Blueprint,
    CursorNotValid,
    after_key,
    answer,
    cursor,
    etag_of,
    language,
    operation,
    page_of,
)
from service.municipalities.directory import Municipality
from service.people.access import SignInNeeded, anybody, caller, public, residents_only
from service.people.erasing import is_still_there
from service.people.limits import body_code_limit, casting_limit, reporting_limit
from service.text import say

blueprint = Blueprint("questionnaires", __name__, url_prefix="/<municipality>", description="Questionnaires")
ONE = "/questionnaires/<uuid:questionnaire>"
NO_STORE = {"Cache-Control": "no-store"}
IN_MEMORY = 1_000_000
"""Bytes of a table; what is more waits on the disk to be sent."""


@blueprint.get("/consultations/<uuid:consultation>/questionnaires")
@public
@blueprint.response(200, schemas.QuestionnairesOut)
@operation("listQuestionnaires", NotFound)
def questionnaires(municipality: Municipality, consultation: uuid.UUID) -> Response:
    """List the questionnaires of a consultation"""
    spoken = language()
    found = all_of(fixed_consultation(municipality, consultation).id, drafts=False)
    content = {"questionnaires": [presenting.listed(municipality, one, spoken) for one in found]}
    return answer(content, etag=etag_of(content))


@blueprint.get(ONE)
@public
@blueprint.response(200, schemas.QuestionnaireOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showQuestionnaire", NotFound)
def one(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Show what is asked, of whom, until when, and who sees the answers

    Show `audience_words`, `eligibility_words` and `limits` where people answer.
    """
    found, about = whole(municipality, questionnaire)
    content = presenting.shown(municipality, found, about, language())
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/definition")
@public
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
@operation("showQuestionnaireDefinition", NotFound)
def definition(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Give the bytes whose SHA-256 is the questionnaire's `digest`: all that is asked, in all languages"""
    found, about = whole(municipality, questionnaire)
    return Response(canonical(definition_of(about, found)), content_type="application/octet-stream")


@blueprint.get(f"{ONE}/answers")
@residents_only
@blueprint.response(200, schemas.MyAnswersOut)
@operation("showMyAnswers", NotFound)
def mine(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Show what the caller answered from this account"""
    found = fixed_one(municipality, questionnaire)
    response = answer_of(found, caller().account_id)
    if response is None:
        return answer({"answered": False, "answers": {}, "others": {}}, headers=NO_STORE)
    given = presenting.given_out(questions_of(found), response.answers, written_in(response.id))
    return answer({"answered": True, **given}, headers=NO_STORE)


@blueprint.put(f"{ONE}/answers")
@residents_only
@casting_limit
@blueprint.arguments(schemas.AnswersIn)
@blueprint.response(200, schemas.MyAnswersOut)
@operation(
    "putMyAnswers", NotFound, NotEligible, ForBodiesOnly, QuestionnaireNotOpen, ResponseNotValid, AnsweredOnPaper
)
def put(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Answer, or answer anew until the end

    What arrives last counts, once per the consultation's unit. The same may be sent again: no Idempotency-Key is read.
    """
    found, who = fixed_one(municipality, questionnaire), caller()
    ensure_for_everyone(found)
    voter, _ = participant_of(fixed_consultation(municipality, found.consultation), who, body["code"])
    given = check_answers(questions_of(found), body["answers"], body["others"])
    with transaction():
        if not is_still_there(who):
            raise SignInNeeded
        answer_as_resident(found, who, voter, given)
    return answer(presenting.same_out(questions_of(found), given), headers=NO_STORE)


@blueprint.post(f"{ONE}/bodies/code")
@anybody
@body_code_limit
@blueprint.arguments(schemas.BodyCodeIn)
@blueprint.response(200, schemas.BodyCodeOut)
@operation("whoseCode", NotFound, BodyCodeNotValid)
def whose(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Say which body a code is for

    Show its name before anything is answered for it.
    """
    found = body_with(fixed_one(municipality, questionnaire), body["code"])
    return answer({"body": found.name, "answered": found.answered_issue == found.issue}, headers=NO_STORE)


@blueprint.put(f"{ONE}/bodies/answers")
@anybody
@body_code_limit
@blueprint.arguments(schemas.BodyAnswersIn)
@blueprint.response(200, schemas.MyAnswersOut)
@operation("answerForBody", NotFound, BodyCodeNotValid, QuestionnaireNotOpen, ResponseNotValid, BodyHasAnswered)
def put_for_body(body: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Answer on behalf of a body, by its code

    A code takes one answer; the same may be sent again. Everybody sees body, role and answers after the end.
    """
    found = fixed_one(municipality, questionnaire)
    given = check_answers(questions_of(found), body["answers"], body["others"])
    with transaction():
        answer_with_code(found, body["code"], body["role"], given)
    return answer(presenting.same_out(questions_of(found), given), headers=NO_STORE)


@blueprint.get(f"{ONE}/results")
@public
@blueprint.response(200, schemas.QuestionnaireResultsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showQuestionnaireResults", NotFound, ResultsNotYet)
def results(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Show what was answered, when the phase is over and the answers are counted"""
    found, about = counted(municipality, questionnaire)
    spoken = language()
    dictionary = {
        part: [{"name": name, "about": say(spoken, words)} for name, words in explained.items()]
        for part, explained in (("columns", COLUMNS), ("rows", ROWS))
    }
    content = presenting.results_out(municipality, found, about, spoken) | dictionary
    return answer(content, etag=etag_of(content))


@blueprint.get(f"{ONE}/results.csv")
@public
@reporting_limit
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@operation("exportQuestionnaireResults", NotFound, ResultsNotYet)
def table(municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """Give the same with what was written as CSV; `columns` of showQuestionnaireResults says what stands where"""
    found, about = counted(municipality, questionnaire)
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (it is closed when it was sent)
    file.writelines(as_csv(municipality, found, about, language()))
    file.seek(0)
    response = Response(wrap_file(request.environ, file), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="questionnaire-{found.uid}.csv"'
    return response


@blueprint.get(f"{ONE}/texts")
@public
@blueprint.arguments(schemas.OpenAnswersQuery, location="query")
@blueprint.response(200, schemas.OpenAnswersOut)
@operation("listOpenAnswers", NotFound, ResultsNotYet, CursorNotValid)
def texts(query: dict[str, Any], municipality: Municipality, questionnaire: uuid.UUID) -> Response:
    """List what people wrote, as far as a moderator has agreed that everybody sees it"""
    found, _ = counted(municipality, questionnaire)
    after, limit = after_text(query.get("after")), query["limit"]
    kept = shown_after(municipality, found.id, query["question"], after, limit + 1)
    rows, following = page_of(kept, limit, lambda row: cursor(str(row.uid)))
    return answer({"answers": presenting.open_answers_out(rows), "next": following})


def after_text(text: str | None) -> uuid.UUID | None:
    """The id behind which a page begins. Raises CursorNotValid."""
    key = after_key(text, str)
    try:
        return None if key is None else uuid.UUID(key)
    except ValueError:
        raise CursorNotValid from None


def counted(municipality: Municipality, uid: uuid.UUID) -> tuple[Questionnaire, Consultation]:
    """The questionnaire and its consultation, if its result is out. Raises NotFound, ResultsNotYet."""
    found, about = whole(municipality, uid)
    if found.counted_at is None:
        raise ResultsNotYet
    return found, about
