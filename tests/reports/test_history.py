"""History is added to, never edited; its digests prove the texts beside it, and outlive them."""

from flask.testing import FlaskClient
from sqlalchemy import delete, select

from service.db import session, transaction
from service.municipalities.directory import Municipality
from service.reports.history import text_digest
from service.reports.models import ReportEntry, ReportText
from tests.factories.people import Person
from tests.factories.reports import make_report
from tests.reports.scene import move, see, see_as_staff


def proven(entry: ReportEntry, text: ReportText) -> bool:
    return entry.text_digest == text_digest(text.salt, text.public, text.internal)


def test_the_digest_of_an_entry_proves_its_texts(client: FlaskClient, here: Municipality, bob: Person) -> None:
    report = make_report(here)
    for number, texts in enumerate(({"note": "Seen"}, {"internal": "Ours"}, {"note": "Λύθηκε", "internal": "Ours"})):
        move(client, bob, report.uid, ("acknowledged", "in_progress", "resolved")[number], **texts)
    session.rollback()
    found = session.execute(select(ReportEntry, ReportText).join(ReportText, ReportText.entry_id == ReportEntry.id))
    pairs = [(entry, text) for entry, text in found]
    assert len(pairs) == 3 and all(proven(entry, text) for entry, text in pairs)
    for entry, text in pairs:
        text.public = f"{text.public}!"
        assert not proven(entry, text)
    session.rollback()


def test_no_two_salts_are_alike(client: FlaskClient, here: Municipality, bob: Person) -> None:
    for report in (make_report(here), make_report(here)):
        move(client, bob, report.uid, "acknowledged", note="The same words")
    session.rollback()
    digests = session.scalars(select(ReportEntry.text_digest).where(ReportEntry.text_digest.is_not(None))).all()
    assert len(set(digests)) == 2


def test_words_cannot_wander_between_the_public_and_the_internal_text() -> None:
    salt = b"s" * 16
    digests = {
        text_digest(salt, public, internal)
        for public, internal in (("ab", "c"), ("a", "bc"), ("abc", None), (None, "abc"), ("abc", ""))
    }
    assert len(digests) == 5


def test_history_stays_whole_when_a_text_is_erased(
    client: FlaskClient, here: Municipality, alice: Person, bob: Person
) -> None:
    report = make_report(here, alice)
    move(client, bob, report.uid, "acknowledged", note="Name and address of a person")
    session.rollback()
    before = session.execute(select(ReportEntry.__table__).order_by(ReportEntry.version)).all()
    with transaction():
        session.execute(delete(ReportText))
    after = session.execute(select(ReportEntry.__table__).order_by(ReportEntry.version)).all()
    assert after == before and before[1].text_digest is not None
    for shown in (see(client, report.uid), see(client, report.uid, alice), see_as_staff(client, report.uid, bob)):
        assert [step["state"] for step in shown.json["timeline"]] == ["received", "acknowledged"]
        assert shown.json["timeline"][1]["note"] is None


def test_an_entry_without_texts_has_no_digest(here: Municipality) -> None:
    make_report(here)
    entry = session.scalars(select(ReportEntry)).one()
    assert entry.text_digest is None and session.scalars(select(ReportText)).all() == []
