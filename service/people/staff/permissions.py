"""Who may do what, as it is printed: role → permissions → what each opens."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.people.roles import PERMISSIONS, ROLES
from service.text import N_, say

GIVEN = {
    "municipality": N_("in the whole municipality"),
    "department": N_("in departments only"),
    "either": N_("in the whole municipality or in departments"),
}
ALONE = N_("beside no other role")


@dataclass(frozen=True)
class Opened:
    """An operation, as a program calls it, and the mark that says who may."""

    operation: str
    method: str
    address: str
    access: str


def table(opened: Iterable[Opened], spoken: str) -> dict[str, Any]:
    """The table of roles in this language, with the operations that each permission opens."""
    by_access: dict[str, list[Opened]] = {permission: [] for permission in PERMISSIONS}
    for one in opened:
        if one.access in by_access:
            by_access[one.access].append(one)
    return {
        "language": spoken,
        "roles": [
            {
                "role": key,
                "name": say(spoken, role.name),
                "words": say(spoken, role.words),
                "given": role.given,
                "alone": role.alone,
                "permissions": list(role.permissions),
            }
            for key, role in ROLES.items()
        ],
        "permissions": [
            {"permission": key, "words": say(spoken, PERMISSIONS[key].words), "operations": operations}
            for key, operations in by_access.items()
        ],
    }


def as_text(found: Mapping[str, Any]) -> str:
    """The table to be read aloud."""
    spoken, permissions = found["language"], {one["permission"]: one for one in found["permissions"]}
    lines = []
    for role in found["roles"]:
        place = say(spoken, GIVEN[role["given"]])
        where = f"{place}, {say(spoken, ALONE)}" if role["alone"] else place
        lines += [f"{role['role']}: {role['name']} ({where})", f"    {role['words']}"]
        for key in role["permissions"]:
            lines.append(f"    {key}: {permissions[key]['words']}")
            lines += [f"        {one.method} {one.address}" for one in permissions[key]["operations"]]
        lines.append("")
    return "\n".join(lines)
