"""Push messages through Firebase Cloud Messaging, by Google's own client (firebase-admin).

The client is used as it is, with three settings that its public functions do not offer, made through the seam that
its own tests use (the `requests` session of its messaging service):

- its retries are off: it would send a message whose answer was lost a second time without telling anybody, and would
  sleep through a Retry-After in the sending thread. Only the outbox repeats.
- it does not look at the environment's proxies for every message, which is a fifth of its time, but once.
- with a loopback base URL, all that would go to Google goes to the stand-in on this machine.

One `send` per message in the outbox's own threads: the client's batch calls hide which messages were accepted.
"""

import email.utils
import functools
import itertools
import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import firebase_admin
import google.auth.exceptions
import google.auth.transport.requests
import requests
import requests.adapters
import requests.utils
import structlog
import urllib3.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import TokenState

from service.config import Settings, SettingsRefused, is_loopback
from service.outbox import budget
from service.outbox.budget import BYTE_BUDGET
from service.outbox.channels import Message
from service.outbox.outcomes import BackOff, Outcome, Result

log = structlog.get_logger()

FCM = "https://fcm.googleapis.com"
TIMEOUT = 15.0
LOOPBACK_TIMEOUT = 5.0
LONGEST_LIFE = 28 * 24 * 3600
QUOTA_PAUSE = 60.0
LONGEST_WAIT = 24 * 3600.0

FAULTS = (exceptions.FirebaseError, google.auth.exceptions.GoogleAuthError, requests.RequestException, KeyError)

ANSWERS: tuple[tuple[type[Exception], Outcome], ...] = (
    (messaging.UnregisteredError, Outcome.DEAD_TARGET),
    (messaging.QuotaExceededError, Outcome.CHANNEL_PAUSE),
    (exceptions.ResourceExhaustedError, Outcome.CHANNEL_PAUSE),
    (messaging.ThirdPartyAuthError, Outcome.RETRY),
    (exceptions.UnauthenticatedError, Outcome.CONFIGURATION),
    (exceptions.PermissionDeniedError, Outcome.CONFIGURATION),
    (exceptions.NotFoundError, Outcome.CONFIGURATION),
    (exceptions.UnavailableError, Outcome.RETRY),
    (exceptions.InternalError, Outcome.RETRY),
)
"""What an answer of FCM means, the first that fits; anything else is an unknown outcome."""


class Push:
    """FCM for one service account."""

    name = "push"
    numbers = itertools.count()

    def __init__(
        self,
        certificate: Mapping[str, Any] | str,
        threads: int,
        loopback: str | None = None,
        per_minute: int | None = None,
    ) -> None:
        """`certificate`: a service account's key, or the path of its JSON file. `loopback`: the stand-in's base URL.
        `per_minute`: how many messages this process may send; None: as fast as it can.
        """
        if os.environ.get("FIREBASE_AUTH_EMULATOR_HOST"):
            raise SettingsRefused("FIREBASE_AUTH_EMULATOR_HOST switches the checking of signatures off: unset it.")
        timeout = LOOPBACK_TIMEOUT if loopback else TIMEOUT
        self.threads, self.per_minute = threads, per_minute
        self.longest = timeout * (2 if loopback else 3)  # to connect, to send, and to ask whom to blame
        self.back_off = BackOff(first=0.2, cap=5) if loopback else BackOff()
        credential = credentials.Certificate(dict(certificate) if isinstance(certificate, Mapping) else certificate)
        name = f"plateia-{next(self.numbers)}"
        self.app = firebase_admin.initialize_app(credential, {"httpTimeout": timeout}, name=name)
        self.credential = credential.get_credential()
        self.session = messaging._get_messaging_service(self.app)._client.session
        self.refresh_request = functools.partial(self.session._auth_request, timeout=timeout)
        self.accepted_any = False
        mount(self.session, threads, loopback)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Push":
        """With the service account of PLATEIA_FCM_CREDENTIALS, or a key made on the spot for the stand-in."""
        if settings.fcm_base_url:
            key = made_up_service_account(settings.fcm_base_url)
            return cls(key, settings.send_threads, settings.fcm_base_url, settings.push_per_minute)
        if not settings.fcm_credentials:
            raise SettingsRefused("PLATEIA_FCM_CREDENTIALS names no service account")
        return cls(settings.fcm_credentials, settings.send_threads, per_minute=settings.push_per_minute)

    def prepare(self) -> Result | None:
        """Fetch the access token once, here, and not in every sending thread."""
        try:
            if self.credential.token_state is not TokenState.FRESH:
                self.credential.refresh(self.refresh_request)
            return None
        except google.auth.exceptions.GoogleAuthError as error:
            return nothing_was_sent(error)

    def send(self, message: Message) -> Result:
        """Hand one message to FCM."""
        try:
            encoded = encode(message)
            if size(encoded) > BYTE_BUDGET:
                return Result(Outcome.BAD_MESSAGE, error=f"too long: {size(encoded)} bytes, {BYTE_BUDGET} may be sent")
            message_id = messaging.send(encoded, app=self.app)
        except ValueError as error:
            return Result(Outcome.BAD_MESSAGE, error=described(error))
        except exceptions.InvalidArgumentError as error:
            return self.blame(message, error)
        except messaging.SenderIdMismatchError as error:
            return self.mismatch(error)
        except FAULTS as error:
            return judged(error)
        self.accepted_any = True
        return Result(Outcome.SENT, message_id=message_id)

    def blame(self, message: Message, error: exceptions.FirebaseError) -> Result:
        """FCM refused an argument: the target is to blame only if it refuses the smallest message for it too.

        A bad text must never retire thousands of phones.
        """
        try:
            messaging.send(addressed(messaging.Message(data={"probe": "1"}), message), dry_run=True, app=self.app)
        except exceptions.InvalidArgumentError:
            return Result(Outcome.DEAD_TARGET, error=described(error))
        except FAULTS:
            return Result(Outcome.RETRY, error=described(error))
        return Result(Outcome.BAD_MESSAGE, error=f"message refused: {described(error)}")

    def mismatch(self, error: exceptions.FirebaseError) -> Result:
        """The target belongs to another project; while nothing was ever accepted, perhaps our credentials do.

        Then it is tried again, and nobody else waits for it: anybody can register the token of another project.
        """
        if self.accepted_any:
            return Result(Outcome.DEAD_TARGET, error=described(error))
        log.error("push_refused", reason="sender id mismatch")
        return Result(Outcome.RETRY, error=described(error))

    def close(self) -> None:
        """Forget the app and close its connections."""
        self.session.close()
        firebase_admin.delete_app(self.app)


class ToLoopback(requests.adapters.HTTPAdapter):
    """Sends what is meant for Google to a server on this machine."""

    def __init__(self, base: str, **options: Any) -> None:
        self.base = urlsplit(base)
        super().__init__(**options)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        request.url = urlunsplit((self.base.scheme, self.base.netloc, url.path, url.query, ""))
        return super().send(request, *args, **options)


def mount(session: Any, threads: int, loopback: str | None) -> None:
    """Switch the client's retries and its look at the environment off; keep a connection for every thread."""
    options: dict[str, Any] = {"pool_connections": 1, "pool_maxsize": threads, "max_retries": 0}
    session.trust_env = False
    if loopback is None:
        session.proxies = requests.utils.get_environ_proxies(FCM)
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        session.mount(FCM, requests.adapters.HTTPAdapter(**options))
        return
    if not is_loopback(urlsplit(loopback).hostname or ""):
        raise SettingsRefused("the stand-in of FCM is only ever on a loopback address")
    session.mount(FCM, ToLoopback(loopback, **options))
    session._auth_request.session.trust_env = False
    session._auth_request.session.mount("https://", ToLoopback(loopback, max_retries=0))


def made_up_service_account(base: str) -> dict[str, str]:
    """A service account of nobody, with a key made now, whose tokens come from the stand-in at `base`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "type": "service_account",
        "project_id": "loopback",
        "private_key_id": "made-up",
        "private_key": pem.decode(),
        "client_email": "push@loopback.invalid",
        "client_id": "1",
        "token_uri": f"{base}/token",
    }


def encode(message: Message) -> messaging.Message:
    """What the phone gets: the text, its display tag on both platforms, and what lets the app drop a repeat."""
    content = message.content
    urgent = bool(content.get("urgent"))
    seconds = min(LONGEST_LIFE, max(0, int(message.expires_at.timestamp() - time.time())))
    data = dict(content.get("data", {})) | {
        "event": message.event,
        "kind": message.kind,
        "subject": message.subject,
        "version": str(message.version),
    }
    return addressed(
        messaging.Message(
            data=data,
            notification=messaging.Notification(title=content.get("title"), body=content.get("body")),
            android=messaging.AndroidConfig(
                collapse_key=content.get("collapse"),
                priority="high" if urgent else "normal",
                ttl=seconds,
                notification=messaging.AndroidNotification(tag=message.tag),
            ),
            apns=messaging.APNSConfig(
                headers={
                    "apns-collapse-id": message.tag,
                    "apns-expiration": str(int(time.time()) + seconds),
                    "apns-priority": "10" if urgent else "5",
                }
            ),
        ),
        message,
    )


def addressed(encoded: messaging.Message, message: Message) -> messaging.Message:
    """The same message with its target. The attribute is set, because the constructor warns of tokens each time."""
    setattr(encoded, message.target_kind, message.target)
    return encoded


def size(encoded: messaging.Message) -> int:
    """The bytes that count against FCM's budget: the text and the data, in UTF-8."""
    return budget.size(encoded.notification.title, encoded.notification.body, encoded.data)


def judged(error: Exception) -> Result:
    """What a failed call means."""
    if never_left(error):
        return nothing_was_sent(error)
    if isinstance(error, messaging.ThirdPartyAuthError):  # the key for Apple's or a browser's pushes, not ours for FCM
        log.error("push_refused", reason="third party auth")
    response = getattr(error, "http_response", None)
    if response is None:
        return Result(Outcome.UNCERTAIN, error=described(error))
    outcome = next((outcome for kind, outcome in ANSWERS if isinstance(error, kind)), Outcome.UNCERTAIN)
    asked = seconds_asked(response.headers.get("Retry-After"))
    if outcome is Outcome.CHANNEL_PAUSE and asked is None:
        asked = QUOTA_PAUSE
    return Result(outcome, error=described(error), retry_after=asked)


def never_left(error: Exception) -> bool:
    """Whether it is certain that FCM did not get the message: no connection, or no access token."""
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        return True
    cause = getattr(error, "cause", None)
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)):
        return True
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def nothing_was_sent(error: Exception) -> Result:
    """Nobody answers: let the channel rest; or our key is refused: tell a person."""
    refused = isinstance(error, google.auth.exceptions.RefreshError) and not error.retryable
    return Result(Outcome.CONFIGURATION if refused else Outcome.CHANNEL_PAUSE, error=described(error))


def seconds_asked(header: str | None) -> float | None:
    """Retry-After in seconds, a day at most; it may be a number or a date. None where there is none to be read."""
    if not header:
        return None
    try:
        asked = float(header) if header.strip().isdecimal() else seconds_until(header)
    except (ValueError, OverflowError):
        return None
    return min(LONGEST_WAIT, max(0.0, asked))


def seconds_until(date: str) -> float:
    """From now to a date of HTTP. Raises ValueError, OverflowError."""
    moment: datetime = email.utils.parsedate_to_datetime(date)
    return moment.timestamp() - time.time()


def described(error: Exception) -> str:
    """One line for the delivery's row."""
    return f"{type(error).__name__}: {error}"[:500]
