"""A photo is kept, then recorded, then attached once, by who sent it."""

import threading
import uuid

import pytest
from flask import Flask

from service.db import session, transaction
from service.media.attaching import PhotoNotFound, attach, record, record_attached, store_photo
from service.media.decoding import PhotoDamaged
from service.media.finding import find_photo, photos_named, photos_of, read_rendition
from service.media.limits import PhotoLimits
from service.media.models import Attachment
from service.media.preparing import prepare
from service.media.renditions import Rendition, key_of
from service.municipalities.directory import Municipality
from service.storage.keeping import FileNotKept, Store
from tests.databases import watched
from tests.media.scene import ALICE, BOB, PHOTO, a_photo, a_report, a_row


def test_the_files_are_there_before_the_row_is(here: Municipality, store: Store) -> None:
    kept = store_photo(here, ALICE, PHOTO, store, alt="A dark lamp-post")
    with pytest.raises(PhotoNotFound):
        find_photo(here, kept.uid)
    assert {key for key, _, _ in store.keys_with_age()} == {key_of(here.slug, kept.uid, size) for size in Rendition}
    with transaction():
        record(kept)
    photo = find_photo(here, kept.uid)
    assert (photo.width, photo.height, photo.alt) == (1600, 1200, "A dark lamp-post")
    assert (photo.sha256, photo.uploaded_by, photo.owner) == (prepare(PHOTO).sha256, ALICE, None)


def test_every_rendition_can_be_read(here: Municipality, store: Store) -> None:
    photo, prepared = a_photo(here, store), prepare(PHOTO)
    for size, file in prepared.renditions.items():
        assert read_rendition(here, photo.uid, size, store) == file
    assert photo.bytes == len(prepared.renditions[Rendition.LARGE])


def test_a_refused_photo_leaves_no_file(here: Municipality, store: Store) -> None:
    with pytest.raises(PhotoDamaged):
        store_photo(here, ALICE, PHOTO[:2000], store)
    with pytest.raises(Exception, match="photo_too_large"):
        store_photo(here, ALICE, PHOTO, store, limits=PhotoLimits(bytes=10))
    assert not list(store.keys_with_age())


def test_a_store_that_lost_a_file_says_so(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    store.delete(key_of(here.slug, photo.uid, Rendition.SMALL))
    with pytest.raises(FileNotKept):
        read_rendition(here, photo.uid, Rendition.SMALL, store)


def test_photos_keep_the_order_in_which_they_were_given(here: Municipality) -> None:
    uids, report = [a_row(here) for _ in range(5)], a_report()
    given = [uids[place] for place in (3, 0, 4, 1, 2)]
    with transaction():
        assert [photo.uid for photo in attach(here, given, report, ALICE)] == given
    assert [photo.uid for photo in photos_of(here, [report])[report]] == given


def test_what_is_attached_later_comes_later(here: Municipality) -> None:
    first, second, report = a_row(here), a_row(here), a_report()
    for uid in (second, first):
        with transaction():
            attach(here, [uid], report, ALICE)
    assert [photo.uid for photo in photos_of(here, [report])[report]] == [second, first]


def test_naming_a_photo_twice_attaches_it_once(here: Municipality) -> None:
    uid, report = a_row(here), a_report()
    with transaction():
        assert len(attach(here, [uid, uid], report, ALICE)) == 1


def test_attaching_nothing_is_nothing(here: Municipality) -> None:
    with transaction():
        assert attach(here, [], a_report(), ALICE) == []


def test_what_was_read_before_shows_its_owner_after(here: Municipality) -> None:
    uid, report = a_row(here), a_report()
    before = find_photo(here, uid)
    with transaction():
        [after] = attach(here, [uid], report, ALICE)
    assert after.owner == report
    assert after.attached_at
    assert before.owner in {None, report}


def refuse(here: Municipality, uids: list[uuid.UUID], uploaded_by: str = ALICE) -> PhotoNotFound:
    with pytest.raises(PhotoNotFound) as refusal, transaction():
        attach(here, uids, a_report(), uploaded_by)
    return refusal.value


def test_a_photo_that_does_not_exist_cannot_be_attached_and_takes_the_others_with_it(here: Municipality) -> None:
    mine, nothing = a_row(here), uuid.uuid4()
    refusal = refuse(here, [mine, nothing])
    assert (refusal.status, refusal.code, refusal.details) == (404, "photo_not_found", {"missing": [str(nothing)]})
    assert find_photo(here, mine).owner is None


def test_bob_cannot_attach_what_alice_sent(here: Municipality) -> None:
    refuse(here, [a_row(here)], BOB)


def test_a_photo_cannot_be_attached_next_door(here: Municipality, next_door: Municipality) -> None:
    refuse(next_door, [a_row(here)])


def test_a_photo_is_attached_once(here: Municipality) -> None:
    uid = a_row(here)
    with transaction():
        attach(here, [uid], a_report(), ALICE)
    refuse(here, [uid])


def test_the_neighbour_sees_no_photo_of_ours(here: Municipality, next_door: Municipality) -> None:
    uid, report = a_row(here), a_report()
    with transaction():
        attach(here, [uid], report, ALICE)
    assert photos_of(next_door, [report]) == {report: []}
    with pytest.raises(PhotoNotFound):
        find_photo(next_door, uid)


def test_photos_of_many_reports_come_in_one_statement(here: Municipality) -> None:
    reports = [a_report() for _ in range(20)]
    for report in reports[:-1]:
        uids = [a_row(here), a_row(here)]
        with transaction():
            attach(here, uids, report, ALICE)
    assert statements(lambda: photos_of(here, reports)) == 1
    found = photos_of(here, reports)
    assert list(found) == reports
    assert [len(photos) for photos in found.values()] == [2] * 19 + [0]
    assert photos_of(here, []) == {}


def test_attaching_is_one_statement(here: Municipality) -> None:
    uids = [a_row(here) for _ in range(4)]
    with transaction():
        assert statements(lambda: attach(here, uids, a_report(), ALICE)) == 1


def test_photos_that_came_with_their_report_are_recorded_attached_in_one_statement(
    here: Municipality, store: Store
) -> None:
    kept = [store_photo(here, ALICE, PHOTO, store) for _ in range(3)]
    report = a_report()
    with transaction():
        assert statements(lambda: record_attached(kept, report)) == 1
    photos = photos_of(here, [report])[report]
    assert [photo.uid for photo in photos] == [photo.uid for photo in kept]
    named = photos_named(here, [photo.uid for photo in kept])
    assert [named[photo.uid].sha256 for photo in kept] == [photo.sha256 for photo in kept]
    refuse(here, [kept[0].uid])


def test_photos_are_named_in_this_municipality_alone(here: Municipality, next_door: Municipality) -> None:
    uid = a_row(here)
    assert {name: photo.sha256 for name, photo in photos_named(here, [uid, uuid.uuid4()]).items()} == {uid: "00"}
    assert photos_named(next_door, [uid]) == photos_named(here, []) == {}


def statements(work: object) -> int:
    """How many statements the work sends to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    with watched("before_cursor_execute", note):
        work()  # type: ignore[operator]
    return len(sent)


def test_of_many_reports_that_want_the_same_photo_at_once_one_gets_it(app: Flask, here: Municipality) -> None:
    uid, outcomes, start = a_row(here), [], threading.Barrier(6)
    session.rollback()

    def try_it() -> None:
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    attach(here, [uid], a_report(), ALICE)
                outcomes.append("attached")
            except PhotoNotFound:
                outcomes.append("refused")

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["attached"] + ["refused"] * 5


def test_a_row_says_whose_it_is(here: Municipality) -> None:
    uid = a_row(here)
    assert session.query(Attachment).filter_by(uid=uid).one().municipality_id == here.id
