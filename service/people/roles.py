"""Who may do what: one table that can be read aloud. A role is given in a whole municipality or in one department.

The page of permissions and `plateia permissions` print it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.errors import Problem
from service.text import N_


@dataclass(frozen=True)
class Permission:
    """What somebody may do. `by_department`: it can hold in one department; the others hold everywhere or nowhere."""

    words: str
    by_department: bool = False
    reads_only: bool = False


@dataclass(frozen=True)
class Role:
    """Its name, what it is for, and what it allows; where it can be given, and whether beside other roles."""

    name: str
    words: str
    permissions: tuple[str, ...] = ()
    given: str = "municipality"
    alone: bool = False

    def fits(self, in_department: bool) -> bool:
        """Whether the role can be given in a department, or without one."""
        return self.given in (("department", "either") if in_department else ("municipality", "either"))


PERMISSIONS: Mapping[str, Permission] = {
    "see_reports": Permission(N_("see reports with everything that is not public"), True, reads_only=True),
    "handle_reports": Permission(
        N_("move, answer and hand over reports, take them in hand and take the first look"), True
    ),
    "assign_reports": Permission(
        N_("see who works in the department and say which of them has a report in hand"), True
    ),
    "see_map": Permission(N_("see drafts and versions of layers and the rules that route reports"), reads_only=True),
    "manage_map": Permission(N_("draft and publish layers, and order and try the rules that route reports")),
    "see_staff": Permission(N_("see who works here with which roles, and who is invited"), reads_only=True),
    "manage_staff": Permission(N_("invite staff, give and take roles, end sessions and reset authenticators")),
    "verify_residents": Permission(N_("confirm at the desk or by letter that somebody lives here, and withdraw it")),
    "see_audit": Permission(N_("read what was written down about acts of weight"), reads_only=True),
    "manage_keys": Permission(N_("make and end API keys for other programs")),
    "manage_settings": Permission(
        N_("change how the municipality works, such as whether notices need a second person")
    ),
    "see_news": Permission(N_("see news that are not published, with their history"), reads_only=True),
    "write_news": Permission(N_("write news and change what is not published")),
    "publish_news": Permission(N_("publish news and take them back")),
    "see_notices": Permission(
        N_("see notices that are prepared and what came of those that were sent"), reads_only=True
    ),
    "send_notices": Permission(N_("prepare notices to phones, and send them where no second person is needed")),
    "approve_notices": Permission(N_("send notices that somebody else has prepared, or refuse them")),
    "see_plans": Permission(N_("see drafts and versions of plans"), reads_only=True),
    "manage_plans": Permission(N_("draft plans, keep their progress and publish them")),
    "see_consultations": Permission(
        N_("see consultations that are prepared and how those that run go"), reads_only=True
    ),
    "manage_consultations": Permission(N_("prepare, open and close consultations and answer what people contribute")),
    "moderate": Permission(N_("decide whether texts and photos that people sent are shown")),
}

DEPARTMENT = ("see_reports", "handle_reports")
WRITING = ("see_news", "write_news", "see_notices", "send_notices")
PUBLISHING = ("see_news", "publish_news", "see_notices", "approve_notices")
PLANNING = ("see_plans", "manage_plans", "see_consultations", "manage_consultations")

ROLES: Mapping[str, Role] = {
    "department_staff": Role(
        N_("Department staff"), N_("Work on the reports of their department."), DEPARTMENT, given="department"
    ),
    "department_head": Role(
        N_("Department head"),
        N_("Work on the reports of their department and share them out among its staff."),
        (*DEPARTMENT, "assign_reports"),
        given="department",
    ),
    "dispatcher": Role(
        N_("Dispatcher"),
        N_("See the reports of all departments and bring each one to who can solve it."),
        (*DEPARTMENT, "assign_reports"),
    ),
    "map_keeper": Role(
        N_("Map keeper"), N_("Keep the layers of the map and the rules by it."), ("see_map", "manage_map")
    ),
    "communications_editor": Role(N_("Communications editor"), N_("Write news and announcements."), WRITING),
    "communications_publisher": Role(
        N_("Communications publisher"), N_("Check and publish what the editors have written."), PUBLISHING
    ),
    "consultation_manager": Role(
        N_("Consultation manager"),
        N_("Keep plans, run consultations and answer what people contribute."),
        PLANNING,
    ),
    "moderator": Role(
        N_("Moderator"), N_("Decide whether texts and photos that people sent are shown."), ("moderate",)
    ),
    "desk_clerk": Role(
        N_("Desk clerk"), N_("Confirm at the citizens' desk that somebody is a resident."), ("verify_residents",)
    ),
    "auditor": Role(
        N_("Auditor"),
        N_("Read everything and change nothing; nobody with another role."),
        (
            *("see_reports", "see_map", "see_staff", "see_audit"),
            *("see_news", "see_notices", "see_plans", "see_consultations"),
        ),
        given="either",
        alone=True,
    ),
    "administrator": Role(
        N_("Administrator"),
        N_("Do everything that staff do, and decide who is staff."),
        (
            *(*DEPARTMENT, "assign_reports", "see_map", "manage_map", "see_staff", "see_audit"),
            *("manage_staff", "manage_keys", "manage_settings", "verify_residents"),
            *("see_news", "write_news", "publish_news", "see_notices", "send_notices", "approve_notices"),
            *(*PLANNING, "moderate"),
        ),
    ),
}


class RolesRefused(Problem):
    """The table of roles does not allow this; `role` says which, and `reason` why: unknown, place or alone."""

    status, code = 422, "roles_refused"
    message = N_("These roles cannot be given, or not there, or not together.")


def may(role: str, permission: str) -> bool:
    """Whether the role allows it."""
    found = ROLES.get(role)
    return found is not None and permission in found.permissions


def allows(role: str, permission: str, in_department: bool) -> bool:
    """Whether the role allows it where it was given: in a department only what can hold in one."""
    return may(role, permission) and (not in_department or PERMISSIONS[permission].by_department)


def check_roles(given: Iterable[tuple[str, str | None]]) -> None:
    """Refuse (role, department) pairs that the table does not know, or not there, or not together.

    Raises RolesRefused.
    """
    pairs = list(given)
    for name, department in pairs:
        role = ROLES.get(name)
        if role is None:
            raise RolesRefused(role=name, reason="unknown")
        if not role.fits(department is not None):
            raise RolesRefused(role=name, reason="place")
    alone = [name for name, _ in pairs if ROLES[name].alone]
    if alone and len({name for name, _ in pairs}) > 1:
        raise RolesRefused(role=alone[0], reason="alone")
