"""Who may do what, as JSON, as a page to be read and printed, and where the links of letters lead."""

import base64
import hashlib
import re

import pytest
from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from service.people.roles import PERMISSIONS, ROLES, RolesRefused, allows, check_roles
from service.text import LANGUAGES, say


def test_the_table_is_told_in_each_language_with_what_each_permission_opens(client: FlaskClient) -> None:
    for language in LANGUAGES:
        answer = client.get("/api/v1/permissions", headers={"Accept-Language": language})
        assert answer.json["language"] == language
        assert [role["name"] for role in answer.json["roles"]] == [say(language, role.name) for role in ROLES.values()]
        opened = {one["permission"]: one["operations"] for one in answer.json["permissions"]}
        assert list(opened) == list(PERMISSIONS)
        assert "inviteStaff" in opened["manage_staff"] and "moveReport" in opened["handle_reports"]
    again = client.get(
        "/api/v1/permissions", headers={"Accept-Language": language, "If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def blocks(page: str, name: str) -> list[str]:
    return re.findall(rf"<{name}[^>]*>(.*?)</{name}>", page, re.S)


def allowed(policy: str, directive: str) -> set[str]:
    return set(re.search(rf"{directive} ([^;]*)", policy)[1].split())  # type: ignore[index]


@pytest.mark.parametrize("path", ["/permissions", "/staff/here/invitation", "/staff/here/password"])
def test_a_page_runs_nothing_but_its_own_and_asks_nobody_else(
    client: FlaskClient, here: Municipality, path: str
) -> None:
    for language in LANGUAGES:
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200 and f'<html lang="{language}">' in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and allowed(policy, "default-src") == {"'none'"}
        assert allowed(policy, "frame-ancestors") == {"'none'"} and answer.headers["Referrer-Policy"] == "no-referrer"
        for name, directive in (("style", "style-src"), ("script", "script-src")):
            for content in blocks(answer.text, name):
                digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
                assert f"'sha256-{digest}'" in allowed(policy, directive)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text) and " style=" not in answer.text
        assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", answer.text, flags=re.S))


def test_the_page_of_permissions_is_in_the_language_that_is_asked_for(client: FlaskClient) -> None:
    page = client.get("/permissions?language=lt", headers={"Accept-Language": "el"}).text
    assert "Skyriaus vedėjas" in page and "Προϊστάμενος" not in page
    assert "POST /api/v1/&lt;municipality&gt;/staff/invitations" in page
    assert client.get("/permissions?language=%3Cscript%3E", headers={"Accept-Language": "en"}).status_code == 200


def test_the_links_pages_name_the_municipality_and_are_not_there_for_others(
    client: FlaskClient, here: Municipality
) -> None:
    page = client.get("/staff/here/invitation", headers={"Accept-Language": "en"}).text
    assert "Welcome to Here" in page and 'data-look="/api/v1/here/invitation"' in page and 'name="name"' in page
    page = client.get("/staff/here/password", headers={"Accept-Language": "en"}).text
    assert 'data-look=""' in page and 'name="name"' not in page
    assert client.get("/staff/nowhere/password").status_code == 404
    assert client.get("/staff/here/something").status_code == 404


def test_a_role_in_a_department_gives_only_what_can_hold_in_one() -> None:
    assert allows("auditor", "see_reports", in_department=True) and not allows("auditor", "see_staff", True)
    assert allows("auditor", "see_staff", in_department=False) and not allows("king", "see_staff", False)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([("king", None)], "unknown"),
        ([("department_staff", None)], "place"),
        ([("map_keeper", "roads")], "place"),
        ([("auditor", None), ("map_keeper", None)], "alone"),
    ],
)
def test_roles_are_given_where_the_table_says_and_an_auditor_has_no_other(
    given: list[tuple[str, str | None]], reason: str
) -> None:
    with pytest.raises(RolesRefused) as refused:
        check_roles(given)
    assert refused.value.details["reason"] == reason
    check_roles([("auditor", "roads"), ("auditor", "lighting")])
