"""Who follows a layer of the map, or a feature of it, is told what a publication has changed there, and nobody else."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.db import session, transaction
from service.db.clock import now
from service.db.generations import forget, grow
from service.gis.drafting import draft_of_file, layer_named, version_numbered
from service.gis.models import Layer, LayerVersion
from service.gis.publishing import publish_version
from service.gis.scheduling import PUBLISH_DRAFT, publish
from service.jobs.working import work_one
from service.municipalities.directory import SUBJECT, Municipality, municipality
from service.municipalities.models import Municipality as Municipalities
from service.notices import following, messages
from service.notices.models import Follow, InboxMessage
from service.outbox import expanding
from service.outbox.models import Event
from service.text import LANGUAGES, say
from service.worker import JOBS
from tests.factories.jobs import make_due
from tests.factories.municipalities import imported
from tests.factories.people import Person, make_resident
from tests.reports.scene import deliveries, expand_all, inbox_of
from tests.reports.test_statement_counts import statements

HERE = "/api/v1/here/follows"
SPOTS = {"W1": "Square", "W2": "Library", "W3": "Garden"}
NAMES = {"en": "Free Wi-Fi", "el": "Δωρεάν Wi-Fi", "bg": "Безплатен Wi-Fi", "lt": "Nemokamas Wi-Fi"}


def publish_spots(where: Municipality, spots: dict[str, Any], public: bool = True) -> LayerVersion:
    """The Wi-Fi spots by key: a name, or a name and how far east it stands."""
    rows = [
        (key, {"spot": key, "name_en": name, "name_el": f"{name}-ελ"}, shapely.Point(21.72 + east / 1000, 40.25))
        for key, (name, east) in ((key, said if isinstance(said, tuple) else (said, 0)) for key, said in spots.items())
    ]
    with transaction():
        version = publish_version(where, "wifi", imported(*rows), name=NAMES, kind="asset", public=public)
    forget()
    return version


@pytest.fixture
def wifi(here: Municipality) -> Municipality:
    publish_spots(here, SPOTS)
    return here


def follow(
    client: FlaskClient, who: Person, part: str | None = None, status: int = 201, value: str = "wifi", **more: Any
) -> Any:
    body = {"kind": "layer", "value": value, "part": part} | more
    answer = client.post(HERE, json=body, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def follows(client: FlaskClient, who: Person, language: str = "en") -> Any:
    return client.get(HERE, headers=who.headers | {"Accept-Language": language}).json["follows"]


def told(person: Person) -> Sequence[tuple[str, str]]:
    """Title and body of each message in the inbox, oldest first, when all is expanded."""
    expand_all()
    return [(message.title, message.body) for message in inbox_of(person)]


def count(model: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_what_is_followed_is_listed_in_the_callers_language_and_ended(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    layer, spot = follow(client, alice), follow(client, alice, "W2")
    assert (spot["name"], spot["within"], spot["part"]) == ("Library-ελ", "Δωρεάν Wi-Fi", "W2")
    assert [(one["name"], one["within"]) for one in follows(client, alice)] == [
        ("Free Wi-Fi", None),
        ("Library", "Free Wi-Fi"),
    ]
    assert client.delete(f"{HERE}/{layer['id']}", headers=alice.headers).status_code == 204
    assert client.delete(f"{HERE}/{layer['id']}", headers=alice.headers).status_code == 404
    assert [one["id"] for one in follows(client, alice)] == [spot["id"]]


def test_to_follow_twice_is_to_follow_once(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    assert follow(client, alice, "W1") == follow(client, alice, "W1")
    assert count(Follow) == 1


def test_an_unchanged_list_is_not_sent_again(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    etag = client.get(HERE, headers=alice.headers).headers["ETag"]
    asked = alice.headers | {"If-None-Match": etag}
    assert client.get(HERE, headers=asked).status_code == 304
    follow(client, alice)
    assert client.get(HERE, headers=asked).status_code == 200


def test_what_is_not_there_or_not_public_is_not_followed(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    assert follow(client, alice, "W9", 422)["code"] == "nothing_to_follow"
    assert follow(client, alice, value="nowhere", status=422)["code"] == "nothing_to_follow"
    assert follow(client, alice, value="lighting", status=422)["code"] == "nothing_to_follow"
    assert follow(client, alice, kind="moon", status=422)["code"] == "fields_not_valid"
    assert follow(client, alice, "W\0", 422)["code"] == "fields_not_valid"
    assert client.post(HERE, json={"kind": "layer", "value": "wifi"}).status_code == 401
    assert count(Follow) == 0


def test_nobody_follows_without_end(
    client: FlaskClient, wifi: Municipality, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_FOLLOWS", 2)
    follow(client, alice)
    follow(client, alice, "W1")
    refused = follow(client, alice, "W2", 409)
    assert (refused["code"], refused["most"]) == ("too_many_follows", 2)
    assert follow(client, alice, "W1")["part"] == "W1"
    assert count(Follow) == 2


def test_neighbours_and_others_neither_see_nor_end_nor_share_a_follow(
    client: FlaskClient, wifi: Municipality, next_door: Municipality, alice: Person, charlie: Person
) -> None:
    publish_spots(next_door, SPOTS)
    amy, spot = make_resident(wifi), follow(client, alice)
    for base, who, status in (
        (HERE, amy, 404),
        (HERE, charlie, 401),
        (HERE.replace("here", "next-door"), charlie, 404),
    ):
        assert client.delete(f"{base}/{spot['id']}", headers=who.headers).status_code == status
    assert client.get(HERE, headers=charlie.headers).status_code == 401
    assert follows(client, amy) == [] and follows(client, alice) == [spot | {"name": "Free Wi-Fi"}]
    publish_spots(next_door, {"W1": "Elsewhere"})
    assert told(alice) == told(charlie) == []


def test_a_follower_of_the_layer_is_told_what_is_new_changed_and_gone(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    follow(client, alice)
    publish_spots(wifi, {"W1": ("Square", 3), "W2": "Great library", "W4": "Station"})
    assert told(alice) == [
        (
            "Στον χάρτη: Δωρεάν Wi-Fi",
            "Νέα: Station-ελ. Αλλαγές: Square-ελ, Great library-ελ. Αφαίρεση από τον χάρτη: Garden-ελ.",
        )
    ]
    (message,) = inbox_of(alice)
    assert (message.kind, message.about_kind, message.about) == ("layer_published", "layer", "wifi")
    ((push, target),) = deliveries("push")
    assert target == f"phone-{alice.installation}" and push.content["body"] == message.body
    assert push.content["data"] == {"municipality": "here", "layer": "wifi"}


def test_a_follower_of_a_feature_is_told_of_it_alone(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    follow(client, alice, "W2")
    publish_spots(wifi, SPOTS | {"W1": "Great square"})
    assert told(alice) == []
    publish_spots(wifi, SPOTS | {"W2": "Great library"})
    assert [body for _, body in told(alice)] == ["Αλλαγές: Great library-ελ."]
    assert (inbox_of(alice)[0].about_kind, inbox_of(alice)[0].about) == ("feature", "wifi/W2")
    assert deliveries("push")[0][0].content["data"]["feature"] == "W2"
    publish_spots(wifi, {"W1": "Square"})
    assert told(alice)[-1][1] == "Αφαίρεση από τον χάρτη: Great library-ελ."
    assert (inbox_of(alice)[-1].about_kind, inbox_of(alice)[-1].about) == ("layer", "wifi")
    assert follows(client, alice)[0]["name"] is None
    publish_spots(wifi, SPOTS)
    assert told(alice)[-1][1] == "Νέα: Library-ελ."


def test_who_follows_the_layer_and_some_of_it_is_told_once(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    for part in (None, "W1", "W2"):
        follow(client, alice, part)
    publish_spots(wifi, {})
    assert [body for _, body in told(alice)] == ["Αφαίρεση από τον χάρτη: Square-ελ, Library-ελ, Garden-ελ."]
    assert len(deliveries("push")) == 1


def test_many_changes_are_named_and_counted(client: FlaskClient, wifi: Municipality) -> None:
    amy = make_resident(wifi, language="en")
    follow(client, amy)
    publish_spots(wifi, SPOTS | {f"X{n}": f"Spot {n} {'i' * n * 20}" for n in range(1, 9)})
    ((title, body),) = told(amy)
    assert title == "On the map: Free Wi-Fi"
    assert body.startswith("New: Spot 1 ") and body.endswith("… and 3 more.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_is_told_in_their_language(client: FlaskClient, wifi: Municipality, language: str) -> None:
    with transaction():
        session.execute(Municipalities.__table__.update().values(languages=list(LANGUAGES)))
        grow(SUBJECT)
    person = make_resident(municipality("here"), language=language)
    follow(client, person)
    publish_spots(wifi, {"W1": "Great square", "W4": "Station"})
    ((title, body),) = told(person)
    assert title.endswith(NAMES[language])
    for text in (messages.TITLE, *messages.LINES.values()):
        assert say(language, text, layer=NAMES[language], names="").split(":")[0] in title + body


def test_a_publication_that_changes_nothing_tells_nobody(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    follow(client, alice)
    publish_spots(wifi, SPOTS)
    assert told(alice) == []


def test_who_has_ended_it_is_told_nothing_more(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    spot = follow(client, alice)
    client.delete(f"{HERE}/{spot['id']}", headers=alice.headers)
    publish_spots(wifi, {"W1": "Great square"})
    assert told(alice) == []


def test_a_layer_that_is_not_public_any_more_tells_nobody(
    client: FlaskClient, wifi: Municipality, alice: Person
) -> None:
    follow(client, alice)
    publish_spots(wifi, {"W1": "Great square"}, public=False)
    assert count(Event) == 0
    publish_spots(wifi, {"W1": "Greater square"})
    with transaction():
        session.execute(Layer.__table__.update().values(public=False))
    assert told(alice) == []
    assert follows(client, alice)[0]["name"] is None


def test_a_draft_published_later_and_one_brought_back_are_told_too(
    client: FlaskClient, wifi: Municipality, alice: Person, bob: Person
) -> None:
    follow(client, alice)
    with transaction():
        layer = layer_named(wifi, "wifi")
        draft = draft_of_file(layer, imported(("W1", {"name_el": "Αλλού"}, shapely.Point(21.73, 40.25))))
        publish(layer, draft, bob.account_id, "Later", now() + timedelta(hours=1))
    assert told(alice) == []
    make_due(PUBLISH_DRAFT)
    while work_one(JOBS, "a worker"):
        pass
    assert [body for _, body in told(alice)] == ["Αλλαγές: Αλλού. Αφαίρεση από τον χάρτη: Library-ελ, Garden-ελ."]
    with transaction():
        layer = layer_named(wifi, "wifi")
        publish(layer, version_numbered(layer, 1), bob.account_id, "Back")
    assert told(alice)[-1][1] == "Νέα: Library-ελ, Garden-ελ. Αλλαγές: Square-ελ."


def test_a_publication_that_is_undone_tells_nobody(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    follow(client, alice)
    with suppress(ZeroDivisionError), transaction():
        publish_version(wifi, "wifi", imported(("W1", {}, shapely.Point(21.7, 40.2))))
        raise ZeroDivisionError
    assert count(Event) == 0 and told(alice) == []


def test_a_large_audience_is_told_in_chunks_and_nobody_twice_or_not_at_all(
    client: FlaskClient, wifi: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expanding, "CHUNK", 6)
    monkeypatch.setattr(messages, "AT_ONCE", 4)
    people = [make_resident(wifi) for _ in range(11)]
    for number, person in enumerate(people):
        follow(client, person, ("W1", None, "W2")[number % 3])
    publish_spots(wifi, SPOTS | {"W1": "Great square"})
    expand_all()
    concerned = [person for number, person in enumerate(people) if number % 3 != 2]
    assert all(len(inbox_of(person)) == (person in concerned) for person in people)
    assert len(deliveries("push")) == len(concerned) == count(InboxMessage)


def test_a_publication_costs_the_same_whoever_follows(client: FlaskClient, wifi: Municipality, alice: Person) -> None:
    def published(name: str) -> int:
        with statements() as said:
            publish_spots(wifi, {"W1": name})
        return len(said)

    published("Warm")
    alone = published("First")
    for person in (alice, *(make_resident(wifi) for _ in range(5))):
        follow(client, person)
    assert published("Second") == alone
    assert count(Event) == 3
