"""What no committed row names goes, once it is old; what a row names stays, whatever is killed when."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from service.db import session, transaction
from service.db.clock import now
from service.media import sweeping
from service.media.attaching import PhotoNotFound, attach, store_photo
from service.media.finding import find_photo, read_rendition
from service.media.models import Attachment
from service.media.renditions import Rendition, key_of, uid_in
from service.media.sweeping import Swept, drop_unattached, sweep
from service.municipalities.directory import Municipality
from service.storage.keeping import Store
from tests.media.scene import ALICE, PHOTO, a_photo, a_report

DAY = timedelta(hours=24)


def make_old(store: Store, *photos: Attachment, days: int = 3) -> None:
    """As if all files, and these rows, had been written some days ago."""
    assert store.folder
    for path in store.folder.rglob("*.jpg*"):
        os.utime(path, (time.time() - days * 86400,) * 2)
    with transaction():
        session.execute(
            update(Attachment)
            .where(Attachment.id.in_([photo.id for photo in photos]))
            .values(created_at=now() - timedelta(days=days))
        )


def files_of(store: Store, uid: uuid.UUID) -> int:
    return sum(uid_in(key) == uid for key, _, _ in store.keys_with_age())


def test_an_attached_photo_stays_however_old_it_is(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    with transaction():
        attach(here, [photo.uid], a_report(), ALICE)
    make_old(store, photo, days=3000)
    sweep(store, DAY)
    assert all(read_rendition(here, find_photo(here, photo.uid).uid, size, store) for size in Rendition)


def test_a_photo_that_was_never_attached_goes_with_its_files(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    uid = photo.uid
    make_old(store, photo)
    assert sweep(store, DAY) == Swept(rows=1, files=3, partials=0)
    assert files_of(store, uid) == 0
    with pytest.raises(PhotoNotFound):
        find_photo(here, uid)


def test_a_young_photo_may_still_be_attached(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    sweep(store, DAY)
    assert files_of(store, photo.uid) == 3
    with transaction():
        assert attach(here, [photo.uid], a_report(), ALICE)


def test_files_without_a_row_go_when_they_are_old_and_not_before(here: Municipality, store: Store) -> None:
    kept = store_photo(here, ALICE, PHOTO, store)
    assert sweep(store, DAY).files == 0
    make_old(store)
    assert sweep(store, DAY).files == 3
    assert files_of(store, kept.uid) == 0
    assert sweep(store, DAY).files == 0


def test_killed_between_row_and_files_the_next_sweep_takes_the_files(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    uid = photo.uid
    make_old(store, photo)
    assert drop_unattached(now() - DAY) == 1
    assert files_of(store, uid) == 3
    sweep(store, DAY)
    assert files_of(store, uid) == 0


def test_killed_between_the_files_of_a_photo_nothing_is_left_or_named(here: Municipality, store: Store) -> None:
    kept = store_photo(here, ALICE, PHOTO, store)
    store.delete(key_of(here.slug, kept.uid, Rendition.SMALL))
    make_old(store)
    assert sweep(store, DAY).files == 2


def test_files_that_are_no_photos_of_ours_are_left_alone(here: Municipality, store: Store) -> None:
    others = ["layers/kozani.gpkg", f"kozani/{uuid.uuid4()}/original.jpg", "kozani/report/large.jpg"]
    for key in others:
        store.keep(key, b"x")
    make_old(store)
    assert store.folder
    for path in store.folder.rglob("*"):
        os.utime(path, (0, 0))
    sweep(store, DAY)
    assert {key for key, _, _ in store.keys_with_age()} == set(others)


def test_half_written_files_go_too(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    assert store.folder
    half = Path(store.folder) / here.slug / str(photo.uid) / "large.jpg#1"
    half.write_bytes(PHOTO[:100])
    assert sweep(store, DAY).partials == 0
    make_old(store)
    assert sweep(store, DAY).partials == 1
    assert files_of(store, photo.uid) == 3


def test_more_than_one_part_is_swept(here: Municipality, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "AT_A_TIME", 2)
    lost = [store_photo(here, ALICE, PHOTO, store) for _ in range(3)]
    unattached, attached = ([a_photo(here, store) for _ in range(3)], a_photo(here, store))
    with transaction():
        attach(here, [attached.uid], a_report(), ALICE)
    gone = [photo.uid for photo in lost] + [photo.uid for photo in unattached]
    make_old(store, *unattached, attached)
    assert sweep(store, DAY) == Swept(rows=3, files=18, partials=0)
    assert files_of(store, attached.uid) == 3
    assert not any(files_of(store, uid) for uid in gone)


def test_attached_while_the_sweep_runs_it_stays(here: Municipality, store: Store) -> None:
    photo = a_photo(here, store)
    make_old(store, photo)
    with transaction():
        attach(here, [photo.uid], a_report(), ALICE)
    assert drop_unattached(now() - DAY) == 0
    sweep(store, DAY)
    assert files_of(store, photo.uid) == 3
