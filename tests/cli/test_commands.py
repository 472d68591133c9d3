"""Everything that an operator types, on both databases; a refusal is a sentence and never a traceback."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.cli import cli
from service.db import session, transaction
from service.gis.models import Layer, LayerVersion
from service.municipalities.directory import Municipality, municipalities, municipality
from service.people.models import Account
from service.people.roles import ROLES
from service.people.staff.models import Authenticator
from service.reports.models import Report
from service.reports.states import as_markdown
from service.samples.loading import FOLDER, samples
from tests.cli.commands import plateia, program
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.people.staff_scene import acts, letters
from tests.reports.scene import count, expand_all

LAYER = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"key": "p1", "crew": "roads"},
            "geometry": {"type": "Polygon", "coordinates": [[[21.7, 40.2], [21.8, 40.2], [21.8, 40.3], [21.7, 40.2]]]},
        }
    ],
}


def refused(result: Result, *words: str) -> bool:
    """It ended with 1 and one line that says these words."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return all(word in result.output for word in words)


def test_every_command_explains_itself(app: Flask) -> None:
    for name, command in cli.commands.items():
        assert command.help and plateia(app, name, "--help").exit_code == 0, name


def test_states_and_roles_are_printed_as_the_tables_have_them(app: Flask) -> None:
    assert plateia(app, "states").output == as_markdown()
    printed = plateia(app, "permissions").output
    assert re.findall(r"^([a-z_]+): ", printed, re.MULTILINE) == list(ROLES)
    crew = printed.split("department_staff: ")[1].split("\n\n")[0]
    assert re.findall(r"^    ([a-z_]+): ", crew, re.MULTILINE) == list(ROLES["department_staff"].permissions)
    assert "        POST /api/v1/<municipality>/staff/reports/<uuid:report>/moves" in crew
    assert "Υπάλληλος υπηρεσίας" in plateia(app, "permissions", "--language", "el").output


def test_the_first_administrator_is_invited_and_a_lost_authenticator_reset(
    app: Flask, here: Municipality, bob: Person
) -> None:
    result = plateia(app, "invite", "here", "ann@kozani.gr", "Ann", "--role", "administrator")
    assert result.exit_code == 0, result.output
    assert [address for address, _, _ in letters()] == ["ann@kozani.gr"]
    assert refused(plateia(app, "invite", "here", "ann@kozani.gr", "Ann", "--role", "administrator"), "invited_already")
    with transaction():
        session.add(Authenticator(account_id=bob.account_id, seed="sealed", used_step=0, failures=0))
    assert plateia(app, "reset-authenticator", "here", "bob@here.example").exit_code == 0
    assert count(Authenticator) == 0 and acts()[-1][0] == "second_factor_removed"
    assert refused(plateia(app, "reset-authenticator", "here", "nobody@here.example"), "NobodyFound")


def test_the_openapi_document_is_printed_whole(app: Flask) -> None:
    document = json.loads(plateia(app, "openapi").output)
    assert document["openapi"].startswith("3.1") and "/api/v1/{municipality}/reports" in document["paths"]


def test_the_samples_are_loaded_once(app: Flask) -> None:
    first = plateia(app, "load-samples")
    assert first.exit_code == 0, first.output
    assert first.output.split() == [path.stem for path in samples()]
    again = plateia(app, "load-samples")
    assert (again.exit_code, again.output) == (0, "")
    session.rollback()
    assert set(municipalities()) == {path.stem for path in samples()}


@pytest.mark.parametrize("command", [["load-samples"], ["run", "--samples"], ["loopback-fcm", "--port", "1"]])
def test_what_everybody_knows_the_password_of_starts_on_loopback_only(app: Flask, command: list[str]) -> None:
    assert refused(plateia(app, *command, PLATEIA_HOST="0.0.0.0"), "loopback")
    assert count(Account) == 0


def test_bad_settings_are_a_sentence(app: Flask) -> None:
    assert refused(plateia(app, "states", PLATEIA_SAMPLES="1", PLATEIA_HOST="0.0.0.0"), "0.0.0.0")
    assert refused(plateia(app, "states", PLATEIA_PORT="many"), "PLATEIA_PORT")
    assert refused(plateia(app, "states", PLATEIA_FCM_BASE_URL="http://example.org:1"), "loopback")


def test_a_municipality_of_ones_own_is_loaded_from_a_file_without_staff(app: Flask, tmp_path: Path) -> None:
    refusal = plateia(app, "load-municipality", str(FOLDER / "sopot.yaml"))
    assert refused(refusal, "staff")
    assert municipalities() == {}


def test_what_is_known_of_ones_own_municipality_is_given_the_new_values(app: Flask, tmp_path: Path) -> None:
    described = yaml.safe_load((FOLDER / "sopot.yaml").read_text("utf-8")) | {"staff": []}
    shutil.copytree(FOLDER / "layers", tmp_path / "layers")
    file = tmp_path / "mine.yaml"
    for prefix in ("ONE", "TWO"):
        file.write_text(yaml.safe_dump(described | {"prefix": prefix}, allow_unicode=True), "utf-8")
        result = plateia(app, "load-municipality", str(file))
        assert (result.exit_code, result.output) == (0, "sopot\n")
        session.rollback()
        assert municipality("sopot").prefix == prefix
    file.write_text(yaml.safe_dump(described | {"country": "??"}, allow_unicode=True), "utf-8")
    assert refused(plateia(app, "load-municipality", str(file)), "SampleFaulty")


def test_a_layer_is_published_version_by_version(app: Flask, here: Municipality, tmp_path: Path) -> None:
    file = tmp_path / "parks.geojson"
    file.write_text(json.dumps(LAYER))
    first = plateia(app, "load-layer", "here", "parks", str(file), "--kind", "area", "--name", '{"el": "Πάρκα"}')
    assert first.output == "here/parks version 1: 1 features, 0 repaired\n", first.output
    assert "version 2" in plateia(app, "load-layer", "here", "parks", str(file)).output
    session.rollback()
    versions = select(func.max(LayerVersion.number)).join(Layer, Layer.id == LayerVersion.layer_id)
    assert session.scalar(versions.where(Layer.key == "parks")) == 2


def test_a_layer_that_cannot_be_read_changes_nothing(app: Flask, here: Municipality, tmp_path: Path) -> None:
    file = tmp_path / "parks.geojson"
    file.write_text("{")
    before = count(LayerVersion)
    assert refused(plateia(app, "load-layer", "here", "parks", str(file), "--kind", "area", "--name", '{"el": "Π"}'))
    file.write_text(json.dumps(LAYER))
    assert refused(plateia(app, "load-layer", "here", "parks", str(file), "--kind", "area", "--name", "no JSON"))
    assert refused(plateia(app, "load-layer", "nowhere", "parks", str(file)), "no_such_municipality")
    assert plateia(app, "load-layer", "here", "parks", str(tmp_path / "none")).exit_code == 2
    assert count(LayerVersion) == before


def test_points_are_routed_from_file_to_file(app: Flask, here: Municipality, tmp_path: Path) -> None:
    source, target = tmp_path / "points.csv", tmp_path / "routed.csv"
    source.write_text("lon,lat,category\n21.72,40.25,dark-lamp\n21.78,40.25,dark-lamp\nx,40.25,dark-lamp\n")
    result = plateia(app, "route-csv", "here", str(source), str(target))
    assert result.exit_code == 0 and "3 rows, 1 of them faulty" in result.output and "line 4" in result.output
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert [row["department"] for row in rows][:2] == ["lighting", "desk"]
    assert refused(plateia(app, "route-csv", "nowhere", str(source)), "no_such_municipality")


def test_somebody_becomes_staff_and_signs_in(app: Flask, client: FlaskClient, here: Municipality) -> None:
    command = ("staff", "here", "Bea@kozani.gr", "Bea", "--role", "department_staff:lighting", "--role", "dispatcher")
    result = plateia(app, *command, typed="a password of hers\na password of hers\n")
    assert result.exit_code == 0, result.output
    assert "a password of hers" not in result.output
    answer = client.post("/api/v1/here/sign-in", json={"email": "bea@kozani.gr", "password": "a password of hers"})
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    roles = client.get("/api/v1/here/me", headers=headers).json["roles"]
    assert sorted((role["role"], role["department"]) for role in roles) == [
        ("department_staff", "lighting"),
        ("dispatcher", None),
    ]


def test_nobody_becomes_staff_with_a_short_password_or_an_unknown_role(app: Flask, here: Municipality) -> None:
    def appoint(role: str, password: str = "long enough for it", slug: str = "here") -> Result:
        return plateia(app, "staff", slug, "b@kozani.gr", "B", "--role", role, "--password", password)

    assert refused(appoint("auditor", "short"), "password_too_easy")
    assert refused(appoint("king"), "king")
    assert refused(appoint("auditor:no-such"), "no-such")
    assert refused(appoint("auditor", slug="nowhere"), "no_such_municipality")
    assert count(Account) == 0


def test_the_outbox_is_shown_newest_first(app: Flask, here: Municipality, alice: Person) -> None:
    make_report(here, alice)
    expand_all()
    lines = plateia(app, "outbox").output.splitlines()
    assert len(lines) == 2 and all("pending" in line for line in lines)
    assert len(plateia(app, "outbox", "--limit", "1").output.splitlines()) == 1
    assert plateia(app, "outbox", "--state", "sent").output == ""


def test_a_report_is_erased_after_a_question(app: Flask, here: Municipality) -> None:
    report = make_report(here)
    assert plateia(app, "erase-report", "here", report.number, typed="n\n").exit_code == 1
    assert count(Report) == 1
    assert refused(plateia(app, "erase-report", "here", "HER-1", "--yes"), "not_found")
    assert plateia(app, "erase-report", "here", report.number, typed="y\n").exit_code == 0
    assert count(Report) == 0


def test_migrations_go_up_and_back_as_a_program(tmp_path: Path) -> None:
    home = tmp_path / "made by it"
    assert program("migrate", home=home).returncode == 0
    assert (home / "plateia.sqlite").is_file()
    assert program("migrate-back", "base", home=home).returncode == 0
    states = program("states", home=home)
    assert (states.returncode, states.stdout, states.stderr) == (0, as_markdown(), "")
