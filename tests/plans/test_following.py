"""Who follows an element hears of it also when it leaves the plan, and as what it goes on."""

from flask.testing import FlaskClient

from service.municipalities.directory import Municipality
from tests.factories.people import Person, make_resident, make_staff
from tests.plans.plans import a_plan, action, call, put_in_force, see
from tests.reports.scene import expand_all, inbox_of


def follow(client: FlaskClient, who: Person, kind: str, value: str) -> None:
    answer = client.post("/api/v1/here/follows", json={"kind": kind, "value": value}, headers=who.headers)
    assert answer.status_code == 201


def test_who_follows_is_told_what_became_of_what_is_gone(client: FlaskClient, here: Municipality) -> None:
    ada = make_staff(here, "ada", [("consultation_manager", None)])
    put_in_force(here, a_plan())
    ids = {one["key"]: one["id"] for one in see(client, "/op/elements?limit=100")["elements"]}
    anna, eva, olga, nick = (make_resident(here, language=language) for language in ("en", "el", "el", "en"))
    follow(client, anna, "plan", see(client, "/op")["id"])
    follow(client, eva, "plan_element", ids["1.2"])
    follow(client, olga, "plan_element", ids["2"])
    follow(client, nick, "plan_element", ids["1.1"])
    call(client, ada, "POST", "/op/draft", {}, 201)
    parts = [action("2.1a", "Μελέτη"), action("2.1b", "Έργο")]
    for step in (
        {"kind": "merged", "element": "1.2", "into": "1.1"},
        {"kind": "split", "element": "2.1", "parts": parts, "stays": False},
        {"kind": "removed", "element": "2.2"},
    ):
        call(client, ada, "POST", "/op/draft/changes", step)
    second = call(client, ada, "POST", "/op/draft/freeze", {})["hash"]
    call(client, ada, "POST", f"/op/versions/{second}/publish")
    expand_all()
    new = "A new version of the plan has been published."
    merged, split, removed = (
        "Φωτισμός LED: goes on as Ανάπλαση πλατείας.",
        "Κέντρο νεότητας: goes on as Μελέτη, Έργο.",
        "Αγορά: no part of the plan any more.",
    )
    told = {who: [one.body for one in inbox_of(who)] for who in (anna, eva, olga, nick)}
    assert told[anna] == [f"{new} {merged} {split} {removed}"] and told[nick] == []
    assert told[eva][0].endswith("Φωτισμός LED: συνεχίζεται ως Ανάπλαση πλατείας.")
    assert told[olga][0].endswith("συνεχίζεται ως Μελέτη, Έργο. Αγορά: δεν αποτελεί πλέον μέρος του σχεδίου.")
    (message,) = inbox_of(eva)
    assert (message.about_kind, message.about) == ("plan_element", ids["1.2"])
    assert see(client, f"/op/elements/{ids['1.2']}", 410)["became"][0]["key"] == "1.1"
