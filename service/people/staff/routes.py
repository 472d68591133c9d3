"""Staff over HTTP, for administrators: who works here, with which roles, and who is invited."""

import uuid
from typing import Any

from flask import Response, current_app

from service.config import Settings
from service.db import transaction
from service.db.clock import now
from service.db.types import AnyRow
from service.errors import NotFound
from service.http import Blueprint, CursorNotValid, PageQuery, after_cursor, answer, nothing, operation, page_of
from service.municipalities.directory import Municipality
from service.people.access import caller, staff, staff_only
from service.people.limits import inviting_limit
from service.people.roles import RolesRefused
from service.people.staff import administering, schemas
from service.people.staff.administering import NotOfOneself, decide
from service.people.staff.inviting import (
    InvitedAlready,
    StaffAlready,
    invitations,
    invite,
    send_again,
    withdraw,
)
from service.people.staff.models import Invitation

blueprint = Blueprint(
    "staff", __name__, url_prefix="/<municipality>/staff", description="Who works here, and with which roles"
)


@blueprint.get("/people")
@staff("see_staff")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, schemas.StaffOut)
@operation("listStaff", CursorNotValid)
def people(query: dict[str, Any], municipality: Municipality) -> Response:
    """List who works here with which roles"""
    after = after_cursor(query.get("after"), int)
    found = administering.staff_of(municipality, after[0] if after else 0, query["limit"] + 1)
    rows, following = page_of(found, query["limit"])
    roles = administering.roles_of([row.id for row in rows])
    return answer({"staff": [member_out(municipality, row, roles[row.id]) for row in rows], "next": following})


@blueprint.put("/people/<uuid:person>/roles")
@staff("manage_staff")
@blueprint.arguments(schemas.RolesIn)
@blueprint.response(200, schemas.StaffMemberOut)
@operation("changeRoles", NotFound, RolesRefused, NotOfOneself)
def change_roles(body: dict[str, Any], municipality: Municipality, person: uuid.UUID) -> Response:
    """Give somebody exactly these roles

    They hold from the next request on. Nobody changes their own.
    """
    who = caller()
    with transaction():
        administering.change_roles(municipality, who, person, pairs(body["roles"]))
    row = administering.member(municipality, person)
    return answer(member_out(municipality, row, administering.roles_of([row.id])[row.id]))


@blueprint.delete("/people/<uuid:person>")
@staff("manage_staff")
@blueprint.response(204)
@operation("removeStaff", NotFound, NotOfOneself)
def remove(municipality: Municipality, person: uuid.UUID) -> Response:
    """Let somebody be staff no longer

    Roles, password, authenticator and sessions go. What they did in reports keeps their name.
    """
    who = caller()
    with transaction():
        administering.remove(municipality, who, person)
    return nothing()


@blueprint.delete("/people/<uuid:person>/sessions")
@staff("manage_staff")
@blueprint.response(200, schemas.EndedOut)
@operation("endStaffSessions", NotFound, NotOfOneself)
def end_sessions(municipality: Municipality, person: uuid.UUID) -> Response:
    """Sign somebody out everywhere"""
    who = caller()
    with transaction():
        ended = administering.end_sessions_of(municipality, who, person)
    return answer({"sessions": ended})


@blueprint.delete("/people/<uuid:person>/authenticator")
@staff("manage_staff")
@blueprint.response(204)
@operation("resetAuthenticator", NotFound, NotOfOneself)
def reset_authenticator(municipality: Municipality, person: uuid.UUID) -> Response:
    """Forget the authenticator of somebody who has lost it

    The recovery codes go too, and they are signed out everywhere. Make sure by another way that it is they who ask.
    """
    who = caller()
    with transaction():
        administering.reset_authenticator(municipality, who, person)
    return nothing()


@blueprint.get("/invitations")
@staff("see_staff")
@blueprint.response(200, schemas.InvitationsOut)
@operation("listInvitations")
def invited(municipality: Municipality) -> Response:
    """List who is invited and has not accepted, the newest first"""
    return answer({"invitations": [invitation_out(found) for found in invitations(municipality)]})


@blueprint.post("/invitations")
@staff("manage_staff")
@inviting_limit
@blueprint.arguments(schemas.InviteIn)
@blueprint.response(201, schemas.InvitationOut)
@operation("inviteStaff", RolesRefused, StaffAlready, InvitedAlready)
def make_invitation(body: dict[str, Any], municipality: Municipality) -> Response:
    """Invite somebody by e-mail to become staff

    The letter is in the municipality's main language. Its link can be used once, for seven days.
    """
    who = caller()
    with transaction():
        made = invite(municipality, who, body["email"], body["name"], pairs(body["roles"]), page(municipality))
    return answer(invitation_out(made), 201)


@blueprint.post("/invitations/<uuid:invitation>/letters")
@staff("manage_staff")
@inviting_limit
@blueprint.response(200, schemas.InvitationOut)
@operation("sendInvitationAgain", NotFound)
def letter(municipality: Municipality, invitation: uuid.UUID) -> Response:
    """Send an invitation again

    With a fresh link for seven days; the former one is worth nothing.
    """
    who = caller()
    with transaction():
        found = send_again(municipality, who, invitation, page(municipality))
    return answer(invitation_out(found))


@blueprint.delete("/invitations/<uuid:invitation>")
@staff("manage_staff")
@blueprint.response(204)
@operation("withdrawInvitation", NotFound)
def take_back(municipality: Municipality, invitation: uuid.UUID) -> Response:
    """Withdraw an invitation: its link is worth nothing"""
    who = caller()
    with transaction():
        withdraw(municipality, who, invitation)
    return nothing()


@blueprint.get("/colleagues")
@staff("assign_reports")
@blueprint.response(200, schemas.ColleaguesOut)
@operation("listColleagues")
def colleagues(municipality: Municipality) -> Response:
    """List who can have reports of one's departments in hand"""
    found = administering.colleagues(municipality, caller().departments("assign_reports"))
    keys = municipality.departments_by_id
    lines = [
        {"id": row.uid, "name": row.name, "departments": None if held is None else [keys[one].key for one in held]}
        for row, held in found
    ]
    return answer({"colleagues": lines})


@blueprint.get("/settings")
@staff_only
@blueprint.response(200, schemas.SettingsOut)
@operation("showSettings")
def settings(municipality: Municipality) -> Response:
    """Show what the municipality has decided about how staff work"""
    return answer({"notices_need_second_person": municipality.notices_need_second_person})


@blueprint.patch("/settings")
@staff("manage_settings")
@blueprint.arguments(schemas.SettingsIn)
@blueprint.response(200, schemas.SettingsOut)
@operation("changeSettings")
def change_settings(body: dict[str, Any], municipality: Municipality) -> Response:
    """Decide how staff work

    It holds within a second. Each change is in the audit log.
    """
    who = caller()
    with transaction():
        decide(municipality, who, body)
    return answer(body)


def pairs(roles: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """The (role, department key) pairs of a body, each once."""
    return list(dict.fromkeys((role["role"], role["department"]) for role in roles))


def page(municipality: Municipality) -> str:
    """Where the link of an invitation leads."""
    settings: Settings = current_app.config["PLATEIA"]
    return f"{settings.public_url}/staff/{municipality.slug}/invitation"


def member_out(municipality: Municipality, row: AnyRow, roles: list[tuple[str, int | None]]) -> dict[str, Any]:
    keys = municipality.departments_by_id
    return {
        "id": row.uid,
        "name": row.name,
        "email": row.email,
        "roles": [{"role": role, "department": place and keys[place].key} for role, place in roles],
        "has_password": bool(row.has_password),
        "has_authenticator": bool(row.has_authenticator),
        "sessions": row.sessions,
        "seen_at": row.seen_at,
    }


def invitation_out(found: Invitation) -> dict[str, Any]:
    return {
        "id": found.uid,
        "email": found.email,
        "name": found.name,
        "roles": [{"role": role, "department": department} for role, department in found.roles],
        "sent": found.sent,
        "created_at": found.created_at,
        "expires_at": found.expires_at,
        "expired": found.expires_at <= now(),
    }
