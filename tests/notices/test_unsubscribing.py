"""Digests are ended by one click in a mail program, or by the link at the foot: without signing in, once for all."""

import re
import uuid
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.notices.letters import STOP, STOP_AT
from service.notices.preferences.models import NoticePreference
from service.notices.preferences.unsubscribe_pages import COMES, ENDED, NOBODYS
from service.notices.preferences.unsubscribing import address_of
from service.outbox.channels.email import Email, Server
from service.outbox.models import Delivery, Target
from service.outbox.sending import Sender
from service.people.session_models import AccessToken, Session
from service.personal_data.slices import Wish, erase
from service.sealing import seal
from service.text import LANGUAGES, say
from tests.factories.people import Person, give_address, make_resident
from tests.notices import test_digests as digests
from tests.notices.office import prefer
from tests.notices.test_preferences import held
from tests.outbox.mail_server import mail_server
from tests.outbox.scene import make_all_due
from tests.people.test_permissions import allowed, blocks

BODY = {"List-Unsubscribe": "One-Click"}
CHOSEN = {"digest": "daily", "reports_mail": False, "most_a_day": 3}
FORM = "application/x-www-form-urlencoded"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reader(client: FlaskClient, here: Municipality, alice: Person) -> Person:
    """Alice, who wants a digest each day, and has something to read in it."""
    give_address(here, alice, "alice@home.example")
    prefer(client, alice, **CHOSEN)
    digests.told(alice, here, "Ένα νέο", now() - 30 * MINUTE)
    return alice


def owe_mail(base: str = digests.BASE, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
    """Alice's digest is due, and owed with links below this address."""
    if monkeypatch:
        monkeypatch.setattr(digests, "BASE", base)
    digests.let_it_be_due(since=now() - 60 * MINUTE)
    assert digests.owe_digests() == 1


def sent_mails() -> list[EmailMessage]:
    """What a mail server gets of all that is owed."""
    digests.expand_all()
    with mail_server() as server:
        sender = Sender(Email(Server.from_url(server.url), "here@here.example"), "me")
        while sender.send_due():
            session.rollback()
        sender.close()
    session.rollback()
    return server.accepted


def link_in(mail: EmailMessage) -> str:
    """Where one click leads, without the base; as it stands in the mail, undecoded."""
    header = str(dict(mail.raw_items())["List-Unsubscribe"])
    found = re.fullmatch(rf"<{re.escape(digests.BASE)}(/api/v1/here/unsubscribe/[\w=-]+)>", header, re.ASCII)
    assert found, header
    return found[1]


def kept() -> list[tuple[str, ...]]:
    """Every preference as it stands."""
    session.rollback()
    return [tuple(map(str, row)) for row in session.execute(select(NoticePreference.__table__))]


def click(client: FlaskClient, address: str, kind: str = "multipart/form-data") -> TestResponse:
    """What a mail provider does: no cookie, no token, nothing but the body."""
    return client.post(address, data=BODY, content_type=kind)


def signed_in() -> tuple[int | None, int | None]:
    """How many sessions and tokens there are."""
    session.rollback()
    return session.scalar(select(func.count(Session.id))), session.scalar(select(func.count(AccessToken.id)))


def digest_of(who: Person) -> str | None:
    session.rollback()
    return session.scalar(select(NoticePreference.digest).filter_by(account_id=who.account_id))


def test_each_digest_says_how_to_end_it_in_its_headers_and_at_its_foot(reader: Person) -> None:
    owe_mail()
    (mail,) = sent_mails()
    address = digests.BASE + link_in(mail)
    assert str(dict(mail.raw_items())["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    plain, rich = (part.get_content() for part in mail.iter_parts())
    assert plain.splitlines()[-1] == say("el", STOP_AT, address=address) != say("en", STOP_AT, address=address)
    (link,) = html.fromstring(rich).xpath(f"//a[@href='{address}']")
    assert link.text == say("el", STOP) != STOP


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8000", "http://here.example", "https://localhost:8443", "https://δήμος.example"]
)
def test_where_providers_cannot_post_the_link_stands_at_the_foot_alone(
    reader: Person, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe_mail(base, monkeypatch)
    (mail,) = sent_mails()
    assert not [name for name, _ in mail.raw_items() if name.lower().startswith("list-")]
    plain, rich = (part.get_content() for part in mail.iter_parts())
    assert f"{base}/api/v1/here/unsubscribe/" in plain.splitlines()[-1]
    assert html.fromstring(rich).xpath(f"//a[starts-with(@href, '{base}/api/v1/here/unsubscribe/')]")


def test_the_address_names_nobody_and_is_another_one_in_each_mail(reader: Person) -> None:
    links = []
    for _ in range(2):
        owe_mail()
        (mail,) = sent_mails()
        links.append(link_in(mail))
    assert links[0] != links[1]
    for link in links:
        personal = (reader.account.hex, str(reader.account), "alice", "home.example")
        assert not [word for word in personal if word in link.lower()]


@pytest.mark.parametrize("kind", ["multipart/form-data", FORM])
def test_one_click_ends_digests_and_nothing_else(
    client: FlaskClient, here: Municipality, reader: Person, kind: str
) -> None:
    owe_mail()
    (mail,) = sent_mails()
    other = make_resident(here)
    prefer(client, other, digest="weekly")
    before = signed_in()
    done = click(client, link_in(mail), kind)
    assert (done.status_code, done.json) == (200, {"digest": "never"}), done.text
    assert "Set-Cookie" not in done.headers and "no-store" in done.headers["Cache-Control"]
    shown = client.get("/api/v1/here/me/notices", headers=reader.headers).json
    assert {name: shown[name] for name in CHOSEN} == CHOSEN | {"digest": "never"}
    assert digest_of(other) == "weekly"
    assert session.scalars(select(NoticePreference.digest_due_at).filter_by(digest="never")).all() == [None]
    now_kept = kept()
    assert click(client, link_in(mail), kind).json == {"digest": "never"} and kept() == now_kept, "done again"
    assert signed_in() == before
    digests.let_it_be_due(since=now() - 60 * MINUTE)
    assert digests.owe_digests() == 1, "to the other one alone"
    assert sent_mails() == []


def test_an_old_mail_ends_what_was_begun_again(client: FlaskClient, here: Municipality, reader: Person) -> None:
    old = address_of(here, reader.account)
    click(client, old)
    prefer(client, reader, digest="weekly")
    assert click(client, old).status_code == 200 and digest_of(reader) == "never"


def test_who_has_chosen_nothing_gets_nothing_and_may_say_so(client: FlaskClient, here: Municipality) -> None:
    address = address_of(here, make_resident(here).account)
    assert client.get(address).json == click(client, address).json == {"digest": "never"} and kept() == []


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"List-Unsubscribe": "one click"}},
        {"data": {"List-Unsubscribe": ""}, "content_type": "multipart/form-data"},
        {"data": {"list-unsubscribe": "One-Click"}},
        {"json": BODY},
        {"query_string": BODY},
        {"data": b"List-Unsubscribe=One-Click", "content_type": "text/plain"},
    ],
)
def test_nothing_but_what_the_standard_says_ends_them(
    client: FlaskClient, here: Municipality, reader: Person, sent: dict[str, object]
) -> None:
    refused = client.post(address_of(here, reader.account), **sent)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json["code"]) == (422, "fields_not_valid")
    assert digest_of(reader) == "daily"


def test_a_body_that_is_too_long_is_not_read(client: FlaskClient, here: Municipality, reader: Person) -> None:
    long = {"List-Unsubscribe": "One-Click" * 5000}
    refused = client.post(address_of(here, reader.account), data=long, content_type="multipart/form-data")
    assert (refused.status_code, digest_of(reader)) == (413, "daily")


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_opens_the_link_gets_a_page_with_one_button_and_nothing_changes(
    client: FlaskClient, here: Municipality, reader: Person, language: str
) -> None:
    address, before = address_of(here, reader.account), kept()
    asked = BROWSER | {"Accept-Language": language}
    answers = [client.open(address, method=method, headers=asked) for method in ("GET", "HEAD", "GET")]
    assert [one.status_code for one in answers] == [200] * 3 and kept() == before, "programs open every link"
    page = html.fromstring(answers[0].text)
    assert page.get("lang") == language and say(language, COMES) in answers[0].text
    (form,) = page.forms
    assert form.method == "POST" and form.action is None and dict(form.form_values()) == BODY
    assert page.xpath("//button/text()") == [say(language, STOP)]
    policy = answers[0].headers["Content-Security-Policy"]
    assert allowed(policy, "form-action") == {"'self'"} and allowed(policy, "default-src") == {"'none'"}
    assert "script" not in answers[0].text and not blocks(answers[0].text, "script") and "noindex" in answers[0].text
    pressed = client.post(address, data=dict(form.form_values()), content_type=FORM, headers=asked)
    assert pressed.status_code == 200 and digest_of(reader) == "never"
    for answer in (pressed, client.get(address, headers=asked)):
        assert say(language, ENDED) in answer.text and not html.fromstring(answer.text).forms


def unknown_tokens(here: Municipality, who: Person) -> list[str]:
    """What is no token of somebody who is here."""
    good = address_of(here, who.account).rpartition("/")[2]
    sealed = [f"other {who.account.hex}", who.account.hex, "end digests", f"end digests {uuid.uuid4().hex}"]
    spoilt = [good[:-1], good[:40], good.swapcase(), "α" + good, "%00", "a" * 140, str(who.account)]
    return [*map(seal, sealed), *spoilt]


def test_a_token_of_nobody_here_is_told_so_plainly(
    client: FlaskClient, here: Municipality, next_door: Municipality, reader: Person
) -> None:
    before = kept()
    addresses = [f"/api/v1/here/unsubscribe/{token}" for token in unknown_tokens(here, reader)]
    addresses.append(address_of(here, reader.account).replace("/here/", "/next-door/"))
    for address in addresses:
        for answer in (client.get(address), click(client, address)):
            assert (answer.status_code, answer.json["code"]) == (404, "not_found"), address
        for answer in (client.get(address, headers=BROWSER), client.post(address, data=BODY, headers=BROWSER)):
            assert answer.status_code == 404 and "<form" not in answer.text, address
            assert say("el", NOBODYS) in answer.text
    assert kept() == before


def test_who_is_erased_leaves_a_link_that_is_nobodys(client: FlaskClient, here: Municipality, reader: Person) -> None:
    address = address_of(here, reader.account)
    with transaction():
        erase(here, held(reader), Wish())
    session.rollback()
    assert client.get(address).status_code == click(client, address).status_code == 404


def test_links_outlive_a_new_key(app: Flask, client: FlaskClient, here: Municipality, reader: Person) -> None:
    before, address = app.config["SECRET_KEYS"], address_of(here, reader.account)
    try:
        app.config["SECRET_KEYS"] = ("another key that has enough of characters", *before)
        assert click(client, address).json == {"digest": "never"}
        app.config["SECRET_KEYS"] = ("another key that has enough of characters",)
        assert client.get(address).status_code == 404
    finally:
        app.config["SECRET_KEYS"] = before


@pytest.mark.parametrize("worded", [True, False])
@pytest.mark.parametrize("by", ["click", "app"])
def test_what_waits_is_not_sent_any_more(
    client: FlaskClient, here: Municipality, reader: Person, worded: bool, by: str
) -> None:
    owe_mail()
    if worded:
        digests.expand_all()
    if by == "click":
        click(client, address_of(here, reader.account))
    else:
        prefer(client, reader, digest="never")
    make_all_due()
    assert sent_mails() == []
    states = select(Delivery.state).join(Target, Target.id == Delivery.target_id).where(Target.channel == "email")
    assert session.scalars(states).all() == (["cancelled"] if worded else [])
