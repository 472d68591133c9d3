"""Who may do what. A role is given in a whole municipality or in one department of it."""

PERMISSIONS = {
    "see_reports": "see the reports of the queue with everything that is not public",
    "handle_reports": "move, assign and answer reports and take the first look",
    "manage_map": "draft, compare and publish layers, and order the rules that route reports",
}

ROLES = {
    "department_staff": ("see_reports", "handle_reports"),
    "dispatcher": ("see_reports", "handle_reports"),
    "auditor": ("see_reports",),
    "map_keeper": ("manage_map",),
    "administrator": ("see_reports", "handle_reports", "manage_map"),
}


def may(role: str, permission: str) -> bool:
    """Whether the role allows it."""
    return permission in ROLES.get(role, ())
