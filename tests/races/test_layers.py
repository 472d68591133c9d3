"""The map is published through its route while reports come in: none fails, and each is routed by one version, soon by
the newest."""

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import shapely
from sqlalchemy import select

from service.db import session
from service.gis.drafting import write_draft
from service.gis.index import index_of
from service.gis.models import Feature, Layer, LayerVersion
from service.municipalities.directory import Municipality
from service.reports.models import Report, RoutingRule
from service.reports.routers import rule_of
from service.reports.routing import Router
from tests.factories.municipalities import imported
from tests.factories.people import Person, make_staff
from tests.races.at_once import call, send

pytestmark = pytest.mark.slow

PUBLICATIONS = 12
PATIENCE = 2.0
"""Seconds after which every process knows a published version."""


@dataclass
class Published:
    """A version whose commit is known to be over at this moment of the monotonic clock."""

    number: int
    at: float


@dataclass
class Asked:
    """A report and when its sending began."""

    uid: uuid.UUID
    began: float


def stripes(number: int) -> list[tuple[str, dict[str, Any], Any]]:
    """The municipality in three stripes, elsewhere in each version; the features are named after the version."""
    cut = 21.71 + 0.006 * number
    return [
        (f"v{number}-west", {"name": "West"}, shapely.box(21.7, 40.2, cut, 40.3)),
        (f"v{number}-east", {"name": "East"}, shapely.box(cut, 40.2, cut + 0.01, 40.3)),
    ]


def publish_again_and_again(urls: Sequence[str], here: Municipality, kate: Person) -> list[Published]:
    """New versions of the lighting area, a third of a second apart, and the time in which the last becomes known."""
    published = []
    for number in range(2, PUBLICATIONS + 2):
        assert write_draft(here, "lighting", imported(*stripes(number))) == number
        body = {"version": number, "reason": "The stripes have moved"}
        answer = call(urls[number % 2], "POST", "/staff/layers/lighting/publications", kate, json=body)
        assert (answer.status_code, answer.json()["in_force"]) == (200, True), answer.text
        published.append(Published(number, time.monotonic()))
        time.sleep(0.3)
    time.sleep(PATIENCE + 0.5)
    return published


def keep_sending(url: str, who: Person, seed: int, done: threading.Event) -> list[Asked]:
    """Reports from places along the municipality until it is enough."""
    sent: list[Asked] = []
    while not done.is_set():
        began = time.monotonic()
        longitude = 21.701 + (seed * 37 + len(sent) * 13) % 97 * 0.001
        answer = send(url, who, longitude=longitude)
        assert answer.status_code == 201, answer.text
        sent.append(Asked(uuid.UUID(answer.json()["id"]), began))
    return sent


def test_each_report_is_routed_by_a_published_version_and_soon_by_the_newest(
    two_urls: list[str], here: Municipality, alice: Person
) -> None:
    done, kate = threading.Event(), make_staff(here, "kate", [("map_keeper", None)])
    with ThreadPoolExecutor(4) as pool:
        senders = [pool.submit(keep_sending, two_urls[n % 2], alice, n, done) for n in range(4)]
        try:
            published = publish_again_and_again(two_urls, here, kate)
        finally:
            done.set()
        sent = [asked for sender in senders for asked in sender.result()]
    session.rollback()
    reports = {report.uid: report for report in session.scalars(select(Report))}
    assert len(sent) == len(reports) > PUBLICATIONS
    check_decisions(here, list(reports.values()))
    late = [asked for asked in sent if lag(reports[asked.uid], asked, published)]
    assert not late, [lag(reports[asked.uid], asked, published) for asked in late]
    assert {version_of(report) for report in reports.values()} >= {None, PUBLICATIONS + 1}


def version_of(report: Report) -> int | None:
    """The version of the layer that decided, None where the fallback desk got it."""
    version: int | None = report.routing.get("version")
    return version


def lag(report: Report, asked: Asked, published: Sequence[Published]) -> str | None:
    """In words, that a version decided which had been replaced more than `PATIENCE` before."""
    known = [version.number for version in published if version.at + PATIENCE < asked.began]
    decided = version_of(report)
    if decided is not None and known and decided < max(known):
        return f"version {decided} decided when {max(known)} had long been published"
    return None


def check_decisions(here: Municipality, reports: Sequence[Report]) -> None:
    """What each explanation says is what its version decides when asked again; the desk got what no version holds."""
    routers = {version.number: router_of_version(here, layer, version) for layer, version in lighting(here)}
    for report in reports:
        place = report.longitude, report.latitude
        version = version_of(report)
        if version is None:
            assert any(router.route("dark-lamp", "street", *place).layer is None for router in routers.values())
            continue
        decision = routers[version].route("dark-lamp", "street", *place)
        assert Router.explain(decision) == report.routing


def lighting(here: Municipality) -> list[tuple[Layer, LayerVersion]]:
    rows = session.execute(
        select(Layer, LayerVersion)
        .join(LayerVersion, LayerVersion.layer_id == Layer.id)
        .where(Layer.municipality_id == here.id, Layer.key == "lighting")
    )
    return [(layer, version) for layer, version in rows]


def router_of_version(here: Municipality, layer: Layer, version: LayerVersion) -> Router:
    """The routing of here as it was with this version."""
    rows = session.execute(
        select(Feature.key, Feature.attributes, Feature.geometry).where(Feature.version_id == version.id)
    )
    features = [(key, attributes, shapely.from_wkb(wkb(element.data))) for key, attributes, element in rows]
    rules = [rule_of(row) for row in session.scalars(select(RoutingRule).filter_by(municipality_id=here.id))]
    return Router(rules, {layer.key: index_of(layer, version, features)}, "desk", tuple(here.departments))


def wkb(data: Any) -> str | bytes:
    return data if isinstance(data, str) else bytes(data)
