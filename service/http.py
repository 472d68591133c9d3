"""What every route needs of HTTP and no rule may know: answers, ETags, cursors, problem documents."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import quote

import flask
import flask_smorest
import orjson
from flask import Response, g, request
from flask.json.provider import JSONProvider
from marshmallow import Schema, fields, missing, validate
from webargs.flaskparser import FlaskParser
from werkzeug.http import dump_options_header
from werkzeug.utils import secure_filename

from service.errors import Problem
from service.text import LANGUAGES, N_, say

MOST_ON_A_PAGE = 100
VARY = "Accept-Language, Authorization"
ASK_AGAIN = "private, no-cache"
NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
LARGEST_KEY = 2**31 - 1
"""Of the tables that are shown page by page; PostgreSQL refuses to compare their keys with more."""
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
LONGEST_NAME = 100


class CursorNotValid(Problem):
    """The `after` parameter is none that this service gave."""

    status, code, message = 422, "cursor_not_valid", N_("This page of the list is not there. Please start again.")


class FieldsNotValid(Problem):
    """A part of the request does not fit its schema; `errors` says which and why."""

    status, code, message = 422, "fields_not_valid", N_("Some of the details are missing or not valid.")


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson: UUIDs and instants are written as text."""

    def dumps(self, obj: Any, **options: Any) -> str:
        return as_json(obj).decode()

    def loads(self, s: str | bytes, **options: Any) -> Any:
        return orjson.loads(s)


@cache
def made(schema: type[Schema]) -> Schema:
    """The schema, made once: to copy its fields costs more than to read a body."""
    return schema()


class PartsParser(FlaskParser):
    """Reads JSON strictly, multipart bodies with fields and files as one mapping, and refuses as a problem document."""

    DEFAULT_VALIDATION_STATUS = 422

    def _get_schema(self, argmap: Any, req: Any) -> Schema:
        return made(argmap) if isinstance(argmap, type) else super()._get_schema(argmap, req)

    def load_parts(self, req: Any, schema: Schema) -> Any:
        merged = req.form.copy()
        for name, files in req.files.lists():
            merged.setlist(name, files)
        return self._makeproxy(merged, schema)

    def load_json(self, req: Any, schema: Schema) -> Any:
        """JSON as orjson reads it, since it must write it again: no NaN, no half characters, no endless integers."""
        data = req.get_data() if req.is_json else b""
        if not data:
            return missing
        try:
            return read_json(data)
        except orjson.JSONDecodeError:
            flask.abort(400)

    def handle_error(self, error: Any, req: Any, schema: Any, **options: Any) -> Any:
        raise FieldsNotValid(errors=error.messages)


PartsParser.__location_map__ = FlaskParser.__location_map__ | {"parts": "load_parts"}


View = TypeVar("View", bound=Callable[..., Any])

if TYPE_CHECKING:

    class Smorest(flask.Blueprint):
        """What we use of flask-smorest's blueprint, with types."""

        DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]]

        def __init__(self, name: str, import_name: str, *, url_prefix: str, description: str) -> None: ...

        def arguments(
            self, schema: type[Schema], *, location: str = "json", content_type: str | None = None
        ) -> Callable[[View], View]: ...

        def response(
            self, status: int, schema: object = None, *, content_type: str | None = None
        ) -> Callable[[View], View]: ...

        def alt_response(self, status: int, *, description: str, schema: object = None) -> Callable[[View], View]: ...

else:
    Smorest = flask_smorest.Blueprint


class Blueprint(Smorest):
    """A feature's routes."""

    ARGUMENTS_PARSER = PartsParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]] = Smorest.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING | {
        "parts": "multipart/form-data"
    }


def operation(name: str, *refusals: type[Problem]) -> Callable[[View], View]:
    """Name the view in the OpenAPI document, and say what it refuses beside what every view does."""

    def decorate(view: View) -> View:
        documented = {"manual_doc": {"operationId": name}}
        vars(view).update(operation=name, refusals=refusals, _apidoc=documented)
        return view

    return decorate


def largest_body(count: int) -> Callable[[View], View]:
    """Let the route take a multipart body of so many bytes, more than others."""

    def decorate(view: View) -> View:
        vars(view).update(largest_body=count)
        return view

    return decorate


def read_json(data: bytes) -> Any:
    """What the JSON says. Null characters are refused wherever they are, because PostgreSQL keeps none in a text.

    Raises FieldsNotValid, and orjson.JSONDecodeError.
    """
    if NULL.search(data):
        raise FieldsNotValid(errors={"json": ["may not contain a null character"]})
    return orjson.loads(data)


class PageQuery(Schema):
    """How much, and after what."""

    after = fields.String(
        metadata={"description": "`next` of the page before; nothing for the first page.", "examples": ["WzQyXQ"]}
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST_ON_A_PAGE),
        metadata={"minimum": 1, "maximum": MOST_ON_A_PAGE, "description": "How many at most."},
    )


def following() -> fields.String:
    """The `next` of a page."""
    return fields.String(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null on the last."}
    )


def as_json(content: Any) -> bytes:
    """The content as JSON bytes; instants as `2026-11-21T09:30:00Z` with as many decimals as they have."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def answer(
    content: Any, status: int = 200, etag: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer; with an ETag, 304 where the phone has it already."""
    if etag is not None and (unchanged := not_modified(etag)):
        return unchanged
    response = Response(as_json(content), status, content_type="application/json")
    if headers:
        response.headers.update(headers)
    if etag is not None:
        response.set_etag(etag)
        response.headers.setdefault("Cache-Control", ASK_AGAIN)
        response.headers.add("Vary", VARY)
    return response


def wants_a_page() -> bool:
    """Whether a browser asks, which wants HTML rather than JSON."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"


def nothing() -> Response:
    """204: it is done, and there is nothing to say."""
    return Response(status=204)


def to_be_saved(content: bytes | Iterable[bytes], length: int, content_type: str, title: str, ending: str) -> Response:
    """A file of somebody else's, to be saved under its title: no browser shows it or guesses what it is."""
    response = Response(content, content_type=content_type)
    response.content_length = length
    response.headers["Content-Disposition"] = disposition(title, ending)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def disposition(title: str, ending: str) -> str:
    """To be saved under this name: in its own letters, and in plain ones for who knows no others (RFC 6266)."""
    words = " ".join("".join(letter if letter.isalnum() else " " for letter in title).split())[:LONGEST_NAME]
    plain = secure_filename(words) or "document"
    own = quote(f"{words or plain}.{ending}")
    return dump_options_header("attachment", {"filename": f"{plain}.{ending}", "filename*": f"UTF-8''{own}"})


def not_modified(etag: str, cache: str = ASK_AGAIN) -> Response | None:
    """304 where the phone has just this already, before the content is made; None otherwise, and after a change."""
    if "If-None-Match" not in request.headers or request.method not in ("GET", "HEAD"):
        return None
    if not request.if_none_match.contains_weak(etag):
        return None
    response = Response(status=304)
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = VARY
    return response


def etag_of(*parts: Any) -> str:
    """A short name of everything that the answer depends on."""
    return blake2b(orjson.dumps(parts, default=str), digest_size=12).hexdigest()


def cursor(*values: Any) -> str:
    """The place after a row, opaque to the phone."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def after_cursor(text: str | None, *kinds: type) -> list[Any] | None:
    """The values that `cursor` hid, of these kinds. Raises CursorNotValid."""
    if text is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, UnicodeError):
        raise CursorNotValid from None
    if not isinstance(values, list) or len(values) != len(kinds):
        raise CursorNotValid
    if not all(type(value) is kind for value, kind in zip(values, kinds, strict=True)):
        raise CursorNotValid
    if any(isinstance(value, int) and not 0 <= value <= LARGEST_KEY for value in values):
        raise CursorNotValid
    return values


Key = TypeVar("Key", int, str, int | str)


def after_key(text: str | None, kind: type[Key]) -> Key | None:
    """The one value of this kind that `cursor` hid; None for the first page. Raises CursorNotValid."""
    found = after_cursor(text, kind)
    return found[0] if found else None


def page_of(
    found: Sequence[Any], limit: int, place: Callable[[Any], str] = lambda row: cursor(row.id)
) -> tuple[Sequence[Any], str | None]:
    """The rows of this page of one row more than fits, and the cursor of the next page if there is one."""
    rows = found[:limit]
    return rows, place(rows[-1]) if len(found) > limit else None


def language() -> str:
    """The language that the caller prefers of those that we speak; of their municipality's where it is known."""
    here = g.get("municipality")
    offered = list(here.languages) if here is not None else list(LANGUAGES)
    offered += [known for known in LANGUAGES if known not in offered]
    wanted = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((tag for tag in wanted if tag in offered), offered[0])


def problem_document(problem: Problem) -> Response:
    """The refusal as application/problem+json (RFC 9457), in the caller's language."""
    spoken = language()
    content = {
        "type": f"urn:plateia:problem:{problem.code}",
        "title": say(spoken, problem.message),
        "status": problem.status,
        "code": problem.code,
        "request_id": g.get("request_id"),
        **problem.details,
    }
    response = Response(as_json(content), problem.status, content_type="application/problem+json")
    response.headers["Content-Language"] = spoken
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in problem.details:
        response.headers["Retry-After"] = str(problem.details["retry_after"])
    return response
