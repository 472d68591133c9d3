"""Firebase Authentication: Google's own client (firebase-admin) checks the ID token that the app sends.

It checks signature, issuer and audience of this project only, and asks Google whether the person was signed out or
disabled meanwhile. With an address among `endpoints` called `loopback`, all of that goes to a stand-in on this machine.
"""

import itertools
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import firebase_admin
import google.auth.exceptions
import requests
import requests.adapters
from firebase_admin import auth, credentials, exceptions

from service.db import stop_reading
from service.people.identity.fetching import ALL_SECONDS, away, is_address
from service.people.identity.providers import GOOGLE, Provider
from service.people.identity.proving import Proof, not_proven, proof_of

SKEW_SECONDS = 10
MOST = 50

_lock = threading.Lock()
_clients: OrderedDict[tuple[str, str], Any] = OrderedDict()
_numbers = itertools.count()

REFUSALS = (auth.InvalidIdTokenError, auth.UserDisabledError, auth.UserNotFoundError)
FAULTS = (exceptions.FirebaseError, google.auth.exceptions.GoogleAuthError, requests.RequestException)


def check_firebase(provider: Provider, id_token: str, allowed: Sequence[str]) -> Proof:
    """What Firebase says about who holds the ID token. Raises NotProven, ProviderAway."""
    google = client_of(provider, allowed)
    stop_reading()
    try:
        claims = google.verify_id_token(id_token, check_revoked=True, clock_skew_seconds=SKEW_SECONDS)
    except (*REFUSALS, ValueError) as error:
        raise not_proven(type(error).__name__) from None
    except FAULTS as error:
        raise away("https://identitytoolkit.googleapis.com", type(error).__name__) from None
    told = claims.get("firebase") or {}
    if told.get("sign_in_provider") in (None, "anonymous") or told.get("tenant"):
        raise not_proven("nobody, or of a tenant of its own")
    return proof_of(provider, claims)


def client_of(provider: Provider, allowed: Sequence[str]) -> Any:
    """Google's client for this project and key; the fifty used last are kept, with the certificates they fetched."""
    key = (provider.client_id, provider.sealed_secret or "")
    with _lock:
        if key not in _clients:
            _clients[key] = new_client(provider, allowed)
        _clients.move_to_end(key)
        if len(_clients) > MOST:
            _clients.popitem(last=False)
        return _clients[key]


def new_client(provider: Provider, allowed: Sequence[str]) -> Any:
    certificate = credentials.Certificate(json.loads(provider.secret or "") | {"token_uri": GOOGLE})
    options = {"projectId": provider.client_id, "httpTimeout": ALL_SECONDS}
    app = firebase_admin.App(f"sign-in-{next(_numbers)}", certificate, options)
    made = auth.Client(app)
    stand_in = provider.endpoints.get("loopback")
    adapter = requests.adapters.HTTPAdapter(max_retries=0)
    if stand_in and urlsplit(stand_in).scheme == "http" and is_address(stand_in, allowed):
        adapter = ToStandIn(stand_in)
    asking = made._user_manager.http_client.session
    for web in (made._token_verifier.request.session, asking, asking._auth_request.session):
        web.mount("https://", adapter)
    return made


class ToStandIn(requests.adapters.HTTPAdapter):
    """Sends to the stand-in what would go to Google."""

    def __init__(self, base: str) -> None:
        super().__init__(max_retries=0)
        self.base = urlsplit(base)

    def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
        """The same request, to the stand-in."""
        parts = urlsplit(request.url or "")
        request.url = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        return super().send(request, *given, **options)
