"""Pages for staff: who may do what, and where the links of letters lead. Each is whole in one answer."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint as Pages
from flask import Response, current_app, render_template, request
from markupsafe import Markup

from service import http
from service.http import answer, etag_of, operation
from service.municipalities.directory import Municipality
from service.people.access import anybody
from service.people.staff import schemas
from service.people.staff.passwords import LONGEST, SHORTEST, PasswordTooEasy
from service.people.staff.permissions import ALONE, GIVEN, Opened, table
from service.text import LANGUAGES, N_, pick, say

blueprint = http.Blueprint("permissions", __name__, url_prefix="", description="Who may do what")
pages = Pages("staff_pages", __name__, template_folder="templates")

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "page.css").read_text("utf-8")
SCRIPT = (TEMPLATES / "letter.js").read_text("utf-8")
NAMES = {"el": "Ελληνικά", "bg": "Български", "lt": "Lietuvių", "en": "English"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

WHO_MAY = N_("Who may do what")
OPENS = N_("What each permission opens")
LETTERS = {
    "invitation": {
        "title": N_("Welcome to {municipality}"),
        "button": N_("Become staff"),
        "done": N_("Done. You can sign in now with your e-mail address and this password."),
    },
    "password": {
        "title": N_("A new password for {municipality}"),
        "button": N_("Save the password"),
        "done": N_("Done. You are signed out everywhere and can sign in with the new password."),
    },
}
LABELS = {
    "name_label": N_("Your name"),
    "password_label": N_("Your password"),
    "advice": PasswordTooEasy.message,
    "needs_script": N_("This page needs JavaScript."),
    "again": N_("The service cannot be reached. Please try again."),
}


@blueprint.get("/permissions")
@anybody
@blueprint.response(200, schemas.PermissionsOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showPermissions")
def permissions() -> Response:
    """Show who may do what: roles, what each allows, and what that opens"""
    found = table(opened(), http.language())
    for one in found["permissions"]:
        one["operations"] = [each.operation for each in one["operations"]]
    return answer(found, etag=etag_of(found))


@pages.get("/permissions")
@anybody
def permissions_page() -> Response:
    """Who may do what, to be read and printed."""
    spoken = request.args.get("language")
    found = table(opened(), spoken if spoken in LANGUAGES else http.language())
    spoken = found["language"]
    return page(
        "permissions.html",
        language=spoken,
        found=found,
        title=say(spoken, WHO_MAY),
        opens=say(spoken, OPENS),
        given={key: say(spoken, words) for key, words in GIVEN.items()},
        alone=say(spoken, ALONE),
        words={one["permission"]: one["words"] for one in found["permissions"]},
        languages=NAMES.items(),
    )


@pages.get("/staff/<municipality>/<any(invitation, password):kind>")
@anybody
def letter_page(municipality: Municipality, kind: str) -> Response:
    """Where the link of a letter leads: choose a password. The token stands behind `#` and goes to the API only."""
    spoken = http.language()
    api = f"/api/v1/{municipality.slug}"
    values = {"municipality": pick(municipality.name, spoken, municipality.main_language)}
    texts = {name: say(spoken, text, **values) for name, text in (LETTERS[kind] | LABELS).items()}
    invited = kind == "invitation"
    return page(
        "letter.html",
        language=spoken,
        address=f"{api}/invitation/accept" if invited else f"{api}/password/reset",
        look=f"{api}/invitation" if invited else "",
        asks_name=invited,
        shortest=SHORTEST,
        longest=LONGEST,
        script=Markup(SCRIPT),  # noqa: S704  (a file of ours)
        **texts,
    )


def page(template: str, **values: Any) -> Response:
    """A page whose own style and script run, and nothing else does."""
    shown = render_template(template, style=Markup(STYLE), **values)  # noqa: S704  (a file of ours)
    policy = (
        f"default-src 'none'; style-src '{named(STYLE)}'; script-src '{named(SCRIPT)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Vary": "Accept-Language"}
    return Response(shown, content_type="text/html; charset=utf-8", headers=headers)


def named(content: str) -> str:
    """What a policy calls a style or script that stands in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def opened() -> list[Opened]:
    """Every operation of the service in the order of addresses, with the mark that its route carries."""
    found = []
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = vars(current_app.view_functions[rule.endpoint])
        for method in METHODS:
            if method in (rule.methods or ()):
                name = view.get("operation", rule.endpoint)
                found.append(Opened(name, method, rule.rule, view.get("access", "")))
    return found
