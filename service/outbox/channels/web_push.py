"""Messages to browsers: Web Push (RFC 8030), encrypted for the browser alone (RFC 8291), with our signature (RFC 8292).

The address to which a message goes was given by a browser, and so by anybody: it is asked through `fetching`, which
goes nowhere inside our own network, follows no redirect, and gives up in time. It begins with https, but for hosts that
the operator allows; who answers too slowly again and again is not asked any more.

its answer          the outcome
2xx                 sent
404, 410            dead target: the browser wants no more, or is gone
400, 413            bad message
401, 403            retry: our signature is refused, which a corrected key or clock of ours mends
429, 503            retry, after as long as it says, and until then nobody asks it for any other browser either
other 5xx, 3xx      retry
nobody answers      retry, or uncertain where the line broke after the message had gone; too slow so often: dead target

A push service that fails or is too slow three times in a row rests too, longer each time: a few of its browsers would
hold all of our threads. Each speaks for itself alone, and the others go on.
"""

import base64
import json
import os
from collections.abc import Mapping
from hashlib import blake2b
from io import BytesIO
from ipaddress import ip_address
from typing import Any

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from service.config import Settings, SettingsRefused
from service.db.clock import now
from service.fetching.addresses import AddressRefused, Allowed, ensure_askable, host_in, origin_of, read_url
from service.fetching.fetching import Bounds, Fetcher, FetchFailed
from service.outbox.channels import Message
from service.outbox.channels.resting import Resting
from service.outbox.outcomes import BackOff, Outcome, Result

SUBSCRIPTION = "subscription"
BOUNDS = Bounds(bytes=16 * 1024, seconds=15.0, connect_seconds=5.0, redirects=0)
SIGNATURE_LASTS = 12 * 3600
LONGEST_LIFE = 28 * 24 * 3600
MOST_BYTES = 3900
"""Of what is encrypted: push services take 4,096 bytes of it, and the encryption's own part is among them."""
LONGEST_WAIT = 3600.0
MOST_SLOW = 10
"""Attempts of one message, with the growing pauses between them: more than an hour."""
DEAD, BAD = (404, 410), (400, 413)
TOO_SLOW = "web: too_slow"
NEVER_LEFT = ("host", "unreachable", "tls")
AILING = {TOO_SLOW, "web: unreachable", *(f"web: {status}" for status in (429, *range(500, 600)))}
"""What says something of a push service as a whole, and not of one browser."""


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ensure_push_service(endpoint: str, allowed: Allowed) -> None:
    """Refuse an address without https, but for a host that the operator allows, or inside. Raises AddressRefused."""
    parts = read_url(endpoint)
    if parts.scheme != "https" and not is_named(host_in(parts), allowed):
        raise AddressRefused(reason="scheme")
    ensure_askable(endpoint, allowed)


def is_named(host: str, allowed: Allowed) -> bool:
    """Whether the operator allows this host by its name, or the network of this address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host in allowed.hosts
    return host in allowed.hosts or any(address in network for network in allowed.networks)


def value_of(endpoint: str, p256dh: str, auth: str) -> str:
    """What a target keeps of a browser's subscription, always the same for the same one."""
    return json.dumps({"auth": auth, "endpoint": endpoint, "p256dh": p256dh}, sort_keys=True)


def is_subscription(p256dh: str, auth: str) -> bool:
    """Whether these are the keys of a browser: a point of the curve P-256, and sixteen bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(p256dh))
        return len(decoded(auth)) == 16
    except ValueError:
        return False


def new_key() -> str:
    """A private key as `read_key` takes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return unpadded(key.private_numbers().private_value.to_bytes(32))


def read_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The private key of PLATEIA_VAPID_KEY: 32 bytes in URL-safe base64. Raises SettingsRefused."""
    try:
        raw = decoded(text)
        if len(raw) != 32:
            raise ValueError
        return ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1())
    except ValueError:
        raise SettingsRefused(
            "PLATEIA_VAPID_KEY is 32 bytes in URL-safe base64, as `plateia web-push-key` makes."
        ) from None


def public_key(text: str) -> str:
    """What a browser subscribes with (`applicationServerKey`), for this private key."""
    encoded = (
        read_key(text)
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return unpadded(encoded)


class WebPush:
    """The push services of browsers, with one key of ours."""

    name = "web"
    longest = BOUNDS.seconds
    per_minute: int | None = None

    def __init__(
        self, key: str, contact: str, fetcher: Fetcher, threads: int = 8, back_off: BackOff | None = None
    ) -> None:
        """`key` as `read_key` takes it; `contact`: `mailto:` or `https:`, where a push service finds us."""
        if not contact.startswith(("mailto:", "https://")):
            raise SettingsRefused("PLATEIA_VAPID_CONTACT is mailto:… or https://…: push services ask who we are.")
        self.public = public_key(key)
        self.pem = read_key(key).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.contact, self.fetcher, self.threads = contact, fetcher, threads
        self.back_off = back_off or BackOff()
        self.resting = Resting(self.back_off)

    @classmethod
    def from_settings(cls, settings: Settings) -> "WebPush":
        """With the key of PLATEIA_VAPID_KEY."""
        return cls(settings.vapid_key or "", settings.vapid_contact, Fetcher(settings.fetch_allowed))

    def prepare(self) -> Result | None:
        """There is nothing to fetch beforehand."""
        return None

    def send(self, message: Message) -> Result:
        """Hand one message to the browser's push service."""
        try:
            subscription: Mapping[str, str] = json.loads(message.target)
            content = plain(message)
            if len(content) > MOST_BYTES:
                return Result(Outcome.BAD_MESSAGE, error=f"too long: {len(content)} bytes, {MOST_BYTES} may be sent")
            ensure_push_service(subscription["endpoint"], self.fetcher.allowed)
            if rest := self.resting.left(origin_of(subscription["endpoint"])):
                return Result(Outcome.PUT_OFF, error="web: resting", retry_after=rest)
            body = encrypted(content, subscription)
            headers = self.headers(message, subscription["endpoint"])
        except (ValueError, KeyError, TypeError, AddressRefused, http_ece.ECEException):
            return Result(Outcome.DEAD_TARGET, error="web: refused")
        result = self.post(subscription["endpoint"], body, headers)
        self.note(origin_of(subscription["endpoint"]), result)
        if result.error == TOO_SLOW and message.uncertain + 1 >= MOST_SLOW:
            return Result(Outcome.DEAD_TARGET, error=TOO_SLOW)
        return result

    def note(self, origin: str, result: Result) -> None:
        """Remember how this push service answers."""
        if result.error in AILING:
            self.resting.failed(origin, result.retry_after)
        else:
            self.resting.answered(origin)

    def post(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> Result:
        """Send it, and say what the answer means."""
        try:
            answer = self.fetcher.post(endpoint, body, BytesIO(), BOUNDS, headers)
        except AddressRefused:
            return Result(Outcome.DEAD_TARGET, error="web: refused")
        except FetchFailed as failed:
            reason = str(failed.details["reason"])
            outcome = Outcome.RETRY if reason in NEVER_LEFT else Outcome.UNCERTAIN
            return Result(outcome, error=f"web: {reason}")
        return judged(answer.status, answer.headers)

    def headers(self, message: Message, endpoint: str) -> dict[str, str]:
        """What the push service reads: how long, how urgent, what replaces what, and who we are."""
        seconds = int((message.expires_at - now()).total_seconds())
        return {
            "TTL": str(min(LONGEST_LIFE, max(0, seconds))),
            "Urgency": "high" if message.content.get("urgent") else "normal",
            "Topic": topic_of(message.tag),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": f"vapid t={self.signature(endpoint)}, k={self.public}",
        }

    def signature(self, endpoint: str) -> str:
        """Our signature for this push service alone, good for half a day."""
        claims = {
            "aud": audience(endpoint),
            "exp": int(now().timestamp()) + SIGNATURE_LASTS,
            "sub": self.contact,
        }
        return jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(self.pem))

    def close(self) -> None:
        """No connection is kept."""


def audience(endpoint: str) -> str:
    """Scheme and host of the push service, and its port where it is not the usual one. Raises AddressRefused."""
    origin = origin_of(endpoint)
    usual = {"https": ":443", "http": ":80"}[origin.partition(":")[0]]
    return origin.removesuffix(usual)


def topic_of(tag: str) -> str:
    """The name under which a later message replaces one that still waits: 32 characters at most (RFC 8030)."""
    return unpadded(blake2b(tag.encode(), digest_size=24).digest())


def plain(message: Message) -> bytes:
    """What the browser's worker reads, once it has opened it: the text, its tag, and what lets it drop a repeat."""
    content = message.content
    about = {"event": message.event, "kind": message.kind, "subject": message.subject, "version": str(message.version)}
    said: dict[str, Any] = {
        "title": content.get("title"),
        "body": content.get("body"),
        "tag": message.tag,
        "data": dict(content.get("data", {})) | about,
    }
    return json.dumps(said, ensure_ascii=False).encode()


def encrypted(content: bytes, subscription: Mapping[str, str]) -> bytes:
    """The content for this browser alone. Raises ValueError, KeyError, ECEException."""
    done: bytes = http_ece.encrypt(
        content,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(subscription["p256dh"]),
        auth_secret=decoded(subscription["auth"]),
        version="aes128gcm",
    )
    return done


def judged(status: int, headers: Mapping[str, str]) -> Result:
    """What the push service's answer means. Its words are not kept."""
    said = f"web: {status}"
    if 200 <= status < 300:
        return Result(Outcome.SENT, message_id=(headers.get("location") or "")[-200:] or None)
    if status in DEAD:
        return Result(Outcome.DEAD_TARGET, error=said)
    if status in BAD:
        return Result(Outcome.BAD_MESSAGE, error=said)
    asked = headers.get("retry-after", "")
    wait = min(LONGEST_WAIT, float(asked)) if asked.isdecimal() else None
    return Result(Outcome.RETRY, error=said, retry_after=wait)
