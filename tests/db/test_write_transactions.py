"""SQLite has one writer: nothing that takes its time happens while a write transaction is open.

Every call of Python and of C is watched while `service.db.writing` is set, through the journeys of a report.
"""

import io
import json
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from service.consultation.questionnaires.models import Questionnaire
from service.db import session, transaction, writing
from service.db.clock import now
from service.db.keys import new_uid
from service.gis.comparisons import COMPARE_GROUND
from service.gis.drafting import draft_of_version, layer_named, version_numbered
from service.gis.examining import Asked
from service.gis.scheduling import PUBLISH_DRAFT, publish
from service.gis.sourcing import set_source
from service.gis.uploading import keep_upload, plan_import
from service.housekeeping import plan_recurring
from service.jobs.planning import plan
from service.jobs.working import work_one
from service.media.attaching import record, store_photo
from service.municipalities.directory import Municipality
from service.news.content import Written
from service.news.moving import PUBLISH_ARTICLE
from service.news.shelving import EXPIRE_ARTICLE, put_up
from service.news.sourcing import add_source
from service.news.states import PUBLISHED, SCHEDULED
from service.news.writing import add_version, begin
from service.notices.office.deciding import CLEAR_NOTICE, SEND_NOTICE
from service.outbox.channels.push import Push, made_up_service_account
from service.outbox.expanding import expand
from service.outbox.loopback_fcm import running
from service.outbox.models import Delivery
from service.outbox.sending import Sender
from service.people.contacts.joining import JOIN_ACCOUNTS
from service.people.signing_in import hash_password
from service.plans import uploading as plan_uploading
from service.plans.applying import apply, propose
from service.plans.canonical import canonical
from service.plans.exporting import FOLDER, WRITE_PLAN_FILE
from service.storage.keeping import Store
from service.worker import EVENTS, JOBS
from tests.consultation.questioning import new_questionnaire
from tests.consultation.votes import an_overdue_vote
from tests.factories.jobs import make_due
from tests.factories.people import PASSWORD, SECRET, Person, make_resident, make_staff
from tests.factories.reports import photo, send_report, send_whole
from tests.plan_files.books import EMPTY

SLOW_PACKAGES = {
    "PIL": "decodes a picture",
    "pillow_heif": "decodes a picture",
    "argon2": "hashes a password",
    "obstore": "writes a file",
    "firebase_admin": "waits for a network",
    "requests": "waits for a network",
    "urllib3": "waits for a network",
    "smtplib": "waits for a network",
}
SLOW_CALLS = {
    ("time", "sleep"): "sleeps",
    ("socket", "connect"): "waits for a network",
    ("socket", "sendall"): "waits for a network",
    ("posix", "fsync"): "writes a file",
    ("posix", "rename"): "writes a file",
    ("posix", "mkdir"): "writes a file",
    ("posix", "unlink"): "writes a file",
}
WRITING_MODES = set("wax+")


class Watch:
    """What was done while a write transaction was open that should not have been, in sentences."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.entered = 0

    @property
    def transactions(self) -> int:
        """How many there were; the generator behind each is entered at its begin and at its end."""
        return self.entered // 2

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        """A profile function, as sys.setprofile takes it."""
        if event == "call" and frame.f_code is TRANSACTION:
            self.entered += 1
        if not event.endswith("call") or not writing.get():
            return
        fault = slow_frame(frame) if event == "call" else slow_builtin(called)
        if fault:
            self.seen.append(f"{fault} ({frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name})")

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook: files that are opened to be written."""
        if event == "open" and writing.get() and WRITING_MODES & set(str(arguments[1] or "")):
            self.seen.append(f"writes a file ({arguments[0]})")


TRANSACTION = transaction.__wrapped__.__code__  # type: ignore[attr-defined]
watching: list[Watch] = []


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """The audit hook; it can never be removed, so it asks who is watching."""
    for watch in watching:
        watch.hear(event, arguments)


sys.addaudithook(hear)


def slow_frame(frame: FrameType) -> str | None:
    return SLOW_PACKAGES.get(str(frame.f_globals.get("__name__")).split(".")[0])


def slow_builtin(called: Any) -> str | None:
    """Of a function of C: by its package, or by its own module and name."""
    owner = getattr(called, "__self__", None)
    module = getattr(called, "__module__", None) or type(owner).__module__
    name = getattr(called, "__name__", "")
    return SLOW_PACKAGES.get(str(module).split(".")[0].lstrip("_")) or SLOW_CALLS.get((module, name))


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch this thread and those that it starts."""
    watch = Watch()
    watching.append(watch)
    before = sys.getprofile()
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        yield watch
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
        watching.remove(watch)


@pytest.fixture
def store(client: FlaskClient) -> Store:
    found: Store = client.application.config["STORE"]
    return found


def connect_somewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


SLOW_THINGS: dict[str, Callable[[Path, Store], object]] = {
    "decodes a picture": lambda folder, _: Image.open(folder / "photo.jpg").load(),
    "hashes a password": lambda *_: hash_password(PASSWORD),
    "writes a file": lambda folder, _: (folder / "text").write_text("text"),
    "writes a file into the store": lambda _, store: store.keep("here/a.jpg", b"content"),
    "waits for a network": lambda *_: connect_somewhere(),
    "sleeps": lambda *_: time.sleep(0.001),
}


@pytest.mark.parametrize("what", SLOW_THINGS)
def test_what_takes_its_time_inside_a_transaction_is_noticed(store: Store, tmp_path: Path, what: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo())
    with watched() as watch:
        SLOW_THINGS[what](tmp_path, store)
        assert watch.seen == [], "outside a transaction it is nobody's business"
        with transaction():
            SLOW_THINGS[what](tmp_path, store)
    assert any(what.startswith(seen.partition(" (")[0]) for seen in watch.seen), watch.seen


def test_a_report_comes_in_and_is_seen_to(client: FlaskClient, here: Municipality, alice: Person, bob: Person) -> None:
    with watched() as watch:
        whole = send_whole(client, [photo("red"), photo("blue")], who=alice)
        uploaded = upload(client, alice)
        apart = send_report(client, who=alice, photos=[uploaded])
        repair = upload(client, bob)
        moved = client.post(
            f"/api/v1/here/staff/reports/{apart.json['id']}/moves",
            json={"to": "resolved", "note": "It shines again", "photos": [repair]},
            headers=bob.headers,
        )
        back = client.post(
            f"/api/v1/here/my/reports/{apart.json['id']}/moves", json={"to": "acknowledged"}, headers=alice.headers
        )
    assert [answer.status_code for answer in (whole, apart, moved, back)] == [201, 201, 200, 200], moved.json
    assert watch.transactions == 6
    assert watch.seen == []


def upload(client: FlaskClient, who: Person) -> str:

    data = {"photo": (io.BytesIO(photo("green")), "photo.jpg")}
    answer = client.post("/api/v1/here/photos", data=data, headers=who.headers)
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def test_people_register_sign_in_and_change_what_is_theirs(client: FlaskClient, here: Municipality) -> None:
    make_staff(here, "bob", [("dispatcher", None)])
    phone = {"installation": str(uuid.uuid4()), "secret": SECRET, "platform": "ios", "app_version": "1.0"}
    with watched() as watch:
        given = client.post("/api/v1/here/devices", json=phone)
        headers = {"Authorization": f"Bearer {given.json['token']}"}
        target = client.put("/api/v1/here/me/push-target", json={"kind": "token", "value": "a-phone"}, headers=headers)
        changed = client.patch("/api/v1/here/me", json={"language": "en"}, headers=headers)
        staff = client.post("/api/v1/here/sign-in", json={"email": "bob@here.example", "password": PASSWORD})
        out = client.post("/api/v1/here/sign-out", headers=headers)
    assert [answer.status_code for answer in (given, target, changed, staff, out)] == [201, 204, 200, 201, 204]
    assert watch.transactions == 5
    assert watch.seen == []


def test_a_worker_tells_people_and_does_its_jobs(
    client: FlaskClient, here: Municipality, alice: Person, store: Store
) -> None:
    leave_a_photo_behind(here, store)
    change_a_layer(here, store)
    with transaction():
        plan(
            COMPARE_GROUND,
            "lamp-posts",
            payload={"version": 1, "against": None, "least": 1.0, "bounded": True},
            municipality_id=here.id,
        )
    have_plan_files(here, store)
    send_report(client, who=alice)
    plan_news(here)
    copied, gone = make_resident(here), make_resident(here)
    assert client.post("/api/v1/here/me/copy", headers=copied.headers).status_code == 202
    meant = {"account": str(gone.account), "secret": SECRET}
    erased = client.post("/api/v1/here/me/erasure", json=meant, headers=gone.headers)
    assert erased.status_code == 201
    joined = {"from": alice.account_id, "to": make_resident(here).account_id}
    olga = make_staff(here, "olga", [("consultation_manager", None)])
    asked = f"/api/v1/here/questionnaires/{new_questionnaire(here, olga).uid}/answers"
    assert client.put(asked, json={"answers": {"more": "Benches"}}, headers=alice.headers).status_code == 200
    an_overdue_vote(here, olga)
    with transaction():
        plan_recurring()
        plan(JOIN_ACCOUNTS, "alice", payload=joined, municipality_id=here.id)
        plan(SEND_NOTICE, "1", payload={"notice": str(new_uid()), "version": 1}, municipality_id=here.id)
        plan(CLEAR_NOTICE, "1", payload={"events": [1]}, municipality_id=here.id)
    with running() as fcm:
        push = Push(made_up_service_account(fcm.url), threads=2, loopback=fcm.url)
        with watched() as watch:
            sender = Sender(push, "a worker")
            while expand(EVENTS):
                pass
            assert sender.send_due() == 1
            done = 0
            while work_one(JOBS, "a worker"):
                done += 1
            sender.close()
        push.close()
        assert len(fcm.accepted) == 1
    assert done == len(JOBS) + 1, "two votes are over"
    assert session.scalars(select(Questionnaire.counted_at)).one() is not None
    assert session.scalar(Delivery.__table__.select().where(Delivery.state == "sent")) is not None
    assert watch.transactions > done
    assert watch.seen == []


def plan_news(here: Municipality) -> None:
    """An article is due to be published, one to be taken down, and a feed to be read, which is refused."""
    lists: dict[str, Any] = {"categories": [], "districts": [], "links": [], "pictures": [], "expires_at": None}
    texts: dict[str, Any] = {"main_language": "en", "title": {"en": "News"}, "summary": {}, "facts": {}}
    about = {"language": "en", "categories": [], "publishes": True, "every_seconds": 3600}
    with transaction():
        add_source(here, {"url": "http://127.0.0.1:1/"} | about, None, ("127.0.0.1",))
        for state, kind in ((SCHEDULED, PUBLISH_ARTICLE), (PUBLISHED, EXPIRE_ARTICLE)):
            article = begin(here, "news")
            version = add_version(here, article, Written(texts | lists, {"en": "Text"}), None)
            if state == PUBLISHED:
                put_up(here, article, version)
            at = article.publish_at = article.expires_at = now() - timedelta(seconds=1)
            article.state = state
            payload = {"article": article.id, "number": 1, "at": at.isoformat(), "tell": True}
            plan(kind, str(article.id), at, payload, None, here.id)


def have_plan_files(here: Municipality, store: Store) -> None:
    """A file of a plan is to be read, another one to be made."""
    proposal = propose(here, EMPTY)
    uid, file = plan_uploading.keep_upload(store, "plan.json", io.BytesIO(canonical(EMPTY)))
    with transaction():
        version = apply(here, proposal)
        plan_uploading.plan_reading(here, EMPTY.key, uid, file, "plan.json", plan_uploading.Asked("el"))
        wanted = {"format": "pdf", "language": "el", "address": "http://here.example", "is_public": False}
        named = {"plan": version.plan_id, "version": version.id}
        plan(WRITE_PLAN_FILE, f"{FOLDER}/any-el.pdf", payload=wanted | named, municipality_id=here.id)


def change_a_layer(here: Municipality, store: Store) -> None:
    """A file is to be read into a draft, another draft is to be published, and a source to be asked."""
    content = {
        "type": "Feature",
        "properties": {"key": "one"},
        "geometry": {"type": "Point", "coordinates": [21.7, 40.2]},
    }
    uid, file = keep_upload(store, "lamp-posts.geojson", io.BytesIO(json.dumps(content).encode()))
    at = now() + timedelta(hours=1)
    with transaction():
        layer = layer_named(here, "lamp-posts")
        plan_import(here, layer, uid, file, "lamp-posts.geojson", Asked(), 1)
        publish(layer, draft_of_version(layer, version_numbered(layer, 1)), 1, "Moved", at)
        about = {"wanted": {}, "every_seconds": 3600, "active": True, "limits": None}
        set_source(layer, {"kind": "file", "url": "http://localhost:9/a.geojson"} | about, 1, ())
    make_due(PUBLISH_DRAFT)


def leave_a_photo_behind(here: Municipality, store: Store) -> None:
    """The sweep has a row and files to delete."""
    kept = store_photo(here, "somebody", photo(), store)
    with transaction():
        record(kept).created_at = now() - timedelta(days=2)
