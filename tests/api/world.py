"""Two small municipalities in which everything that an operation may ask for exists."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar
from zlib import crc32

from flask import Flask
from sqlalchemy import select

from service.db import session, transaction
from service.db.generations import grow
from service.gis.drafting import draft_of_version, layer_named, version_numbered
from service.gis.examining import Asked
from service.gis.index import SUBJECT as LAYERS
from service.gis.index import indexes_of
from service.gis.sourcing import set_source
from service.gis.uploading import keep_upload, plan_import
from service.media.attaching import record, record_attached, store_photo
from service.municipalities.directory import SUBJECT as MUNICIPALITIES
from service.municipalities.directory import Municipality, municipality
from service.municipalities.models import Municipality as MunicipalityRow
from service.notices.following import follow
from service.notices.models import InboxMessage
from service.outbox.expanding import expand
from service.people.callers import find_caller
from service.people.keys.keeping import make_key
from service.people.signing_in import sign_in
from service.reports.ordering import add_rule, rules_of, version_of
from service.worker import EVENTS
from tests.api.world_of_consultations import new_consultation
from tests.api.world_of_conversations import FILLED as CONVERSATIONS_FILLED
from tests.api.world_of_conversations import QUERIES as CONVERSATIONS_QUERIES
from tests.api.world_of_conversations import things_for
from tests.api.world_of_identity import FILLED as IDENTITY_FILLED
from tests.api.world_of_identity import provider_for
from tests.api.world_of_news import FILLED as NEWS_FILLED
from tests.api.world_of_news import article_for, new_feed, query_for
from tests.api.world_of_notices import FILLED as NOTICES_FILLED
from tests.api.world_of_notices import new_notice, new_preview, subscription_of
from tests.api.world_of_phones import FILLED as PHONES_FILLED
from tests.api.world_of_phones import new_phone, new_session
from tests.api.world_of_plans import FILLED as PLANS_FILLED
from tests.api.world_of_plans import add_plan, plan_for
from tests.api.world_of_questionnaires import FILLED as QUESTIONNAIRES_FILLED
from tests.api.world_of_questionnaires import questionnaire_for
from tests.api.world_of_staff import FILLED as STAFF_FILLED
from tests.api.world_of_staff import new_invitation, new_member
from tests.factories.municipalities import make_municipality
from tests.factories.people import PASSWORD, Person, make_resident, make_staff
from tests.factories.reports import INSIDE, make_report, photo

ROLES = (
    "nobody",
    "resident",
    "department staff",
    "dispatcher",
    "auditor",
    "map keeper",
    "administrator",
    "staff next door",
)
CATEGORIES = ("dark-lamp", "pothole", "open", "questions", "lamp-post")
ANSWERS = {"questions": {"lamps": 2, "since": "today"}}
ASSETS = {"lamp-post": {"layer": "lamp-posts", "feature": "L3"}}
GEOJSON = b'{"type": "FeatureCollection", "features": []}'
PHOTOS = [photo("red", (64, 48)), photo("blue", (48, 64))]

RULE: dict[str, Any] = dict.fromkeys(("categories", "metres", "match", "department_attribute")) | {
    "relation": "in",
    "layer": "boundary",
    "department": "roads",
}

QUERIES: dict[str, tuple[dict[str, Any], ...]] = {
    "compareVersions": ({},),
    "listSimilarReports": ({"category": "dark-lamp"} | INSIDE, {"category": "pothole"} | INSIDE),
    "listAssets": ({"layer": "lamp-posts", "near": "21.72,40.25"},),
    "listReportsOnMap": ({}, {"box": [21.7, 40.2, 21.8, 40.3]}, {"near": [21.72, 40.25]}),
} | CONVERSATIONS_QUERIES

Value = TypeVar("Value")


def pick(choices: Sequence[Value], *seed: object) -> Value:
    """One of the choices, always the same for the same seed, so that a failure can be repeated."""
    return choices[crc32(repr(seed).encode()) % len(choices)]


@dataclass
class World:
    """Who there is, and the ids of what there is in the municipality `here`."""

    app: Flask
    here: Municipality
    people: dict[str, Person]
    staff: uuid.UUID
    reports: list[uuid.UUID] = field(default_factory=list)
    shown_photo: dict[str, str] = field(default_factory=dict)
    messages: list[uuid.UUID] = field(default_factory=list)
    planned: dict[str, str] = field(default_factory=dict)
    joining: Person | None = None
    own_phone: bool = False
    articles: dict[str, dict[str, str]] = field(default_factory=dict)

    def headers(self, role: str) -> dict[str, str]:
        """What the calls of this role carry."""
        return self.people[role].headers if role in self.people else {}

    def fresh_headers(self, role: str) -> dict[str, str]:
        """The same with a token of its own, which may be lost."""
        if role not in self.people:
            return {}
        with transaction():
            given = sign_in(self.people[role].account_id)
        return {"Authorization": f"Bearer {given.token}"}

    def new_photo(self, role: str) -> str:
        """A photo that this role has just sent."""
        uploader = str(self.people[role].account) if role in self.people else "anonymous"
        kept = store_photo(self.here, uploader, PHOTOS[0], self.app.config["STORE"])
        with transaction():
            record(kept)
        return str(kept.uid)

    def new_draft(self) -> int:
        """A draft of a layer with the features of its first version."""
        with transaction():
            layer = layer_named(self.here, "lighting")
            return draft_of_version(layer, version_numbered(layer, 1)).number

    def new_follow(self) -> uuid.UUID:
        """Something that the resident follows."""
        with transaction():
            found: uuid.UUID = follow(self.here, self.people["resident"].account_id, "layer", "lamp-posts", "L3").uid
            return found

    def set_up_source(self) -> None:
        """A layer is fetched from somewhere."""
        about = {"wanted": {}, "every_seconds": 3600, "active": True, "limits": None}
        with transaction():
            layer = layer_named(self.here, "lighting")
            place = {"kind": "file", "url": "https://gis.example/areas.geojson"}
            set_source(layer, place | about, self.people["map keeper"].account_id, ())

    def new_key(self) -> uuid.UUID:
        """A key that is good."""
        with transaction():
            actor = find_caller(self.here.id, self.people["administrator"].token)
            assert actor is not None
            return make_key(self.here, actor, "A program", ["read_public"], 60, None).uid

    def new_rule(self) -> int:
        """The position of a rule that is there."""
        with transaction():
            add_rule(self.here, indexes_of(self.here), RULE | {"group_key": None}, None, version_of(self.here), 1)
            return len(rules_of(self.here))

    def new_upload(self) -> uuid.UUID:
        """An upload of a layer that waits to be read."""
        uid, file = keep_upload(self.app.config["STORE"], "a.geojson", BytesIO(GEOJSON))
        with transaction():
            layer = layer_named(self.here, "lighting")
            plan_import(self.here, layer, uid, file, "a.geojson", Asked(), self.people["map keeper"].account_id)
        return uid

    def path_of(self, asked: Mapping[str, Any], seed: Any) -> dict[str, str]:
        """What is there for the parameters of an address."""
        there = {"municipality": self.here.slug} | self.shown_photo
        if "photo" not in asked:
            there["report"] = str(pick(self.reports, seed))
        there["layer"] = "lamp-posts" if "feature" in asked else "lighting"
        there["feature"], there["form"] = "L3", "json"
        there |= dict.fromkeys(("z", "x", "y"), "0")
        if set(asked) == {"municipality", "layer"}:
            self.set_up_source()
        if "position" in asked:
            there["position"] = str(self.new_rule())
        if "upload" in asked:
            there["upload"] = str(self.new_upload())
        if "number" in asked:
            there["number"] = str(self.new_draft())
        if "api_key" in asked:
            there["api_key"] = str(self.new_key())
        if "consultation" in asked:
            there["consultation"] = str(new_consultation(self, fixed="batch" not in asked))
        if "questionnaire" in asked:
            there |= questionnaire_for(self, asked, seed if isinstance(seed, str) else next(iter(seed)))
        if "person" in asked:
            there["person"] = str(new_member(self).uid)
        if "invitation" in asked:
            there["invitation"] = str(new_invitation(self).uid)
        there["provider"] = provider_for(seed if isinstance(seed, str) else next(iter(seed)))
        if "session" in asked:
            there["session"] = str(new_session(self))
        if "installation" in asked:
            there["installation"] = str(new_phone(self))
        if "notice" in asked:
            there["notice"] = str(new_notice(self, seed if isinstance(seed, str) else next(iter(seed))).uid)
        if "token" in asked:
            there["token"] = new_preview(self)
        if "subscription" in asked:
            there["subscription"] = subscription_of(self)
        if "feed" in asked:
            there["feed"] = new_feed(self)
        if "article" in asked:
            there |= article_for(self, seed if isinstance(seed, str) else next(iter(seed)))
        there["key"] = "works"
        if "plan" in asked:
            there |= plan_for(self, seed if isinstance(seed, str) else next(iter(seed)), asked)
        there["message"] = str(pick(self.messages, seed))
        if "follow" in asked:
            there["follow"] = str(self.new_follow())
        there |= things_for(self, asked, seed if isinstance(seed, str) else next(iter(seed)))
        return {name: there.get(name, value) for name, value in asked.items()}

    def query_of(self, operation: str, query: Mapping[str, Any] | None) -> dict[str, Any]:
        """A query about places and categories that are there, from the first page on."""
        sound = pick(QUERIES.get(operation, ({},)), query)
        if operation == "deleteRule":
            sound = {"version": version_of(self.here)}
        sound = sound | query_for(self, operation)
        unfit = ("after", "box", "near", "number", "since")
        kept = {name: value for name, value in (query or {}).items() if name not in unfit}
        return kept | sound

    def body_of(self, operation: str, body: Any, role: str) -> Any:
        """The body with what is there in place of what was made up."""
        fill = FILLED.get(operation)
        return fill(self, body, role) if fill and isinstance(body, dict) else body


def make_world(app: Flask) -> World:
    """Fill the empty database."""
    here = make_municipality("here", west=21.7, south=40.2)
    next_door = make_municipality("next-door", west=21.8, south=40.2)
    alice, bob = make_resident(here), make_staff(here, "bob", [("department_staff", "lighting")])
    with transaction():
        row = session.get_one(MunicipalityRow, here.id)
        row.settings = {**row.settings, "second_step": "administrators"}
        grow(MUNICIPALITIES)
        for key in ("lamp-posts", "lighting"):
            layer_named(here, key).public = True
        grow(LAYERS)
    here = municipality("here")
    people = {
        "resident": alice,
        "department staff": bob,
        "dispatcher": make_staff(here, "dora", [("dispatcher", None)]),
        "auditor": make_staff(here, "audrey", [("auditor", None)]),
        "map keeper": make_staff(here, "kim", [("map_keeper", None)]),
        "administrator": make_staff(here, "ada", [("administrator", None)]),
        "staff next door": make_staff(next_door, "charlie", [("administrator", None)]),
    }
    world = World(app, here, people, bob.account)
    for number in range(12):
        name = CATEGORIES[number % len(CATEGORIES)]
        about = {"category": name, "answers": ANSWERS.get(name, {})}
        if name in ASSETS:
            about["asset"] = tuple(ASSETS[name].values())
        world.reports.append(make_report(here, alice if number % 3 else None, **about).uid)
    add_photo(world, make_report(here, alice, category="open").uid)
    add_plan(world)
    while expand(EVENTS):
        pass
    world.messages = list(session.scalars(select(InboxMessage.uid)))
    session.rollback()
    return world


def add_photo(world: World, report: uuid.UUID) -> None:
    """Give a report whose photos are public at once a photo."""
    kept = store_photo(world.here, "nobody", PHOTOS[1], world.app.config["STORE"])
    with transaction():
        record_attached([kept], f"report:{report}")
    world.shown_photo = {"report": str(report), "photo": str(kept.uid)}
    world.reports.append(report)


def filled_report(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    """A report of a category that there is, inside the municipality, mostly with the answers it asks for."""
    name = pick(CATEGORIES, repr(body))
    sound = {"category": name, "answers": ANSWERS.get(name, {}), "asset": ASSETS.get(name)} | INSIDE
    if pick((True, False, False), body, "as it is"):
        sound = {"category": name} | INSIDE
    return {key: value for key, value in body.items() if key not in ("id", "photos")} | sound


def filled_with_ids(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    photos = [world.new_photo(role)] if pick((True, False), body) else []
    return filled_report(world, body, role) | {"photos": photos}


def filled_with_photos(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    report = filled_report(world, {"description": "It is dark"}, role)
    return {"report": json.dumps(report), "photos": PHOTOS[: pick((0, 1, 2), body)]}


def filled_move(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"photos": [], "note": body.get("note") or "Because.", "version": None}


def filled_photo(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"photo": pick(PHOTOS, body)}


def filled_sign_in(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"email": "bob@here.example", "password": pick((PASSWORD, "wrong"), body)}


def filled_own_move(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"to": pick(("withdrawn", "closed"), body), "note": body.get("note")}


def filled_hand_over(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"department": pick(("lighting", "roads", "desk"), body)}


def filled_assignee(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"person": pick((str(world.staff), None), body)}


def filled_rule(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return RULE | {"group": None, "version": version_of(world.here)}


def filled_rule_move(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"to": 1, "version": version_of(world.here)}


def filled_switch(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"active": pick((True, False), body), "version": version_of(world.here)}


def filled_point(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"category": "dark-lamp", "rules": pick((None, [RULE]), body)} | INSIDE


def filled_points(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"points": [{"category": "dark-lamp"} | INSIDE]}


def filled_what_if(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"versions": [{"layer": "lighting", "version": 1}], "rules": pick((None, [RULE]), body)}


def filled_rerouting(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"reports": [{"id": str(pick(world.reports, body)), "version": 1, "to": "desk"}]}


def filled_layer(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"key": f"layer-{uuid.uuid4()}", "name": {"en": "Made"}}


def filled_upload(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"file": GEOJSON, "name": "a.geojson"}


def filled_source(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    """One that is never asked: nobody does the jobs of this world."""
    return body | {"kind": "file", "url": "https://gis.example/areas.geojson", "credentials": None}


def filled_draft(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"based_on": pick((1, None), body)}


def filled_publication(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return body | {"version": world.new_draft()}


def filled_follow(world: World, body: dict[str, Any], role: str) -> dict[str, Any]:
    return {"kind": "layer", "value": "lamp-posts", "part": pick((None, "L3", "gone"), body)}


FILLED: dict[str, Callable[[World, dict[str, Any], str], dict[str, Any]]] = (
    STAFF_FILLED
    | NOTICES_FILLED
    | NEWS_FILLED
    | PLANS_FILLED
    | IDENTITY_FILLED
    | PHONES_FILLED
    | CONVERSATIONS_FILLED
    | QUESTIONNAIRES_FILLED
    | {
        "sendPhoto": filled_photo,
        "sendReport": filled_with_ids,
        "sendReportWithPhotos": filled_with_photos,
        "signIn": filled_sign_in,
        "moveReport": filled_move,
        "moveMyReport": filled_own_move,
        "handOverReport": filled_hand_over,
        "assignReport": filled_assignee,
        "addRule": filled_rule,
        "replaceRule": filled_rule,
        "moveRule": filled_rule_move,
        "switchRule": filled_switch,
        "tryPoint": filled_point,
        "tryPoints": filled_points,
        "askWhatIf": filled_what_if,
        "rerouteReports": filled_rerouting,
        "makeLayer": filled_layer,
        "beginDraft": filled_draft,
        "uploadLayer": filled_upload,
        "setSource": filled_source,
        "publishVersion": filled_publication,
        "follow": filled_follow,
    }
)
"""By operation: what a body is made of that fits what there is."""
