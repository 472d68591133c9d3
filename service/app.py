"""The composition root: the one place that knows every slice."""

import gc
import time
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import quote

import flask_smorest
import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from service import http, logs, sealing
from service.config import Settings
from service.consultation.conversation.entered_routes import blueprint as entered_contributions
from service.consultation.conversation.looking import look_at_contributions
from service.consultation.conversation.routes import blueprint as conversation
from service.consultation.conversation.staff_routes import blueprint as staff_conversation
from service.consultation.finding import is_public
from service.consultation.giving import FOLLOWED as CONSULTATIONS_FOLLOWED
from service.consultation.questionnaires.looking import look_at_open_answers
from service.consultation.questionnaires.routes import blueprint as questionnaires
from service.consultation.questionnaires.staff_routes import blueprint as staff_questionnaires
from service.consultation.results.routes import blueprint as consultation_results
from service.consultation.routes import blueprint as consultations
from service.consultation.staff_routes import blueprint as staff_consultations
from service.db import db, engine, session
from service.db.standstill import was_refused
from service.errors import Problem, TryAgain
from service.evidence.routes import blueprint as evidence
from service.gis.public_routes import blueprint as layers
from service.gis.routes import blueprint as staff_layers
from service.gis.source_routes import blueprint as layer_sources
from service.health import blueprint as health
from service.jobs import models as _jobs  # noqa: F401  (its tables)
from service.moderation.looking import Looks
from service.moderation.routes import blueprint as moderation
from service.municipalities.directory import Municipality, municipality
from service.municipalities.linking import Linked, Links
from service.municipalities.routes import blueprint as municipalities
from service.news.document_routes import blueprint as news_documents
from service.news.feed_routes import blueprint as news_feeds
from service.news.finding import is_published
from service.news.giving import FOLLOWED as NEWS_FOLLOWED
from service.news.giving import words_of_article
from service.news.routes import blueprint as news
from service.news.sign_up_routes import blueprint as sign_ups
from service.news.source_routes import blueprint as news_sources
from service.news.staff_routes import blueprint as staff_news
from service.notices import following
from service.notices.office.public_routes import blueprint as public_notices
from service.notices.office.routes import blueprint as office_notices
from service.notices.preferences.routes import blueprint as preferences
from service.notices.routes import blueprint as notices
from service.ogc.routes import blueprint as ogc
from service.openapi import describe
from service.people import limits
from service.people.access import SignInNeeded
from service.people.audit_routes import blueprint as audit
from service.people.contacts.routes import blueprint as contacts
from service.people.identity.routes import blueprint as identity
from service.people.keys.routes import blueprint as api_keys
from service.people.models import Account
from service.people.routes import blueprint as people
from service.people.session_routes import blueprint as sessions
from service.people.staff.page_routes import blueprint as permissions
from service.people.staff.page_routes import pages as staff_pages
from service.people.staff.routes import blueprint as staff_administration
from service.people.staff.second_step_routes import blueprint as second_step
from service.people.staff.sign_in_routes import blueprint as signing_in
from service.people.verified.routes import blueprint as verified
from service.personal_data.routes import blueprint as personal_data
from service.plans.file_routes import blueprint as plan_files
from service.plans.following import FOLLOWED as PLANS_FOLLOWED
from service.plans.following import element_with, plan_with
from service.plans.progress_routes import blueprint as plan_progress
from service.plans.routes import blueprint as plans
from service.plans.staff_routes import blueprint as staff_plans
from service.reports.asset_routes import blueprint as assets
from service.reports.finding import is_public_report
from service.reports.routes import blueprint as reports
from service.reports.rule_routes import blueprint as routing_rules
from service.reports.staff_routes import blueprint as staff_reports
from service.storage.keeping import open_store
from service.text import N_

BLUEPRINTS = (
    municipalities,
    people,
    sessions,
    contacts,
    signing_in,
    second_step,
    identity,
    verified,
    staff_administration,
    permissions,
    api_keys,
    reports,
    staff_reports,
    notices,
    preferences,
    office_notices,
    public_notices,
    staff_layers,
    layer_sources,
    layers,
    assets,
    routing_rules,
    audit,
    personal_data,
    plan_files,
    plans,
    staff_plans,
    plan_progress,
    evidence,
    news,
    news_feeds,
    news_documents,
    sign_ups,
    staff_news,
    news_sources,
    consultations,
    staff_consultations,
    consultation_results,
    conversation,
    staff_conversation,
    entered_contributions,
    questionnaires,
    staff_questionnaires,
    moderation,
)


def under(path: str) -> Callable[[Municipality, str], str]:
    """Where things stand whose address ends with their id."""
    return lambda here, key: f"/api/v1/{here.slug}/{path}/{key}"


def feature_address(here: Municipality, key: str) -> str:
    """Of a feature: its layer's key, `/` and its own."""
    layer, _, feature = key.partition("/")
    return f"/api/v1/{here.slug}/layers/{quote(layer)}/features/{quote(feature, safe='')}"


def element_address(here: Municipality, key: str) -> str:
    """Of an element of a plan, by our name of it."""
    found = element_with(here, key)
    return f"/api/v1/{here.slug}/plans/{quote(found.plan)}/elements/{quote(found.key, safe='')}" if found else ""


LINKS: Links = {
    "article": Linked(is_published, under("news"), words_of_article),
    "report": Linked(is_public_report, under("reports")),
    "layer": Linked(
        lambda here, key: following.on_the_map(here, key, "") is not None,
        lambda here, key: f"/api/v1/{here.slug}/layers/{quote(key)}/features",
    ),
    "feature": Linked(
        lambda here, key: "/" in key and following.on_the_map(here, *key.split("/", 1)) is not None, feature_address
    ),
    "plan": Linked(lambda here, key: plan_with(here, key) is not None, under("plans")),
    "plan_element": Linked(lambda here, key: element_with(here, key) is not None, element_address),
    "consultation": Linked(is_public, under("consultations")),
}
"""Kind of thing → whether one is there for everybody to see, and its address: links lead across features."""
LOOKS: Looks = {"contribution": look_at_contributions, "open_answer": look_at_open_answers}
"""Kind of thing that can be moderated → what some of them are."""
YEAR = 365 * 24 * 3600
following.KINDS.update({**PLANS_FOLLOWED, **NEWS_FOLLOWED, **CONSULTATIONS_FOLLOWED})
LARGEST_BODY = 64 * 1024 * 1024
LARGEST_TEXT = 256 * 1024
"""Of a body without files: what is read of it as JSON takes twenty times as much memory."""

log = structlog.get_logger()


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application over one database and one store of files."""
    settings = settings or Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    app = Flask("service", static_folder=None)
    app.json = http.OrjsonProvider(app)
    app.url_map.strict_slashes = False
    app.config.update(
        PLATEIA=settings,
        STORE=open_store(settings.files_url),
        LOOKS=LOOKS,
        SECRET_KEYS=sealing.keys_of(settings.secret_key, settings.home),
        SQLALCHEMY_DATABASE_URI=engine.driver_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine.options(settings.database_url, settings.threads),
        LINKS=LINKS,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        API_TITLE="Plateia",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
    )
    logs.set_up(settings.log_level)
    db.init_app(app)
    with app.app_context():
        engine.prepare(db.engine)
        engine.read_without_transactions(db.engine)
    limits.set_up(app, settings)
    register_requests(app, guards(settings))
    api = flask_smorest.Api(app)
    register_errors(app)  # after flask-smorest, which would answer for errors of HTTP itself
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=f"/api/v1{blueprint.url_prefix or ''}")
    app.register_blueprint(health)
    app.register_blueprint(ogc)
    app.register_blueprint(staff_pages)
    describe(app, api, BLUEPRINTS)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    gc.freeze()  # what a start has made stays: the collector leaves it alone between requests, and at the end
    return app


def guards(settings: Settings) -> dict[str, str]:
    """What every answer tells a browser, unless a route says better: nothing runs, is framed or is kept.

    A page that has styles and scripts of its own brings its own policy.
    """
    found = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    if settings.public_url.startswith("https:"):
        found["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    return found


def register_requests(app: Flask, usual: Mapping[str, str]) -> None:
    """Every request has an id, knows its municipality, and leaves one line in the log; every answer has `usual`
    headers.
    """
    line = log.bind()

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if request.mimetype != "multipart/form-data":
            request.max_content_length = LARGEST_TEXT
        elif request.endpoint:
            view = app.view_functions[request.endpoint]
            request.max_content_length = vars(view).get("largest_body", LARGEST_BODY)
        values = request.view_args
        if values and "municipality" in values:
            g.municipality = values["municipality"] = municipality(values["municipality"])

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        for name, value in usual.items():
            response.headers.setdefault(name, value)
        line.info(
            "request",
            method=request.method,
            route=str(request.url_rule) if request.url_rule else None,
            municipality=getattr(g.get("municipality"), "slug", None),
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        )
        return response


class NoSuchPage(Problem):
    """No route has this address."""

    status, code, message = 404, "no_such_address", N_("There is nothing at this address.")


class MethodNotHere(Problem):
    """The address exists, but not for this method."""

    status, code, message = 405, "method_not_allowed", N_("This cannot be done here.")


class BodyTooLarge(Problem):
    """The whole request is larger than this service takes."""

    status, code, message = 413, "body_too_large", N_("This is too large to be sent.")


class Moving(Problem):
    """The database is on its way to another one, and only read meanwhile; the same request succeeds later."""

    status, code, message = 503, "moving", N_("The service is moving. Please try again in a few minutes.")


class OurFault(Problem):
    """Something unforeseen; the request id leads to it in the log."""

    status, code, message = 500, "internal_error", N_("Something went wrong on our side. Please try again later.")


class NotUnderstood(Problem):
    """The request is malformed HTTP or JSON."""

    code, message = "bad_request", N_("The request could not be understood.")


def register_errors(app: Flask) -> None:
    """Every refusal is a problem document with a stable code."""

    @app.errorhandler(Problem)
    def show(problem: Problem) -> Response:
        return http.problem_document(problem)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed) and not is_an_address(app, error):
            error = NotFound()
        response = http.problem_document(problem_of(error))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(error.valid_methods)
        return response

    @app.errorhandler(DBAPIError)
    def refused_by_the_database(error: DBAPIError) -> Response:
        if was_refused(error):
            return http.problem_document(Moving(retry_after=30))
        if isinstance(error, IntegrityError) and caller_is_gone():
            return http.problem_document(SignInNeeded())
        if isinstance(error, OperationalError):
            log.warning("database_unavailable", error=type(error.orig).__name__)
            return http.problem_document(TryAgain(retry_after=1))
        return unforeseen(error)

    @app.errorhandler(PoolExhausted)
    def no_connection_is_free(error: PoolExhausted) -> Response:
        log.warning("database_unavailable", error="no connection is free")
        return http.problem_document(TryAgain(retry_after=1))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        logs.unforeseen(error)
        return http.problem_document(OurFault())


def is_an_address(app: Flask, error: MethodNotAllowed) -> bool:
    """Whether the address, with what stands in it, is one for any of the methods that are said to be allowed there.

    The router says so of their pattern alone: a number that is too large is in none of them.
    """
    adapter = app.create_url_adapter(request)
    return adapter is not None and any(adapter.test(method=method) for method in error.valid_methods or ())


def caller_is_gone() -> bool:
    """Whether who called was erased while the request was under way, so that what they sent has nowhere to hang."""
    found = g.get("caller")
    return found is not None and session.get(Account, found.account_id) is None


def problem_of(error: HTTPException) -> Problem:
    """Werkzeug's and Flask's own refusals with our codes."""
    if isinstance(error, NotFound):
        return NoSuchPage()
    if isinstance(error, MethodNotAllowed):
        return MethodNotHere()
    if isinstance(error, RequestEntityTooLarge):
        return BodyTooLarge(most=request.max_content_length)
    problem = NotUnderstood()
    problem.status = error.code or 400
    return problem
