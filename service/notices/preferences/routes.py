"""What a person wants to be told, over HTTP."""

from typing import Any

from flask import Response, current_app

from service.config import Settings
from service.db import transaction
from service.errors import NotFound
from service.fetching.addresses import AddressRefused, Allowed
from service.gis.locating import OutsideMunicipality
from service.http import (
    Blueprint,
    FieldsNotValid,
    answer,
    etag_of,
    language,
    largest_body,
    nothing,
    operation,
    wants_a_page,
)
from service.municipalities.directory import Municipality
from service.notices.preferences.cells import centre_of
from service.notices.preferences.keeping import (
    SWITCHES,
    NoSuchDistrict,
    check_places,
    digest_of,
    end_digests,
    keep,
    places_of,
    preferences_of,
)
from service.notices.preferences.schemas import (
    PreferencesIn,
    PreferencesOut,
    UnsubscribeIn,
    UnsubscribeOut,
    WebPushIn,
    WebPushKeyOut,
)
from service.notices.preferences.unsubscribe_pages import unsubscribe_page
from service.notices.preferences.unsubscribing import whose
from service.outbox.channels.web_push import SUBSCRIPTION, ensure_push_service, is_subscription, public_key, value_of
from service.pages import FORM_POLICY
from service.people.access import anybody, caller, signed_in
from service.people.limits import unsubscribing_limit
from service.people.registering import DeviceNeeded, set_push_target

blueprint = Blueprint(
    "preferences", __name__, url_prefix="/<municipality>", description="What people want to be told, and how"
)

SMALL = 16 * 1024
KEPT_NOWHERE = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}


@blueprint.get("/me/notices")
@signed_in
@blueprint.response(200, PreferencesOut)
@blueprint.alt_response(304, description="Nothing has changed.")
@operation("showPreferences")
def show(municipality: Municipality) -> Response:
    """Show what this person wants to be told, by which channel and when"""
    content = shown(caller().account_id)
    return answer(content, etag=etag_of(content))


@blueprint.put("/me/notices")
@signed_in
@blueprint.arguments(PreferencesIn)
@blueprint.response(200, PreferencesOut)
@operation("setPreferences", NoSuchDistrict, OutsideMunicipality)
def put(body: dict[str, Any], municipality: Municipality) -> Response:
    """Choose what one is told, by which channel and when

    Places are kept coarse: a district, or a square of half a kilometre. Emergencies come by push at any hour, whatever
    is chosen here.
    """
    account_id = caller().account_id
    check_places(municipality, body["home"], body["circles"])
    quiet = body["quiet"] and (minutes(body["quiet"]["start"]), minutes(body["quiet"]["end"]))
    with transaction():
        keep(municipality, account_id, body | {"quiet": quiet})
    return answer(shown(account_id))


@blueprint.get("/web-push-key")
@anybody
@blueprint.response(200, WebPushKeyOut)
@operation("showWebPushKey")
def key(municipality: Municipality) -> Response:
    """Show the key with which a browser subscribes"""
    settings: Settings = current_app.config["PLATEIA"]
    return answer({"key": public_key(settings.vapid_key) if settings.vapid_key else None})


@blueprint.put("/me/web-push")
@signed_in
@blueprint.arguments(WebPushIn)
@blueprint.response(204)
@operation("setWebPush", DeviceNeeded, AddressRefused)
def subscribe(body: dict[str, Any], municipality: Municipality) -> Response:
    """Say how this browser is told

    The browser has registered before, as a device with the platform `web`. What was waiting for its former
    subscription goes to the new one.
    """
    who, keys = caller(), body["keys"]
    settings: Settings = current_app.config["PLATEIA"]
    ensure_push_service(body["endpoint"], Allowed(settings.fetch_allowed))
    if not is_subscription(keys["p256dh"], keys["auth"]):
        raise FieldsNotValid(errors={"json": {"keys": ["are not those of a browser"]}})
    value = value_of(body["endpoint"], keys["p256dh"], keys["auth"])
    with transaction():
        set_push_target(municipality, who, SUBSCRIPTION, value, "web")
    return nothing()


@blueprint.get("/unsubscribe/<subscription>")
@anybody
@blueprint.response(200, UnsubscribeOut)
@operation("showSubscription", NotFound)
def subscribed(municipality: Municipality, subscription: str) -> Response:
    """Show whether digests come to who has the link of one

    Nothing changes. A browser, which asks for `text/html`, gets a page with one button that posts.
    """
    return standing(municipality, whose(municipality, subscription))


@blueprint.post("/unsubscribe/<subscription>")
@anybody
@unsubscribing_limit
@largest_body(SMALL)
@blueprint.arguments(UnsubscribeIn, location="parts")
@blueprint.response(200, UnsubscribeOut)
@operation("unsubscribe", NotFound)
def unsubscribe(body: dict[str, Any], municipality: Municipality, subscription: str) -> Response:
    """End the digests of who has the link of one, as mail programs do by one click (RFC 8058)

    The body may be `application/x-www-form-urlencoded` too. Done again it changes nothing.
    """
    account_id = whose(municipality, subscription)
    if account_id is not None:
        with transaction():
            end_digests(municipality, account_id)
    return standing(municipality, account_id)


def standing(municipality: Municipality, account_id: int | None) -> Response:
    """What holds of somebody's digests, as a page or as JSON. Raises NotFound where it is nobody and no browser."""
    digest = None if account_id is None else digest_of(account_id)
    if wants_a_page():
        page = unsubscribe_page(municipality, digest, language())
        headers = KEPT_NOWHERE | {"Content-Security-Policy": FORM_POLICY}
        status = 404 if digest is None else 200
        return Response(page, status, content_type="text/html; charset=utf-8", headers=headers)
    if digest is None:
        raise NotFound
    return answer({"digest": digest}, headers=KEPT_NOWHERE)


def minutes(clock: str) -> int:
    """The minute of the day."""
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def shown(account_id: int) -> dict[str, Any]:
    row = preferences_of(account_id)
    places = [place_out(place) | {"home": place.home} for place in places_of(account_id)]
    content: dict[str, Any] = {name: True if row is None else getattr(row, name) for name in SWITCHES}
    quiet = None if row is None or row.quiet_from is None else (row.quiet_from, row.quiet_until)
    return content | {
        "quiet": quiet and {"start": clock(quiet[0]), "end": clock(quiet[1])},
        "most_a_day": None if row is None else row.most_a_day,
        "digest": "never" if row is None else row.digest,
        "home": next((only(place, "district", "longitude", "latitude") for place in places if place["home"]), None),
        "circles": [only(place, "name", "longitude", "latitude", "metres") for place in places if not place["home"]],
    }


def place_out(place: Any) -> dict[str, Any]:
    longitude, latitude = (None, None) if place.cell is None else centre_of(place.cell)
    return {
        "name": place.name,
        "district": place.district,
        "longitude": longitude,
        "latitude": latitude,
        "metres": place.metres,
    }


def only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}
